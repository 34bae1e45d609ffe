"""Nobody is cut unlawfully: every reason to wait is tested at its boundary minute."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.core.ports import Contact
from powertill.core.supply.credit import REASONS, Decision, Notice, SupplyFacts, decide
from powertill.core.supply.policy import Policy

from .examples import LONDON, SHANGHAI, local

NOON = local("2026-03-03 12:00")  # a Tuesday
POLICY = Policy("strict", "Strict", protected=(time(18), time(8)))
NO_HOLIDAYS: frozenset[date] = frozenset()


def empty(now: datetime, **changes: Any) -> SupplyFacts:
    """A supply that may lawfully be cut: no credit, fresh reading, warned two days ago, last call an hour ago."""
    facts = SupplyFacts(
        place="account",
        available_minor=0,
        reading_at=now - timedelta(minutes=15),
        warned=(Notice("low_1", now - timedelta(days=3)), Notice("low_2", now - timedelta(days=2))),
        last_call_at=now - timedelta(hours=1),
        relay=Contact.CLOSED,
    )
    return replace(facts, **changes)


def decision(now: datetime = NOON, policy: Policy = POLICY, holidays: Any = NO_HOLIDAYS, **changes: Any) -> Decision:
    return decide(empty(now, **changes), policy, now=now, zone=SHANGHAI, holidays=holidays)


@pytest.mark.parametrize(
    ("clock", "relay", "code"),
    [
        ("17:59", Contact.OPEN, "supply.credit_used_up"),
        ("18:00", Contact.CLOSED, "supply.protected_hours"),
        ("23:59", Contact.CLOSED, "supply.protected_hours"),
        ("00:00", Contact.CLOSED, "supply.protected_hours"),
        ("07:59", Contact.CLOSED, "supply.protected_hours"),
        ("08:00", Contact.OPEN, "supply.credit_used_up"),
    ],
)
def test_nobody_is_cut_in_protected_hours(clock: str, relay: Contact, code: str) -> None:
    seen = decision(local(f"2026-03-03 {clock}"))
    assert (seen.relay, seen.code) == (relay, code)


@pytest.mark.parametrize(
    ("now", "relay"),
    [
        ("2026-03-06 17:59", Contact.OPEN),  # Friday
        ("2026-03-07 12:00", Contact.CLOSED),
        ("2026-03-08 23:59", Contact.CLOSED),
        ("2026-03-09 07:59", Contact.CLOSED),
        ("2026-03-09 08:00", Contact.OPEN),  # Monday
    ],
)
def test_nobody_is_cut_at_the_weekend(now: str, relay: Contact) -> None:
    assert decision(local(now)).relay is relay


def test_nobody_is_cut_on_a_holiday_or_without_a_calendar() -> None:
    assert decision(holidays=frozenset({date(2026, 3, 3)})).code == "supply.holiday"
    assert decision(holidays=frozenset({date(2026, 3, 4)})).code == "supply.credit_used_up"
    unknown = decision(holidays=None)
    assert (unknown.relay, unknown.code, unknown.next_step_at) == (Contact.CLOSED, "supply.unknown_calendar", None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"protected_supply": True}, "supply.protected_customer"),
        ({"mode": "no_cut"}, "supply.no_cut_mode"),
        ({"reading_at": None}, "supply.stale_reading"),
        ({"reading_at": NOON - timedelta(minutes=90, seconds=1)}, "supply.stale_reading"),
        ({"reading_at": NOON + timedelta(minutes=6)}, "supply.stale_reading"),
        ({"driver_reads_back": False}, "supply.unverified_driver"),
        ({"warned": ()}, "supply.no_notice"),
        ({"warned": (Notice("low_1", NOON - timedelta(days=9)),)}, "supply.no_notice"),
        ({"warned": (Notice("low_2", NOON - timedelta(hours=11, minutes=59)),)}, "supply.notice_period"),
        ({"last_call_at": None}, "supply.no_last_call"),
        ({"last_call_at": NOON - timedelta(minutes=29)}, "supply.last_call_period"),
    ],
)
def test_a_missing_condition_keeps_the_supply_on(changes: dict[str, Any], code: str) -> None:
    seen = decision(**changes)
    assert (seen.relay, seen.code) == (Contact.CLOSED, code)
    assert "%(" not in seen.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"reading_at": NOON - timedelta(minutes=90)},
        {"warned": (Notice("low_2", NOON - timedelta(hours=12)),)},
        {"last_call_at": NOON - timedelta(minutes=30)},
        {"relay": None},
        {"available_minor": -1},
    ],
)
def test_at_the_boundary_a_cut_is_lawful(changes: dict[str, Any]) -> None:
    seen = decision(**changes)
    assert (seen.relay, seen.code, seen.next_step_at) == (Contact.OPEN, "supply.credit_used_up", None)


@pytest.mark.parametrize(
    ("available_minor", "relay", "code"),
    [
        (1, Contact.CLOSED, "supply.credit_good"),
        (0, Contact.CLOSED, "supply.overdraft"),
        (-499, Contact.CLOSED, "supply.overdraft"),
        (-500, Contact.OPEN, "supply.credit_used_up"),
    ],
)
def test_an_agreed_overdraft_lowers_the_cut(available_minor: int, relay: Contact, code: str) -> None:
    seen = decision(policy=replace(POLICY, overdraft_minor=500), available_minor=available_minor)
    assert (seen.relay, seen.code) == (relay, code)


@pytest.mark.parametrize(
    ("available_minor", "code"),
    [(0, "supply.off_until_paid"), (1, "supply.waiting_for_credit"), (200, "supply.waiting_for_credit")],
)
def test_what_was_cut_stays_off_until_enough_is_paid(available_minor: int, code: str) -> None:
    policy = replace(POLICY, reconnect_above_minor=200)
    for now in (NOON, local("2026-03-03 18:00"), local("2026-03-07 12:00")):
        seen = decision(now, policy, available_minor=available_minor, relay=Contact.OPEN)
        assert (seen.relay, seen.code) == (Contact.OPEN, code)
    assert decision(policy=policy, available_minor=201, relay=Contact.OPEN).relay is Contact.CLOSED


def test_a_protected_customer_is_switched_on_again_without_credit() -> None:
    seen = decision(available_minor=-900, relay=Contact.OPEN, protected_supply=True)
    assert (seen.relay, seen.keep_power) == (Contact.CLOSED, True)


@pytest.mark.parametrize(
    ("now", "changes", "next_step"),
    [
        ("2026-03-03 18:00", {}, "2026-03-04 08:00"),
        ("2026-03-06 18:00", {}, "2026-03-09 08:00"),  # over the weekend
        ("2026-03-03 12:00", {"last_call_at": local("2026-03-03 11:45")}, "2026-03-03 12:15"),
        ("2026-03-03 12:00", {"last_call_at": local("2026-03-03 12:00")}, "2026-03-03 12:30"),
        ("2026-03-03 12:00", {"warned": (Notice("low_2", local("2026-03-03 05:59")),)}, "2026-03-03 17:59"),
        ("2026-03-03 12:00", {"warned": (Notice("low_2", local("2026-03-03 06:00")),)}, "2026-03-04 08:00"),
    ],
)
def test_the_earliest_lawful_cut_is_told(now: str, changes: dict[str, Any], next_step: str) -> None:
    seen = decision(local(now), **changes)
    assert seen.next_step_at == local(next_step)
    again = decide(
        empty(local(now), **changes | {"reading_at": seen.next_step_at}),
        POLICY,
        now=local(next_step),
        zone=SHANGHAI,
        holidays=NO_HOLIDAYS,
    )
    assert again.relay is Contact.OPEN


def test_while_a_standing_reason_forbids_cutting_no_cut_is_near() -> None:
    for changes in ({"reading_at": None}, {"mode": "no_cut"}):
        assert decision(**changes).next_step_at is None


@pytest.mark.parametrize(
    ("changes", "next_step"),
    [({"warned": ()}, "2026-03-04 08:00"), ({"last_call_at": None}, "2026-03-03 12:30")],
)
def test_time_alone_does_not_replace_missing_evidence(changes: dict[str, Any], next_step: str) -> None:
    told = decision(local("2026-03-03 12:00"), **changes)
    assert told.next_step_at == local(next_step), "as if the message were delivered now"
    later = local(next_step)
    then = decide(
        empty(later, **changes | {"reading_at": later}), POLICY, now=later, zone=SHANGHAI, holidays=NO_HOLIDAYS
    )
    assert then.relay is Contact.CLOSED


@pytest.mark.parametrize(
    ("available_minor", "changes", "messages"),
    [
        (3000, {"warned": ()}, ()),
        (2999, {"warned": ()}, ("low_1",)),
        (1000, {"warned": ()}, ("low_1",)),
        (999, {"warned": ()}, ("low_2",)),
        (0, {"warned": ()}, ("low_2", "empty")),
        (0, {"last_call_at": None}, ("empty", "last_call")),
        (0, {}, ("empty",)),
        (2999, {}, ()),
    ],
)
def test_the_right_messages_are_due(available_minor: int, changes: dict[str, Any], messages: tuple[str, ...]) -> None:
    assert decision(available_minor=available_minor, **changes).messages == messages


@pytest.mark.parametrize(
    ("now", "is_due"),
    [
        ("2026-03-03 07:29", False),
        ("2026-03-03 07:30", True),
        ("2026-03-03 17:29", True),
        ("2026-03-03 17:30", False),
    ],
)
def test_the_last_call_comes_the_right_time_before_the_first_allowed_minute(now: str, is_due: bool) -> None:
    assert ("last_call" in decision(local(now), last_call_at=None).messages) is is_due


@pytest.mark.parametrize(
    ("warned_at", "is_due"),
    [("2026-03-03 00:30", True), ("2026-03-03 00:31", False)],
)
def test_the_last_call_waits_for_the_notice_period(warned_at: str, is_due: bool) -> None:
    seen = decision(NOON, warned=(Notice("low_2", local(warned_at)),), last_call_at=None)
    assert ("last_call" in seen.messages) is is_due


@pytest.mark.parametrize(
    ("available_minor", "now", "keep_power"),
    [
        (1000, "2026-03-03 19:00", False),  # credit is good
        (999, "2026-03-03 19:00", True),
        (-50, "2026-03-03 19:00", True),
        (999, "2026-03-03 17:59", False),  # a cut would be lawful
        (0, "2026-03-03 17:59", False),
    ],
)
def test_a_meter_that_cuts_by_itself_is_told_to_wait(available_minor: int, now: str, keep_power: bool) -> None:
    seen = decision(local(now), place="meter", available_minor=available_minor)
    assert seen.keep_power is keep_power


def test_protected_hours_follow_the_wall_clock_over_a_clock_change() -> None:
    policy = replace(POLICY, weekends=False)
    now = local("2026-03-29 00:30", LONDON)
    seen = decide(empty(now), policy, now=now, zone=LONDON, holidays=NO_HOLIDAYS)
    assert seen.next_step_at == local("2026-03-29 08:00", LONDON)


def test_every_reason_is_a_sentence() -> None:
    assert all(code.startswith("supply.") and text.endswith(".") for code, text in REASONS.items())


@given(
    st.integers(0, 14 * 24 * 60),
    st.integers(-100, 100),
    st.sampled_from([None, Contact.CLOSED]),
    st.sampled_from(["account", "meter"]),
    st.booleans(),
    st.integers(0, 2000),
    st.integers(0, 100),
)
def test_whatever_the_facts_a_cut_is_always_lawful(minute, available, relay, place, reads_back, warned, called) -> None:  # type: ignore[no-untyped-def]
    now = local("2026-03-01 00:00") + timedelta(minutes=minute)
    seen = decision(
        now,
        available_minor=available,
        relay=relay,
        place=place,
        driver_reads_back=reads_back,
        warned=(Notice("low_2", now - timedelta(minutes=warned)),),
        last_call_at=now - timedelta(minutes=called),
    )
    if seen.relay is Contact.OPEN:
        at = now.astimezone(SHANGHAI)
        assert available <= 0
        assert 8 <= at.hour < 18
        assert at.weekday() < 5
        assert reads_back
        assert warned >= 720
        assert called >= 30
