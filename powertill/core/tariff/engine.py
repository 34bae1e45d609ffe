"""Charging use by a plan: explained lines, cumulative rounding, and the place on the ladder."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from powertill.core.energy import split_wh
from powertill.core.errors import Refusal
from powertill.core.money import exact_sum, round_minor
from powertill.core.span import DAY, Span, day_start, first_of_month, local_date, local_days
from powertill.core.tariff.line import Line, Slice
from powertill.core.tariff.meter import MeterTables, meter_tables
from powertill.core.tariff.terms import KINDS, Plan

__all__ = [
    "BandSpan",
    "Charge",
    "Line",
    "MeterTables",
    "Position",
    "Price",
    "State",
    "Use",
    "bands",
    "carry_over",
    "charge",
    "meter_tables",
    "position",
    "price_at",
]

DAYS_MAX = 1100  # three years: a longer silence needs a person, not a bill
TICK = timedelta(microseconds=1)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Use:
    """Energy used in a span, in whole Wh."""

    span: Span
    wh: int


@dataclass(frozen=True, slots=True)
class State:
    """What the next charge must know. `State()` is a new account.

    `cost` is the exact cost of the local month so far in the plan's prices (with `fixed_cost`, before an
    added tax); what was posted of it is in the `posted` fields, so that only the total is ever rounded.
    `tax_basis` is the tax that the cost is subject to: under another tax the cost begins anew.
    """

    month: date | None = None
    month_wh: int = 0
    year: int | None = None
    year_wh: int = 0
    cost: Decimal = ZERO
    posted_minor: int = 0
    tax_posted_minor: int = 0
    fixed_posted_minor: int = 0
    fixed_until: datetime | None = None
    fixed_cost: Decimal = ZERO
    tax_basis: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """What to post now: `minor` with tax and fixed charges (both also given), and the state after it."""

    lines: tuple[Line, ...]
    minor: int
    tax_minor: int
    fixed_minor: int
    wh: int
    state: State


@dataclass(frozen=True, slots=True)
class Position:
    """The place on the ladder: the block, its index, Wh used in the period, and Wh left in the block (None: no end)."""

    block: str
    index: int
    used_wh: int
    left_wh: int | None
    period: str | None
    next_block: str | None


class Price(NamedTuple):
    """The price of the next kWh as the plan writes it, its block and band, and with an added tax."""

    minor_per_kwh: Decimal
    block: str
    band: str
    gross_minor_per_kwh: Decimal


class BandSpan(NamedTuple):
    """A stretch of a day in one band, with the price in each block."""

    span: Span
    band: str
    minor_per_kwh: tuple[Decimal, ...]


def charge(plan: Plan, state: State, use: Use, *, holidays: frozenset[date] = frozenset()) -> Charge:
    """Price a use and return what to post now.

    A month of 15-minute charges posts exactly the month's rounded cost. Use that arrives after its month
    was left is priced by its own hour, at the present place on the ladder, in the present month.
    """
    if use.wh < 0:
        raise Refusal("tariff.use")
    lines, posted = list[Line](), (0, 0, 0)
    state = _under_tax(plan, state)
    for day, piece in _events(plan, state, use, holidays):
        if _is_new_month(state, day):
            posted = _sum(posted, _due(plan, state))
        state = _enter(state, day)
        made = _fixed_lines(plan, day) if piece is None else _energy_lines(plan, state, piece)
        state = _add(state, made, is_fixed=piece is None)
        lines += made
    posted = _sum(posted, _due(plan, state))
    state = _settled(plan, _mark_days(plan, state, use))
    if sum(line.wh for line in lines) != use.wh:
        raise ArithmeticError(f"{plan.code}: not every Wh was priced exactly once")
    lines = _merged(lines)
    return Charge(tuple(lines + _tax_lines(plan, lines)), *posted, use.wh, state)


def carry_over(state: State) -> State:
    """Return the state for another plan that takes over inside a month: same ladder position, cost begins anew."""
    return replace(state, cost=ZERO, fixed_cost=ZERO, posted_minor=0, tax_posted_minor=0, fixed_posted_minor=0)


def position(plan: Plan, state: State, at: datetime) -> Position:
    """Return the present block and what is left of it; a new month or year begins at the first block."""
    grid, now = plan.energy, _enter(state, local_date(at, plan.zone))
    used_wh = _used(plan, now)
    index = grid.block_at(used_wh)
    up_to_wh = grid.blocks[index].up_to_wh
    if up_to_wh is None:
        return Position(grid.blocks[index].name, index, used_wh, None, grid.period, None)
    following = grid.blocks[index + 1].name
    return Position(grid.blocks[index].name, index, used_wh, up_to_wh - used_wh, grid.period, following)


def price_at(plan: Plan, state: State, at: datetime, holidays: frozenset[date] = frozenset()) -> Price:
    """Return the price of the next kWh at an instant."""
    moment = Span(at, at + TICK)
    [(_span, band)] = plan.energy.calendar.pieces(local_date(at, plan.zone), moment, plan.zone, holidays)
    place = position(plan, state, at)
    price = plan.energy.prices[place.index][band]
    return Price(price, place.block, plan.energy.bands[band], plan.tax.gross(price) if plan.tax else price)


def bands(plan: Plan, day: date, holidays: frozenset[date] = frozenset()) -> tuple[BandSpan, ...]:
    """Return the bands of a local day in order, with their prices by block, for charts."""
    grid = plan.energy
    whole = Span(day_start(day, plan.zone), day_start(day + DAY, plan.zone))
    return tuple(
        BandSpan(span, grid.bands[band], tuple(row[band] for row in grid.prices))
        for span, band in grid.calendar.pieces(day, whole, plan.zone, holidays)
    )


def _events(plan: Plan, state: State, use: Use, holidays: frozenset[date]) -> Iterator[tuple[date, Slice | None]]:
    """Yield what happens in order: (day, None) for a day's fixed charges, (day, slice) for use inside one band."""
    pieces = [
        (day, band, (span.end - span.start) // TICK)
        for day, part in local_days(_bounded(use.span), plan.zone)
        for span, band in plan.energy.calendar.pieces(day, part, plan.zone, holidays)
    ]
    shares = split_wh(use.wh, [length for _day, _band, length in pieces])
    uses = [(day, Slice(day, band, wh, 0)) for (day, band, _length), wh in zip(pieces, shares, strict=True) if wh]
    days = [(day, None) for day in _days_due(plan, state, use)]
    yield from sorted([*days, *uses], key=lambda event: (event[0], event[1] is not None))


def _bounded(span: Span) -> Span:
    if span.end - span.start > DAYS_MAX * DAY:
        raise Refusal("tariff.long", days=DAYS_MAX)
    return span


def _days_due(plan: Plan, state: State, use: Use) -> list[date]:
    """Return the local days whose fixed charges are not accrued yet, up to the last day of the use."""
    if not plan.fixed:
        return []
    first = local_date(state.fixed_until or use.span.start, plan.zone)
    count = (local_date(use.span.end - TICK, plan.zone) - first).days + 1
    if count > DAYS_MAX:
        raise Refusal("tariff.long", days=DAYS_MAX)
    return [first + n * DAY for n in range(count)]


def _mark_days(plan: Plan, state: State, use: Use) -> State:
    if not plan.fixed:
        return state
    until = day_start(local_date(use.span.end - TICK, plan.zone) + DAY, plan.zone)
    return replace(state, fixed_until=max(until, state.fixed_until or until))


def _under_tax(plan: Plan, state: State) -> State:
    """Close the cost when the tax changes inside a month: what was charged before must not be taxed again."""
    basis = plan.tax.basis if plan.tax else ""
    return state if state.tax_basis == basis else replace(carry_over(state), tax_basis=basis)


def _is_new_month(state: State, day: date) -> bool:
    return state.month is not None and first_of_month(day) > state.month


def _enter(state: State, day: date) -> State:
    """Begin the day's month and year if they are new; an older day stays in the present ones."""
    if state.month is None or first_of_month(day) > state.month:
        state = replace(carry_over(state), month=first_of_month(day), month_wh=0)
    if state.year is None or day.year > state.year:
        state = replace(state, year=day.year, year_wh=0)
    return state


def _used(plan: Plan, state: State) -> int:
    return state.year_wh if plan.energy.period == "year" else state.month_wh


def _fixed_lines(plan: Plan, day: date) -> list[Line]:
    return [line for part in plan.fixed for line in KINDS[part.kind].lines(part.body, day)]


def _energy_lines(plan: Plan, state: State, piece: Slice) -> list[Line]:
    return list(KINDS[plan.energy.kind].lines(plan.energy, replace(piece, used_wh=_used(plan, state))))


def _add(state: State, lines: list[Line], *, is_fixed: bool) -> State:
    wh, cost = sum(line.wh for line in lines), exact_sum(line.cost for line in lines)
    return replace(
        state,
        month_wh=state.month_wh + wh,
        year_wh=state.year_wh + wh,
        cost=exact_sum((state.cost, cost)),
        fixed_cost=exact_sum((state.fixed_cost, cost)) if is_fixed else state.fixed_cost,
    )


def _due(plan: Plan, state: State) -> tuple[int, int, int]:
    """Return (total, tax, fixed without tax) of the month that is not posted yet: rounded sums less what was posted."""
    tax = plan.tax
    total = round_minor(tax.gross(state.cost) if tax else state.cost)
    tax_part = round_minor(tax.part_of(state.cost)) if tax else 0
    fixed = round_minor(tax.net(state.fixed_cost) if tax else state.fixed_cost)
    return total - state.posted_minor, tax_part - state.tax_posted_minor, fixed - state.fixed_posted_minor


def _settled(plan: Plan, state: State) -> State:
    total, tax, fixed = _due(plan, state)
    return replace(
        state,
        posted_minor=state.posted_minor + total,
        tax_posted_minor=state.tax_posted_minor + tax,
        fixed_posted_minor=state.fixed_posted_minor + fixed,
    )


def _sum(left: tuple[int, int, int], right: tuple[int, int, int]) -> tuple[int, int, int]:
    return left[0] + right[0], left[1] + right[1], left[2] + right[2]


def _merged(lines: list[Line]) -> list[Line]:
    """Join lines that differ in amount only, in the order in which they first appeared."""
    merged: dict[tuple[object, ...], Line] = {}
    for line in lines:
        key = (line.part, line.name, line.block, line.band, line.minor_per_kwh, line.because)
        known = merged.get(key)
        merged[key] = replace(known, wh=known.wh + line.wh, cost=exact_sum((known.cost, line.cost))) if known else line
    return list(merged.values())


def _tax_lines(plan: Plan, lines: list[Line]) -> list[Line]:
    if plan.tax is None or not lines:
        return []
    return list(KINDS[plan.tax_kind].lines(plan.tax, exact_sum(line.cost for line in lines)))
