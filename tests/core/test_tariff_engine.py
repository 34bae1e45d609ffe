"""Every Wh is priced exactly once, and a month of small charges is the month's bill to the minor unit."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powertill.core.errors import Refusal
from powertill.core.span import Span
from powertill.core.tariff.engine import (
    Charge,
    State,
    Use,
    carry_over,
    charge,
    position,
    price_at,
)
from powertill.core.tariff.terms import Plan

from .examples import (
    BANDS,
    BOTH,
    FLAT,
    LADDER,
    QUARTER,
    RENT,
    SHANGHAI,
    TIME_OF_USE,
    VAT_ADDED,
    VAT_INSIDE,
    local,
    plan,
    quarters,
    use,
)

PLANS = {
    "flat": plan(FLAT),
    "ladder": plan(LADDER, VAT_INSIDE),
    "hours": plan(TIME_OF_USE, RENT, VAT_ADDED),
    "both": plan(BOTH, RENT, VAT_INSIDE),
}


def run(charged: Plan, uses: list[Use], state: State | None = None) -> tuple[list[Charge], State]:
    charges = []
    state = state or State()
    for one in uses:
        charges.append(charge(charged, state, one))
        state = charges[-1].state
    return charges, state


def bill_at_once(charged: Plan, uses: list[Use]) -> int:
    """An independent reckoning in fractions: walk the Wh of each local month by hand and round once a month."""
    months: dict[date, Fraction] = {}
    used: dict[date, int] = {}
    days: set[date] = set()
    grid = charged.energy
    for one in uses:
        at = one.span.start.astimezone(SHANGHAI)
        month, hour = at.date().replace(day=1), at.hour
        names = grid.bands
        band = (
            0
            if len(names) == 1
            else names.index("valley" if hour < 8 or hour >= 22 else "day" if hour < 18 else "peak")
        )
        left = one.wh
        while left:
            done = used.get(month, 0)
            block = next(i for i, b in enumerate(grid.blocks) if b.up_to_wh is None or done < b.up_to_wh)
            end = grid.blocks[block].up_to_wh
            here = left if end is None else min(left, end - done)
            months[month] = months.get(month, Fraction(0)) + Fraction(grid.prices[block][band]) * here / 1000
            used[month], left = done + here, left - here
        if charged.fixed and at.date() not in days:
            days.add(at.date())
            months[month] = months.get(month, Fraction(0)) + Fraction("15.5")
    factor = Fraction(1130, 1000) if charged.tax and not charged.tax.included else Fraction(1)
    return sum(round(cost * factor) for cost in months.values())


@pytest.mark.parametrize("name", list(PLANS))
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_small_charges_sum_to_the_bill(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.lists(st.integers(0, 3000), min_size=40, max_size=60))
    whs = [seed[n % len(seed)] for n in range(96 * 5)]
    uses = quarters(local("2026-01-29 00:00"), whs)
    charges, _state = run(PLANS[name], uses)
    assert sum(one.minor for one in charges) == bill_at_once(PLANS[name], uses)
    assert sum(one.wh for one in charges) == sum(whs)
    assert all(one.minor >= 0 for one in charges)


@pytest.mark.slow
def test_a_year_of_quarter_hours_is_the_exact_bill() -> None:
    whs = [(n * 7919) % 701 for n in range(96 * 365)]
    uses = quarters(local("2026-01-01 00:00"), whs)
    charges, state = run(PLANS["both"], uses)
    assert sum(one.minor for one in charges) == bill_at_once(PLANS["both"], uses)
    assert state.year_wh == sum(whs)
    assert sum(line.wh for one in charges for line in one.lines) == sum(whs)


@settings(max_examples=60)
@given(st.integers(1, 200_000), st.lists(st.integers(1, 599), max_size=6), st.sampled_from(list(PLANS)))
def test_cutting_a_use_anywhere_changes_nothing(wh: int, minutes: list[int], name: str) -> None:
    whole = Span(local("2026-01-05 08:00"), local("2026-01-05 18:00"))  # inside one band
    points = [whole.start + timedelta(minutes=minute) for minute in minutes]
    spans = whole.split_at(*points)
    rest = [wh * (n + 1) // len(spans) - wh * n // len(spans) for n in range(len(spans))]
    before = State(month=date(2026, 1, 1), month_wh=25_000, year=2026, year_wh=25_000)
    at_once = charge(PLANS[name], before, Use(whole, wh))
    charges, state = run(PLANS[name], [Use(s, w) for s, w in zip(spans, rest, strict=True)], before)
    assert sum(one.minor for one in charges) == at_once.minor
    assert sum(one.tax_minor for one in charges) == at_once.tax_minor
    assert sum(one.fixed_minor for one in charges) == at_once.fixed_minor
    assert state == at_once.state


@settings(max_examples=60)
@given(
    st.integers(0, 60 * 24 * 370), st.integers(1, 60 * 24 * 40), st.integers(0, 500_000), st.sampled_from(list(PLANS))
)
def test_any_use_is_priced_once_whatever_it_crosses(start: int, length: int, wh: int, name: str) -> None:
    begin = local("2026-01-01 00:00") + timedelta(minutes=start)
    result = charge(PLANS[name], State(), Use(Span(begin, begin + timedelta(minutes=length)), wh))
    assert sum(line.wh for line in result.lines) == wh
    exact = sum((line.cost for line in result.lines), Decimal(0))
    months = length // (28 * 24 * 60) + 2
    assert abs(result.minor - exact) <= Decimal("0.5") * months
    assert all("%(" not in line.because and line.reference == "order 7" for line in result.lines)


def test_tax_and_fixed_parts_never_drift_from_their_own_sums() -> None:
    charges, state = run(PLANS["hours"], quarters(local("2026-01-01 00:00"), [333] * 96 * 31))
    total, tax, fixed = (sum(getattr(one, name) for one in charges) for name in ("minor", "tax_minor", "fixed_minor"))
    assert (state.posted_minor, state.tax_posted_minor, state.fixed_posted_minor) == (total, tax, fixed)
    assert fixed == 480  # 31 x 15.5 = 480.5, half to even
    assert abs(tax - state.cost * Decimal("0.13")) <= Decimal("0.5")
    assert abs(total - state.cost * Decimal("1.13")) <= Decimal("0.5")


def test_the_daily_charge_is_taken_once_a_day_whatever_comes_late_or_twice() -> None:
    rented = plan(FLAT, RENT | {"minor_per_day": "15"})
    morning, evening = use("2026-01-05 08:00", "2026-01-05 09:00", 0), use("2026-01-05 20:00", "2026-01-05 21:00", 0)
    late = use("2026-01-04 08:00", "2026-01-04 09:00", 0)
    charges, state = run(rented, [morning, evening, morning, late])
    assert [one.minor for one in charges] == [15, 0, 0, 0]
    assert state.fixed_until == local("2026-01-06 00:00")
    gap, _state = run(rented, [use("2026-01-08 08:00", "2026-01-08 09:00", 0)], state)
    assert gap[0].fixed_minor == 45  # 6, 7 and 8 January


def test_the_end_of_a_use_at_midnight_does_not_touch_the_next_day() -> None:
    rented = plan(FLAT, RENT)
    first, state = run(rented, [use("2026-01-05 23:45", "2026-01-06 00:00", 0)])
    assert first[0].lines[0].cost == Decimal("15.5")
    second, _state = run(rented, [use("2026-01-06 00:00", "2026-01-06 00:15", 0)], state)
    assert second[0].lines[0].cost == Decimal("15.5")


def test_a_use_over_the_end_of_the_month_is_split_there() -> None:
    ladder = plan(LADDER)
    before = State(month=date(2026, 1, 1), month_wh=500_000, year=2026, year_wh=500_000)
    result = charge(ladder, before, use("2026-01-31 23:00", "2026-02-01 01:00", 2000))
    assert [(line.block, line.wh) for line in result.lines] == [("high", 1000), ("lifeline", 1000)]
    assert (result.state.month, result.state.month_wh, result.state.year_wh) == (date(2026, 2, 1), 1000, 502_000)
    assert result.minor == 92 + 50


def test_a_yearly_ladder_begins_again_with_the_year_only() -> None:
    yearly = plan(LADDER | {"period": "year"})
    charges, state = run(
        yearly, [use("2026-01-10 00:00", "2026-01-11 00:00", 30_000), use("2026-02-10 00:00", "2026-02-11 00:00", 1000)]
    )
    assert charges[1].lines[0].block == "ordinary"
    new_year, _state = run(yearly, [use("2027-01-01 00:00", "2027-01-01 01:00", 1000)], state)
    assert new_year[0].lines[0].block == "lifeline"


def test_late_use_stays_in_the_present_month_at_the_price_of_its_own_hour() -> None:
    state = State(month=date(2026, 2, 1), month_wh=40_000, year=2026, year_wh=90_000)
    result = charge(PLANS["both"], state, use("2026-01-20 18:00", "2026-01-20 19:00", 1000))
    energy = next(line for line in result.lines if line.wh)
    assert (energy.block, energy.band) == ("two", "peak")
    assert (result.state.month, result.state.month_wh) == (date(2026, 2, 1), 41_000)


def test_the_place_on_the_ladder_is_told() -> None:
    before = State(month=date(2026, 1, 1), month_wh=29_999, year=2026, year_wh=29_999)
    at = local("2026-01-20 12:00")
    here = position(PLANS["ladder"], before, at)
    assert (here.block, here.left_wh, here.next_block, here.period) == ("lifeline", 1, "ordinary", "month")
    after = charge(PLANS["ladder"], before, Use(Span(at, at + QUARTER), 1)).state
    assert position(PLANS["ladder"], after, at).block == "ordinary"
    assert position(PLANS["ladder"], after, local("2026-02-01 00:00")).used_wh == 0
    assert position(PLANS["flat"], after, at).left_wh is None


def test_an_added_tax_is_in_the_gross_price() -> None:
    price = price_at(PLANS["hours"], State(), local("2026-01-05 12:00"))
    assert (price.minor_per_kwh, price.gross_minor_per_kwh) == (Decimal("55.83"), Decimal("63.0879"))
    inside = price_at(PLANS["both"], State(), local("2026-01-05 12:00"))
    assert inside.minor_per_kwh == inside.gross_minor_per_kwh


def test_another_plan_takes_over_inside_a_month_without_touching_what_was_posted() -> None:
    first, state = run(PLANS["ladder"], [use("2026-01-05 08:00", "2026-01-05 09:00", 40_000)])
    after = charge(PLANS["both"], carry_over(state), use("2026-01-05 09:00", "2026-01-05 10:00", 1000))
    energy = next(line for line in after.lines if line.wh)
    assert (energy.block, energy.minor_per_kwh) == ("two", Decimal("60.83"))
    assert after.minor == 76  # 60.83 and 15.5
    assert first[0].minor == 2117


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (use("2026-01-01 00:00", "2026-01-02 00:00", -1), "tariff.use"),
        (use("2020-01-01 00:00", "2026-01-02 00:00", 1), "tariff.long"),
    ],
)
def test_impossible_use_is_refused(bad: Use, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        charge(PLANS["both"], State(), bad)
    assert refusal.value.code == code


def test_a_long_silence_needs_a_person() -> None:
    state = State(fixed_until=local("2020-01-01 00:00"))
    with pytest.raises(Refusal, match=r"tariff\.long"):
        charge(PLANS["both"], state, use("2026-01-01 00:00", "2026-01-01 01:00", 1))


@pytest.mark.parametrize("bands_given", [BANDS, list(reversed(BANDS))])
def test_the_order_of_bands_in_the_terms_does_not_matter(bands_given: list[dict[str, Any]]) -> None:
    result = charge(
        plan(TIME_OF_USE | {"bands": bands_given}), State(), use("2026-01-05 00:00", "2026-01-06 00:00", 24_000)
    )
    assert {line.band: line.wh for line in result.lines} == {"valley": 10_000, "day": 10_000, "peak": 4_000}


def test_a_new_tax_inside_a_month_does_not_tax_what_was_charged_before() -> None:
    untaxed, state = run(plan(FLAT), [use("2026-01-05 08:00", "2026-01-05 09:00", 100_000)])
    taxed, _state = run(plan(FLAT, VAT_ADDED), [use("2026-01-05 09:00", "2026-01-05 10:00", 100_000)], state)
    assert untaxed[0].minor == 6127
    assert (taxed[0].minor, taxed[0].tax_minor) == (6924, 797)


def test_a_new_price_inside_a_month_holds_from_its_first_charge() -> None:
    _first, state = run(plan(FLAT), [use("2026-01-05 08:00", "2026-01-05 09:00", 100_000)])
    dearer = plan(FLAT | {"minor_per_kwh": "70"})
    second, _state = run(dearer, [use("2026-01-05 09:00", "2026-01-05 10:00", 100_000)], state)
    assert second[0].minor == 7000


def test_use_of_the_old_year_that_comes_late_goes_on_the_new_ladder() -> None:
    state = State(month=date(2027, 1, 1), month_wh=40_000, year=2027, year_wh=40_000)
    late = charge(plan(LADDER | {"period": "year"}), state, use("2026-12-31 22:00", "2026-12-31 23:00", 1000))
    assert (late.lines[0].block, late.state.year, late.state.year_wh) == ("ordinary", 2027, 41_000)
