"""Credit for energy that a customer feeds back: one price, and rounding on the month's cumulative amount."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from powertill.core.energy import cost, split_wh
from powertill.core.errors import Refusal
from powertill.core.money import round_minor
from powertill.core.span import Span, first_of_month, local_date, next_month_start
from powertill.core.tariff.terms import Plan

MONTHS_MAX = 40
TICK = timedelta(microseconds=1)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ExportState:
    """The exact credit of the local month so far in minor units, and what was posted of it."""

    month: date | None = None
    cost: Decimal = ZERO
    posted_minor: int = 0


def credit(plan: Plan, state: ExportState, span: Span, wh: int) -> tuple[int, ExportState]:
    """Return the minor units to credit now for `wh` fed back in `span`, and the state after it.

    A month of 15-minute credits posts exactly the month's rounded credit. A plan without an export price
    credits nothing. Refuses a negative energy (`tariff.use`) and a span of more than 40 months (`tariff.long`).
    """
    if wh < 0:
        raise Refusal("tariff.use")
    price, minor = plan.export_minor_per_kwh, 0
    if price is None:
        return 0, state
    pieces = _months(plan, span)
    for piece, share in zip(pieces, split_wh(wh, [(part.end - part.start) // TICK for part in pieces]), strict=True):
        state = _enter(state, first_of_month(local_date(piece.start, plan.zone)))
        exact = state.cost + cost(share, price)
        due = round_minor(exact) - state.posted_minor
        state = replace(state, cost=exact, posted_minor=state.posted_minor + due)
        minor += due
    return minor, state


def _months(plan: Plan, span: Span) -> tuple[Span, ...]:
    if span.end - span.start > timedelta(days=31 * MONTHS_MAX):
        raise Refusal("tariff.long", days=31 * MONTHS_MAX)
    points, at = [], next_month_start(span.start, plan.zone)
    while at < span.end:
        points.append(at)
        at = next_month_start(at, plan.zone)
    return tuple(span.split_at(*points))


def _enter(state: ExportState, month: date) -> ExportState:
    """Begin a new month; credit that comes late stays in the present one."""
    return state if state.month is not None and month <= state.month else ExportState(month)
