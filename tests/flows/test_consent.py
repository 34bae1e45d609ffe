"""Protection and consent: one open request, of what it was asked for, and acts that belong to their site."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from powertill.apps.audit import flows as audit
from powertill.apps.audit import queries
from powertill.apps.audit.models import Approval, LogEntry
from powertill.apps.sites.models import Site, SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.core.errors import Refusal
from tests.flows.cast import START, Cast, build

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    made = build()
    made.open("A")
    protect(made)
    return made


def protect(cast: Cast, reason="oxygen", **more) -> None:
    point = cast.points["A"].pk
    supply.protect(supply_point_id=point, reason=reason, actor=cast.users["engineer"], now=START, **more)


def ask(cast: Cast, *, at=START, **more) -> int:
    point, maker = cast.points["A"].pk, cast.users["engineer"]
    return supply.request_unprotect(supply_point_id=point, reason="moved out", maker=maker, now=at, **more)


def consent(cast: Cast, approval: int, *, at=START) -> None:
    supply.unprotect(approval_id=approval, checker=cast.users["manager"], now=at)


def is_protected(cast: Cast) -> bool:
    return SupplyPoint.objects.get(pk=cast.points["A"].pk).protected


def test_asking_twice_leaves_one_request(cast):
    first = ask(cast, op_id="ask-00000001")
    assert ask(cast, op_id="ask-00000001") == first
    with pytest.raises(Refusal, match=r"approval\.open"):
        ask(cast, op_id="ask-00000002")
    assert Approval.objects.count() == 1


def test_one_that_is_too_old_gives_way_to_a_new_one(cast):
    old = ask(cast)
    new = ask(cast, at=START + timedelta(days=3))
    assert list(queries.open_approvals(cast.site).values_list("pk", flat=True)) == [new]
    with pytest.raises(Refusal, match=r"approval\.gone"):
        consent(cast, old, at=START + HOUR)


def test_protecting_again_ends_the_request_and_nothing_else(cast):
    asked = ask(cast)
    protect(cast, reason="dialysis")
    with pytest.raises(Refusal, match=r"approval\.gone"):
        consent(cast, asked)
    assert is_protected(cast)
    assert SupplyPoint.objects.get(pk=cast.points["A"].pk).protected_reason == "oxygen"
    acts = LogEntry.objects.filter(act="supply.protected").count()
    protect(cast)
    assert LogEntry.objects.filter(act="supply.protected").count() == acts


def test_consent_is_to_the_protection_that_was_asked_about(cast):
    asked = ask(cast)
    SupplyPoint.objects.update(protected_reason="dialysis")
    with pytest.raises(Refusal, match=r"approval\.gone"):
        consent(cast, asked)
    assert is_protected(cast)


def test_consent_lifts_it_once(cast):
    asked = ask(cast)
    consent(cast, asked)
    assert not is_protected(cast)
    protect(cast)
    with pytest.raises(Refusal, match=r"approval\.gone"):
        consent(cast, asked)


def test_protection_is_ordered_once_per_operation(cast):
    consent(cast, ask(cast))
    protect(cast, op_id="protect-0001")
    consent(cast, ask(cast))
    protect(cast, op_id="protect-0001")  # sent twice by a form
    assert not is_protected(cast)


def test_the_database_refuses_a_second_open_request(cast):
    asked = {"kind": "x", "subject": "s", "payload": {}, "payload_hash": "", "reason": "r", "made_at": START}
    for site in (cast.site, None):
        row = {**asked, "maker": cast.users["engineer"], "expires_at": START + HOUR, "site": site}
        Approval.objects.create(**row)
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.create(**row)


def test_acts_and_requests_are_shown_at_their_site(cast):
    other = Site.objects.create(code="other", name="Other", zone="UTC", currency="CNY")
    ask(cast)
    audit.log(act="x", subject="s", actor=None, now=START, site=other)
    assert list(queries.acts(other).values_list("act", flat=True)) == ["x"]
    assert not queries.acts(cast.site).filter(act="x").exists()
    assert queries.open_approvals(cast.site).count() == 1
    assert not queries.open_approvals(other).exists()
    assert queries.acts().count() == LogEntry.objects.count()
    assert not queries.broken_links()


def test_every_act_of_a_person_names_its_site(cast):
    from tests.flows import test_roles

    manager = cast.users["manager"]
    for act in (test_roles.hold, test_roles.set_mode, test_roles.publish, test_roles.assign):
        if not cast.points["B"].occupancies.exists():
            cast.open("B")
        act(cast, manager)
    for act in (test_roles.unprotect, test_roles.settle_reading, test_roles.decide_delivery):
        act(cast, manager)
    assert not LogEntry.objects.filter(site=None, at__gte=START).exists()


def test_the_chain_covers_the_site(cast):
    row = LogEntry.objects.order_by("id").last()
    other = Site.objects.create(code="other", name="Other", zone="UTC", currency="CNY")
    assert audit.link_hash(row) == row.own_hash
    row.site = other
    assert audit.link_hash(row) != row.own_hash
