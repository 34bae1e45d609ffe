"""Too much power opens after patience; danger opens at once and a person must lift it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from powertill.core.ports import Contact
from powertill.core.supply import limits, safety
from powertill.core.supply.limits import LimitFacts, LimitPolicy, Sample, stepped_limit
from powertill.core.supply.safety import SafetyFacts, SafetyLimits

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def samples(*power_w: int) -> tuple[Sample, ...]:
    """One sample a minute, the last one now."""
    return tuple(Sample(NOW - timedelta(minutes=len(power_w) - 1 - n), w) for n, w in enumerate(power_w))


@pytest.mark.parametrize(
    ("seen", "relay", "code"),
    [
        ((5250, 5250, 5250), Contact.CLOSED, "limit.within"),  # 5 % tolerance
        ((5251, 5251), Contact.CLOSED, "limit.short"),
        ((5251, 5251, 5251), Contact.OPEN, "limit.exceeded"),
        ((9000, 9000, 100), Contact.CLOSED, "limit.within"),
        ((9000, 100, 9000, 9000), Contact.CLOSED, "limit.short"),
        ((), Contact.CLOSED, "limit.stale"),
    ],
)
def test_a_limit_opens_only_after_patience(seen: tuple[int, ...], relay: Contact, code: str) -> None:
    result = limits.decide(LimitFacts(5000, samples(*seen), relay=Contact.CLOSED), LimitPolicy(), now=NOW)
    assert (result.relay, result.code) == (relay, code)
    assert "%(" not in result.reason


def test_old_samples_prove_nothing() -> None:
    old = (Sample(NOW - timedelta(minutes=20), 9000), Sample(NOW - timedelta(seconds=301), 9000))
    assert limits.decide(LimitFacts(5000, old), LimitPolicy(), now=NOW).code == "limit.stale"


@pytest.mark.parametrize(
    ("minutes_ago", "relay", "code"),
    [
        ((4,), Contact.OPEN, "limit.waiting"),
        ((5,), Contact.CLOSED, "limit.again"),
        ((5, 60, 120), Contact.OPEN, "limit.person"),
        ((5, 60, 24 * 60), Contact.CLOSED, "limit.again"),
    ],
)
def test_supply_comes_back_after_a_pause_but_not_for_ever(
    minutes_ago: tuple[int, ...], relay: Contact, code: str
) -> None:
    trips = tuple(NOW - timedelta(minutes=minutes) for minutes in minutes_ago)
    result = limits.decide(LimitFacts(5000, trips=trips, relay=Contact.OPEN), LimitPolicy(), now=NOW)
    assert (result.relay, result.code) == (relay, code)


def test_without_a_limit_nothing_is_limited() -> None:
    assert limits.decide(LimitFacts(None, samples(10**6)), LimitPolicy(), now=NOW).code == "limit.none"


@pytest.mark.parametrize(("months", "limit_w"), [(0, 6000), (1, 6000), (2, 4200), (3, 3000), (9, 3000)])
def test_the_limit_steps_down_month_by_month(months: int, limit_w: int) -> None:
    assert stepped_limit(6000, months_in_arrears=months) == limit_w


def test_the_basic_need_is_kept_but_never_more_than_the_base() -> None:
    assert stepped_limit(1500, months_in_arrears=3) == 1000
    assert stepped_limit(800, months_in_arrears=3) == 800


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, "safety.ok"),
        ({"current_ma": (72_000, None, 10)}, "safety.ok"),
        ({"current_ma": (72_001,)}, "safety.over_current"),
        ({"current_ma": (-72_001,)}, "safety.over_current"),
        ({"alarms": frozenset({"leakage", "fire"})}, "safety.fire"),
        ({"alarms": frozenset({"short_circuit"}), "current_ma": (99_999,)}, "safety.short_circuit"),
        ({"celsius": 85}, "safety.ok"),
        ({"celsius": 86}, "safety.over_heat"),
        ({"relay": Contact.OPEN, "current_ma": (501,)}, "safety.still_live"),
        ({"relay": Contact.OPEN, "current_ma": (500,)}, "safety.ok"),
        ({"relay": Contact.CLOSED, "current_ma": (501,)}, "safety.ok"),
        ({"relay": Contact.OPEN, "load_side_voltage": True}, "safety.fed_from_behind"),
        ({"relay": Contact.CLOSED, "load_side_voltage": True}, "safety.ok"),
        ({"standing": True}, "safety.not_lifted"),
    ],
)
def test_danger_opens_at_once(facts: dict[str, Any], code: str) -> None:
    result = safety.decide(SafetyFacts(**facts), SafetyLimits(current_ma_max=60_000))
    assert result.code == code
    assert (result.relay is Contact.OPEN) == result.needs_person == (code != "safety.ok")
    assert "%(" not in result.reason


@pytest.mark.parametrize(
    ("relay", "shown", "live"),
    [
        (Contact.OPEN, {"power_w": 101}, True),
        (Contact.OPEN, {"power_w": -101}, True),
        (Contact.OPEN, {"power_w": 100}, False),
        (Contact.OPEN, {"current_ma": (None, -501), "power_w": None}, True),
        (Contact.CLOSED, {"power_w": 5000}, False),
        (None, {"power_w": 5000}, False),
    ],
)
def test_load_through_an_open_switch_is_seen_by_current_or_power(
    relay: Contact | None, shown: dict[str, Any], live: bool
) -> None:
    assert safety.is_still_live(relay, **shown) is live
