"""What a kWh costs now, by the meter's own clock: day tables, seasons, holidays and steps."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from .setup import Tables
from .state import State

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Moment:
    """The tariff (1..4) and the step period at a moment, and until when they surely hold."""

    tariff: int
    period: str
    until: int


def moment(tables: Tables, clock_at: int, zone: ZoneInfo) -> Moment:
    """Return the tariff at an epoch second of the meter's clock."""
    local = datetime.fromtimestamp(clock_at, zone)
    minute = local.hour * 60 + local.minute
    tariff, next_switch = 1, 24 * 60
    for start, number in _day_table(tables, local):
        if start > minute:
            next_switch = start
            break
        tariff = number
    # No further than the full hour: behind it the wall clock may have jumped.
    until = min(clock_at + (next_switch - minute) * 60 - local.second, clock_at - clock_at % HOUR + HOUR)
    period = f"{local:%Y}" if tables.step_period == "year" else f"{local:%Y-%m}"
    return Moment(tariff, period, until)


def charge(state: State, tables: Tables, wh: int, tariff: int) -> None:
    """Take the price of `wh` from the purse, step by step, in 1/1000 minor with the rest carried."""
    for number, add in enumerate(tables.step_adds):
        limit = tables.step_limits_wh[number] if number < len(tables.step_limits_wh) else None
        taken = wh if limit is None else min(wh, max(0, limit - state.period_wh))
        # Wh x 1/10000 currency per kWh = 1/100000 minor: a hundredth of what the purse counts.
        cost, state.price_rest = divmod(taken * (tables.prices[tariff - 1] + add) + state.price_rest, 100)
        state.balance_milli -= cost
        state.period_wh += taken
        wh -= taken
        if not wh:
            return


def price_now(state: State, tables: Tables, tariff: int) -> int:
    """Return the price of the next Wh, in 1/10000 of the currency per kWh."""
    number = sum(state.period_wh >= limit for limit in tables.step_limits_wh)
    return tables.prices[tariff - 1] + tables.step_adds[number]


def _day_table(tables: Tables, local: datetime) -> tuple[tuple[int, int], ...]:
    if local.date().isoformat() in tables.holidays:
        return tables.day_tables[tables.holiday_table]
    day = local.month * 100 + local.day
    week = tables.zones[-1][1]
    for first, of_zone in tables.zones:
        if first <= day:
            week = of_zone
    return tables.day_tables[week[local.weekday()]]
