"""The tables that a tariff becomes inside a DL/T 645 meter, or the reason why it cannot."""

from dataclasses import dataclass
from decimal import Decimal

from powertill.core.errors import Refusal
from powertill.core.tariff.calendar import DAY_MINUTES, WEEKDAYS, Table
from powertill.core.tariff.terms import Plan

# Limits of the meters' tables: DL/T 645-2007 identifiers 0400020x, 0401xxxx, 0405xxxx and 0406xxxx.
BANDS_MAX = 4
SEASONS_MAX = 14
DAY_TABLES_MAX = 8
PERIODS_MAX = 14
STEPS_MAX = 6
PLACES_MAX = 4  # prices are NNNN.NNNN of the major unit


@dataclass(frozen=True, slots=True)
class MeterTables:
    """What to program. Band numbers and day-table numbers begin at 1, as in the meter.

    Prices are minor units per kWh; `seasons` are (month, day, weekday table); `rest_day_table` is used on
    Saturday and Sunday when it is not 0. The price of a step is the band's price plus the step's add-on.
    """

    band_names: tuple[str, ...]
    band_prices: tuple[Decimal, ...]
    day_tables: tuple[tuple[tuple[int, int, int], ...], ...]  # (hour, minute, band)
    seasons: tuple[tuple[int, int, int], ...]
    rest_day_table: int
    step_limits_wh: tuple[int, ...]
    step_adds: tuple[Decimal, ...]
    period: str | None


def meter_tables(plan: Plan) -> MeterTables:
    """Return the tables for a meter that rates by itself, or refuse with the reason (`tariff.not_in_meter`)."""
    grid = plan.energy
    _check(plan)
    tables: list[Table] = []
    seasons = [_season(plan, season, tables) for season in range(len(grid.calendar.season_starts))]
    rest_tables = {rest for _month, _day, _table, rest in seasons}
    is_one_week = all(table == rest for _month, _day, table, rest in seasons)
    if not is_one_week and len(rest_tables) > 1:
        _refuse("the weekends differ by season")
    if len(tables) > DAY_TABLES_MAX:
        _refuse("it has too many different days")
    return MeterTables(
        band_names=grid.bands,
        band_prices=grid.base or (),
        day_tables=tuple(tuple((start // 60, start % 60, band + 1) for start, _end, band in t) for t in tables),
        seasons=tuple((month, day, table) for month, day, table, _rest in seasons),
        rest_day_table=0 if is_one_week else rest_tables.pop(),
        step_limits_wh=tuple(block.up_to_wh for block in grid.blocks if block.up_to_wh is not None),
        step_adds=grid.adds or (),
        period=grid.period,
    )


def _check(plan: Plan) -> None:
    grid = plan.energy
    if plan.fixed:
        _refuse("it has fixed charges")
    if plan.tax and not plan.tax.included:
        _refuse("its tax is added to the prices")
    if grid.period and grid.adds is None:
        _refuse("its steps are not the same add-on in every band")
    base = grid.base or ()
    if len(grid.bands) > BANDS_MAX or len(grid.blocks) - 1 > STEPS_MAX:
        _refuse("it has too many bands or steps")
    if grid.calendar.knows_holidays:
        _refuse("it has prices for public holidays")
    if len(grid.calendar.season_starts) > SEASONS_MAX:
        _refuse("it has too many seasons")
    for price in base + (grid.adds or ()):
        if -int(price.normalize().as_tuple().exponent) + plan.exponent > PLACES_MAX:
            _refuse("a price has too many decimal places")


def _season(plan: Plan, season: int, tables: list[Table]) -> tuple[int, int, int, int]:
    calendar = plan.energy.calendar
    week = [calendar.tables[season, day] for day in WEEKDAYS]
    if len(set(week[:5])) > 1 or len(set(week[5:])) > 1:
        _refuse("single weekdays have hours of their own")
    start = calendar.season_starts[season]
    return start // 100, start % 100, _number(week[0], tables), _number(week[5], tables)


def _number(table: Table, tables: list[Table]) -> int:
    if len(table) > PERIODS_MAX or table[-1][1] != DAY_MINUTES:
        _refuse("a day has too many periods")
    if table not in tables:
        tables.append(table)
    return tables.index(table) + 1


def _refuse(why: str) -> None:
    raise Refusal("tariff.not_in_meter", why=why)
