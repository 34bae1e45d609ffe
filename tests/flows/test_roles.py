"""Who may do what: every act of a person against every role, and another site's people against everything."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from powertill.apps.people.models import User
from powertill.apps.sales import delivering, quoting
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Delivery
from powertill.apps.sites import roles
from powertill.apps.sites.models import Membership, Site
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident, Supply
from powertill.apps.tariffs import flows as tariffs
from powertill.core.errors import Refusal
from tests.flows.cast import PLAN, START, Cast, build

pytestmark = pytest.mark.django_db
LATER = START + timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    made = build()
    made.open("B")
    return made


def open_account(cast: Cast, user: User) -> None:
    sales.open_account(
        op_id=cast.op(),
        supply_point_id=cast.points["A"].pk,
        customer_id=cast.customers["A"].pk,
        policy_id=cast.policy.pk,
        preset_minor=0,
        actor=user,
        now=START,
    )


def sell(cast: Cast, user: User) -> None:
    account = cast.points["B"].occupancies.get().account
    quote = quoting.make(account=account, amount_minor=1000, now=START).text
    request = {"account_id": account.pk, "amount_minor": 1000, "given_minor": 1000, "tender": "cash", "quote": quote}
    sales.sell(op_id=cast.op(), cashier=user, now=START, **request)


def reverse(cast: Cast, user: User) -> None:
    sale = cast.sell(cast.points["B"].occupancies.get().account, 1000)
    sales.reverse(op_id=cast.op(), sale_id=sale.pk, reason="x", actor=user, now=START)


def hold(cast: Cast, user: User) -> None:
    point = cast.points["B"].pk
    supply.hold(supply_point_id=point, relay="open", reason="x", actor=user, now=START, op_id=cast.op())


def protect(cast: Cast, user: User) -> None:
    supply.protect(supply_point_id=cast.points["B"].pk, reason="x", actor=user, now=START)


def request_unprotect(cast: Cast, user: User) -> None:
    protect(cast, cast.users["manager"])
    supply.request_unprotect(supply_point_id=cast.points["B"].pk, reason="x", maker=user, now=START)


def unprotect(cast: Cast, user: User) -> None:
    protect(cast, cast.users["manager"])
    second = User.objects.create(username="second")
    Membership.objects.create(user=second, site=cast.site, role="manager")
    asked = supply.request_unprotect(supply_point_id=cast.points["B"].pk, reason="x", maker=second, now=START)
    supply.unprotect(approval_id=asked, checker=user, now=START)


def set_mode(cast: Cast, user: User) -> None:
    supply.set_mode(site_id=cast.site.pk, mode="no_cut", reason="x", actor=user, now=START)


def publish(cast: Cast, user: User) -> None:
    version = tariffs.draft(site=cast.site, plan_terms=PLAN, from_at=LATER)
    tariffs.publish(version_id=version.pk, actor=user, now=START)


def assign(cast: Cast, user: User) -> None:
    point = cast.points["B"].pk
    tariffs.assign(supply_point_id=point, tariff_id=cast.tariff.pk, from_at=LATER, actor=user, now=START)


def settle_reading(cast: Cast, user: User) -> None:
    cast.read("B", 0, at=START)
    cast.read("B", 90_000, at=LATER)
    request = {"meter_id": cast.meters["B"].pk, "charge": False, "reason": "x", "now": LATER}
    supply.settle_reading(op_id=cast.op(), actor=user, **request)


def close_incident(cast: Cast, user: User) -> None:
    meter = cast.meters["B"]
    supply.open_incident(meter=meter, kind="meter.silent", subject=meter.number, now=START)
    supply.close_incident(incident_id=Incident.objects.get().pk, reason="x", actor=user, now=START)


def decide_delivery(cast: Cast, user: User) -> None:
    cast.sell(cast.points["B"].occupancies.get().account, 1000)
    Delivery.objects.update(state="person")
    request = {"delivery_id": Delivery.objects.get().pk, "moved": True, "reason": "x", "now": START}
    delivering.decide(op_id=cast.op(), actor=user, **request)


ACTS: dict[Callable[[Cast, User], None], set[str]] = {
    open_account: {"cashier", "manager"},
    sell: {"cashier", "manager"},
    reverse: {"manager"},
    hold: {"manager", "engineer"},
    protect: {"manager", "engineer"},
    request_unprotect: {"manager", "engineer"},
    unprotect: {"manager", "engineer"},
    set_mode: {"manager", "engineer"},
    publish: {"manager"},
    assign: {"manager"},
    settle_reading: {"manager", "engineer"},
    close_incident: {"manager", "engineer"},
    decide_delivery: {"manager", "engineer"},
}


@pytest.mark.parametrize("role", ["cashier", "manager", "engineer", "auditor", "left", "stranger"])
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_an_act_needs_its_role_at_this_site(cast: Cast, act: Callable[..., Any], role: str):
    user = person(cast, role)
    if role in ACTS[act]:
        act(cast, user)
        return
    with pytest.raises(Refusal, match=r"role\.forbidden"):
        act(cast, user)


def person(cast: Cast, role: str) -> User:
    if role in cast.users:
        return cast.users[role]
    user = User.objects.create(username=role, is_active=role != "left")
    site = cast.site if role == "left" else Site.objects.create(code="other", name="x", zone="UTC", currency="CNY")
    Membership.objects.create(user=user, site=site, role="manager")
    return user


def test_roles_at_a_site_add_up(cast):
    Membership.objects.create(user=cast.users["cashier"], site=cast.site, role="auditor")
    assert roles.actions(cast.users["cashier"], cast.site) == {roles.SEE, roles.SELL, roles.AUDIT}


def test_nothing_that_was_refused_left_a_trace(cast):
    before = Supply.objects.values().get()
    with pytest.raises(Refusal):
        hold(cast, cast.users["auditor"])
    assert Supply.objects.values().get() == before
