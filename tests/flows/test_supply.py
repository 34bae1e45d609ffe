"""Warnings, lawful cuts and light again: decided from facts, proven by notices and by reading back."""

from datetime import UTC, datetime, timedelta

import pytest

from powertill.apps.notices.models import Message
from powertill.apps.supply import flows as supply
from powertill.apps.supply import queries, switching
from powertill.apps.supply.models import RelayOrder, Supply
from tests.flows.cast import PLAN, QUARTER, START, Cast, build, deliver_messages, seen
from tests.flows.stages import HOUR, MINUTE, TUESDAY, cut, to_last_call, topics, use_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return build()


def test_warnings_come_once_per_credit_that_came_in(cast):
    account = cast.open("A")
    cast.sell(account, 4000)
    cast.read("A", 0, at=START)
    for number in range(1, 6):
        cast.read("A", 4_500 * number, at=START + number * HOUR)
    assert topics() == ["credited", "low_1"]
    for number in range(6, 11):
        cast.read("A", 10_000 * (number - 3), at=START + number * HOUR)
    assert topics()[2:] == ["low_2", "empty"]
    cast.sell(account, 1000, at=START + 11 * HOUR)
    assert topics()[4] == "credited"
    assert topics()[5:] == ["low_2", "empty"]  # the new credit is below the second level again


def test_credit_that_reaches_the_meter_does_not_arm_the_warnings_again(cast):
    account = cast.open("B")
    cast.sell(account, 2000)
    assert topics() == ["credited", "low_1"]
    cast.bring(at=START)
    cast.read("B", 0, at=START + MINUTE, credit=seen(2000, 1))
    assert topics() == ["credited", "low_1"]


def test_messages_wait_for_the_end_of_the_quiet_hours(cast):
    account = cast.open("A")
    cast.sell(account, 3400)
    night = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)  # 23:00
    cast.read("A", 0, at=night - HOUR)
    cast.read("A", 14_000, at=night)
    due = Message.objects.get(topic="low_1").next_at
    assert due == datetime(2026, 11, 3, 0, 0, tzinfo=UTC)  # 08:00


def test_nobody_is_cut_in_protected_hours_and_the_reason_says_so(cast):
    use_up(cast)
    night = START + 7 * HOUR  # 19:00
    cast.read("A", 60_005, at=night)
    row = cast.supply("A")
    assert (row.wanted_relay, row.code) == ("closed", "supply.protected_hours")
    assert "18:00" in queries.reason(row)


def test_no_cut_without_proof_that_the_warning_arrived(cast):
    account = cast.open("A")
    cast.sell(account, 2000)
    cast.read("A", 0, at=START)
    cast.read("A", 60_000, at=START + 5 * HOUR)
    deliver_messages(at=START + 5 * HOUR, delivered=False)
    cast.read("A", 60_010, at=TUESDAY + HOUR)
    assert cast.supply("A").code == "supply.no_notice"
    assert cast.command("A", at=TUESDAY + HOUR) is None


def test_a_stale_reading_cuts_nobody(cast):
    use_up(cast)
    to_last_call(cast)
    supply.review(supply_id=cast.supply("A").pk, now=TUESDAY + 2 * HOUR)
    assert cast.supply("A").code == "supply.stale_reading"


def test_nobody_is_cut_on_a_holiday_or_when_the_calendar_is_not_known(cast):
    use_up(cast)
    at = datetime(2026, 11, 5, 4, 0, tzinfo=UTC)
    cast.read("A", 60_010, at=at)
    assert cast.supply("A").code == "supply.holiday"
    cast.site.holidays_known_to = None
    cast.site.save()
    supply.review(supply_id=cast.supply("A").pk, now=at + MINUTE)
    assert cast.supply("A").code == "supply.unknown_calendar"


def test_a_lawful_cut_leaves_its_evidence_and_is_proven_by_reading_back(cast):
    use_up(cast)
    row = cut(cast)
    assert (row.order, row.seen_relay, row.code) == ("agreed", "open", "supply.off_until_paid")
    order = RelayOrder.objects.get()
    assert [notice[0] for notice in order.evidence["notices"]] == ["empty", "low_1", "low_2"]
    assert order.evidence["last_call_at"] and order.evidence["available_minor"] <= 0
    assert order.results.get().outcome == "open"
    assert topics()[-1] == "cut"


def test_a_payment_between_the_decision_and_the_frame_stops_the_cut(cast):
    account = use_up(cast)
    to_last_call(cast)
    cast.read("A", 60_020, at=TUESDAY)
    cast.look("A", "closed", at=TUESDAY)
    Supply.objects.update(lease_until=None)
    (task,) = switching.tasks(gateway_id=cast.gateway.pk, now=TUESDAY)
    assert task.wanted_relay == "open"
    cast.sell(account, 5000, at=TUESDAY)
    assert switching.next_command(supply_id=task.supply_id, epoch=task.epoch, now=TUESDAY) is None
    assert not RelayOrder.objects.exists()
    assert cast.supply("A").order == "agreed"


def test_a_trip_that_the_meter_delays_is_taken_back_when_money_comes(cast):
    account = use_up(cast)
    to_last_call(cast)
    cast.look("A", "closed", at=TUESDAY)
    assert cast.command("A", at=TUESDAY) == "trip"
    cast.look("A", "closed", "open", at=TUESDAY + MINUTE)
    assert cast.command("A", at=TUESDAY + MINUTE) is None  # the meter has the order; it is not hammered
    cast.sell(account, 5000, at=TUESDAY + MINUTE)
    assert cast.command("A", at=TUESDAY + 2 * MINUTE) == "permit"
    assert cast.look("A", "closed", at=TUESDAY + 3 * MINUTE).order == "agreed"


def test_after_payment_the_meter_permits_and_waits_for_a_person(cast):
    account = use_up(cast)
    cut(cast)
    at = TUESDAY + 10 * MINUTE
    cast.sell(account, 5000, at=at)
    assert cast.supply("A").wanted_relay == "closed"
    assert cast.command("A", at=at) == "permit"
    cast.look("A", "open", "closed", at=at + MINUTE)
    assert cast.command("A", at=at + MINUTE) is None
    row = cast.supply("A")
    assert row.order == "waits"
    assert "button" in queries.reason(row)
    assert topics()[-1] == "permit"
    row = cast.look("A", "closed", at=at + 2 * MINUTE)
    assert (row.order, topics()[-1]) == ("agreed", "restored")


def test_a_policy_may_close_directly(cast):
    cast.policy.terms = {**cast.policy.terms, "reclose": "direct"}
    cast.policy.save()
    account = use_up(cast)
    cut(cast)
    cast.sell(account, 5000, at=TUESDAY + 10 * MINUTE)
    assert cast.command("A", at=TUESDAY + 10 * MINUTE) == "close"


def test_reviews_fall_due_by_themselves_often_while_credit_is_low(cast):
    use_up(cast)
    at = TUESDAY - timedelta(minutes=31)
    cast.read("A", 60_010, at=at)
    assert "last_call" not in topics()
    assert supply.review_due(now=at + MINUTE) == 0
    assert supply.review_due(now=at + 5 * MINUTE) == 1
    assert topics()[-1] == "last_call"


def test_the_cast_has_steps_that_differ_by_band():
    adds = [block["add"] for block in PLAN["parts"][0]["blocks"]]
    assert len({str(add) for add in adds}) == 3
    assert QUARTER * 4 == HOUR
