"""A reading is judged before it is charged: roll-over, reset, jump, late, duplicate."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.core.metering import Kind, Register, Verdict, judge

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE = Register(NOW - timedelta(hours=1), 5_000_000)
TOP = 999_999_990  # 99999999.x kWh shown in steps of 10 Wh


def verdict(new: Register, previous: Register | None = BEFORE) -> Verdict:
    return judge(previous, new, digits_wh_max=TOP, power_w_max=10_000, now=NOW)


@pytest.mark.parametrize(
    ("new_wh", "kind", "wh"),
    [
        (5_000_000, Kind.ACCEPT, 0),
        (5_010_000, Kind.ACCEPT, 10_000),
        (5_012_100, Kind.ACCEPT, 12_100),  # 1.2 x 10 kW x 1 h + 100 Wh
        (5_012_101, Kind.JUMP, None),
        (4_999_990, Kind.BACKWARDS, None),
        (0, Kind.RESET, None),
        (12_000, Kind.RESET, None),
    ],
)
def test_use_must_be_possible(new_wh: int, kind: Kind, wh: int | None) -> None:
    seen = verdict(Register(NOW, new_wh))
    assert (seen.kind, seen.wh) == (kind, wh)


def test_the_register_rolls_over() -> None:
    seen = verdict(Register(NOW, 500), Register(NOW - timedelta(hours=1), TOP - 990))
    assert (seen.kind, seen.wh) == (Kind.ROLL_OVER, 1500)


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (BEFORE, Kind.DUPLICATE),
        (Register(BEFORE.at, 5_000_100), Kind.LATE),
        (Register(BEFORE.at - timedelta(minutes=1), 4_999_000), Kind.LATE),
        (Register(NOW + timedelta(minutes=5), 5_000_100), Kind.ACCEPT),
        (Register(NOW + timedelta(minutes=5, seconds=1), 5_000_100), Kind.FUTURE),
    ],
)
def test_time_is_judged_too(new: Register, kind: Kind) -> None:
    assert verdict(new).kind is kind


def test_the_first_reading_is_never_charged() -> None:
    seen = verdict(Register(NOW, 12_345), None)
    assert (seen.kind, seen.wh, seen.accepted) == (Kind.FIRST, None, True)


@given(st.integers(0, TOP), st.integers(0, TOP), st.integers(-100, 10_000))
def test_nothing_negative_or_impossible_is_ever_charged(before_wh: int, new_wh: int, minutes: int) -> None:
    previous = Register(NOW - timedelta(days=30), before_wh)
    new = Register(previous.at + timedelta(minutes=minutes), new_wh)
    seen = judge(previous, new, digits_wh_max=TOP, power_w_max=10_000, now=NOW)
    assert (seen.wh is not None) == (seen.kind in (Kind.ACCEPT, Kind.ROLL_OVER))
    assert seen.wh is None or 0 <= seen.wh <= 12_000 * minutes / 60 + 101
    assert "%(" not in seen.reason
