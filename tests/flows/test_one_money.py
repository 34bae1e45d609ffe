"""One answer to "how much is left": the rules, the pages and the messages; and readings that prove nothing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.models import Meter
from powertill.apps.notices.models import Message
from powertill.apps.supply import facts, queries
from powertill.core.supply import purse
from tests.flows.cast import START, Cast, build, seen
from tests.flows.stages import HOUR

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
amounts = st.integers(-(10**9), 10**9)


@given(account=amounts, booked=amounts, shown=st.none() | amounts)
def test_never_more_than_is_proven_nor_than_the_meter_shows(account, booked, shown):
    left = purse.available_minor(account_minor=account, booked_minor=booked, shown_minor=shown)
    assert left <= account + booked
    assert left == account + (booked if shown is None else min(booked, shown))


@pytest.fixture
def cast() -> Cast:
    made = build()
    made.sell(made.open("A"), 2000)
    made.sell(made.open("B"), 5000)
    made.bring(at=START)
    made.read("B", 0, at=START, credit=seen(5000, 1))
    return made


def by_pages(cast: Cast) -> list[int]:
    points = [cast.points[flat] for flat in "AB"]
    rows = [(p, p.occupancies.get().account_id, Meter.objects.get(installations__supply_point=p)) for p in points]
    found = queries.available_minor(rows)
    return [found[point.pk] for point in points]


def by_rules(cast: Cast, at) -> list[int]:
    return [facts.load(cast.supply(flat), now=at).facts.available_minor for flat in "AB"]


@pytest.mark.parametrize(("purse_minor", "count"), [(4000, 1), (7000, 1), (9000, 2)])
def test_pages_and_rules_say_the_same(cast, purse_minor, count):
    cast.read("B", 100, at=START + HOUR, credit=seen(purse_minor, count))
    assert by_pages(cast) == by_rules(cast, START + HOUR)


def test_pages_ask_one_query(cast, django_assert_num_queries):
    points = [cast.points[flat] for flat in "AB"]
    rows = [(p, p.occupancies.get().account_id, Meter.objects.get(installations__supply_point=p)) for p in points]
    with django_assert_num_queries(1):
        queries.available_minor(rows)


def test_a_message_tells_what_the_rules_know(cast):
    account = cast.points["B"].occupancies.get().account
    meter = Meter.objects.get(pk=cast.meters["B"].pk)
    meter.live["credit"]["remaining_minor"] = 4000  # used since, not yet settled
    meter.save()
    cast.sell(account, 1000, at=START + MINUTE)
    assert "50.00" in Message.objects.filter(topic="credited").order_by("-id").first().body


class TestAReadingThatAPersonMustLookAt:
    def test_is_no_evidence_of_too_much_power(self, cast):
        cast.look("A", "closed", at=START)
        cast.read("A", 0, at=START)
        for minute in (5, 10):
            outcome = cast.read("A", 90_000_000 + minute, at=START + minute * MINUTE, power=90_000)
            assert outcome.verdict == "jump"
        assert cast.supply("A").wanted_relay == "closed"

    def test_does_not_change_what_the_purse_shows(self, cast):
        outcome = cast.read("B", 90_000_000, at=START + HOUR, credit=seen(1, 1))
        assert outcome.verdict == "jump"
        assert Meter.objects.get(pk=cast.meters["B"].pk).live["credit"]["remaining_minor"] == 5000
        account = cast.points["B"].occupancies.get().account
        assert ledger.balance_minor(account_id=account.pk, place="meter") == 5000
