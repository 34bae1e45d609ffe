"""Check digits, capacity, forecasts and messages."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.core import check_digit
from powertill.core.capacity import Node, roll_up, room_for
from powertill.core.errors import Refusal
from powertill.core.forecast import time_to_empty
from powertill.core.notify import in_daily_hours, next_allowed

from .examples import LONDON, SHANGHAI, local

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_textbook_number_has_its_check_digit() -> None:
    assert check_digit.append("7992739871") == "79927398713"


@given(st.text("0123456789", min_size=1, max_size=20), st.integers(0, 20), st.integers(1, 9))
def test_every_wrong_digit_is_caught(digits: str, place: int, change: int) -> None:
    good = check_digit.append(digits)
    place %= len(good)
    bad = good[:place] + str((int(good[place]) + change) % 10) + good[place + 1 :]
    assert check_digit.valid(good)
    assert not check_digit.valid(bad)


@pytest.mark.parametrize("text", ["", "12a", "１２", "-1", "1" * 41])
def test_other_text_has_no_check_digit(text: str) -> None:
    with pytest.raises(Refusal, match=r"check_digit\.text"):
        check_digit.append(text)
    assert not check_digit.valid(text + "x")


SITE = (
    Node("transformer", None, 100_000, diversity_per_mille=600),
    Node("house A", "transformer", 60_000, (40_000, 40_000), diversity_per_mille=800),
    Node("house B", "transformer", 60_000, (50_000,)),
)


def test_limits_roll_up_with_diversity() -> None:
    loads = roll_up(SITE)
    assert (loads["house A"].granted_w, loads["house A"].demand_w) == (80_000, 64_000)
    assert (loads["transformer"].granted_w, loads["transformer"].demand_w) == (130_000, 68_400)
    assert (loads["house A"].headroom_w, loads["transformer"].headroom_w) == (-4_000, 31_600)
    assert loads["house A"].used_per_mille == 1067


@pytest.mark.parametrize(("more_w", "node"), [(10_000, None), (10_001, "house B"), (52_667, "house B")])
def test_the_first_node_without_room_is_named(more_w: int, node: str | None) -> None:
    assert room_for(SITE, "house B", more_w) == node


def test_the_transformer_may_be_the_narrow_one() -> None:
    wide = (*SITE[:2], Node("house B", "transformer", 600_000, (50_000,)))
    assert room_for(wide, "house B", 60_000) == "transformer"


@pytest.mark.parametrize(
    "nodes", [(Node("a", "b", 1), Node("b", "a", 1)), (Node("a", "nobody", 1),), (Node("a", "a", 1),)]
)
def test_a_network_that_is_no_tree_is_refused(nodes: tuple[Node, ...]) -> None:
    with pytest.raises(Refusal, match=r"capacity\.tree"):
        roll_up(nodes)


def test_a_party_does_not_move_the_likely_day() -> None:
    forecast = time_to_empty([10_000] * 9 + [90_000], available_wh=50_000, now=NOW)
    assert forecast is not None
    assert forecast.likely_at == NOW + timedelta(days=5)
    assert forecast.wh_per_day == 10_000


def test_early_and_late_come_from_high_and_low_use() -> None:
    forecast = time_to_empty([5_000, *[10_000] * 7, 20_000, 30_000], available_wh=40_000, now=NOW)
    assert forecast is not None
    assert (forecast.early_at, forecast.late_at) == (NOW + timedelta(days=2), NOW + timedelta(days=8))


def test_a_forecast_needs_history_and_ends_at_its_horizon() -> None:
    assert time_to_empty([1, 2], available_wh=5, now=NOW) is None
    nothing = time_to_empty([0, 0, 0], available_wh=5, now=NOW)
    assert nothing is not None
    assert nothing.likely_at is None
    empty = time_to_empty([9, 9, 9], available_wh=0, now=NOW)
    assert empty is not None
    assert empty.likely_at == NOW


@pytest.mark.parametrize(
    ("at", "inside"),
    [("17:59", False), ("18:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_daily_hours_may_pass_midnight(at: str, inside: bool) -> None:
    assert in_daily_hours(time.fromisoformat(at), (time(18), time(8))) is inside


@pytest.mark.parametrize(("at", "inside"), [("07:59", False), ("08:00", True), ("11:59", True), ("12:00", False)])
def test_daily_hours_include_their_start_and_not_their_end(at: str, inside: bool) -> None:
    assert in_daily_hours(time.fromisoformat(at), (time(8), time(12))) is inside


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("2026-01-01 20:59", "2026-01-01 20:59"),
        ("2026-01-01 21:00", "2026-01-02 08:00"),
        ("2026-01-02 07:59", "2026-01-02 08:00"),
        ("2026-01-02 08:00", "2026-01-02 08:00"),
    ],
)
def test_messages_wait_for_the_morning(at: str, allowed: str) -> None:
    assert next_allowed(local(at), SHANGHAI, (time(21), time(8))) == local(allowed)
    assert next_allowed(local(at), SHANGHAI, None) == local(at)


def test_the_morning_comes_at_its_wall_clock_hour_after_a_clock_change() -> None:
    assert next_allowed(local("2026-03-28 23:00", LONDON), LONDON, (time(21), time(8))) == local(
        "2026-03-29 08:00", LONDON
    )
