"""A tariff as it is programmed into a simulated meter: the core's meter tables in the simulator's own units."""

from decimal import Decimal

from powertill.core.tariff.engine import meter_tables
from powertill.core.tariff.meter import MeterTables
from powertill.core.tariff.terms import Plan
from powertill.simulators.meter import Tables

TARIFFS = 4  # a meter has four prices; a tariff with fewer bands leaves the rest as they are


def tables(plan: Plan) -> Tables:
    """Return the tables of a plan, or let its Refusal pass (`tariff.not_in_meter`)."""
    found = meter_tables(plan)
    prices = [_ten_thousandths(price, plan) for price in found.band_prices]
    return Tables(
        prices=tuple(prices + prices[-1:] * (TARIFFS - len(prices))),
        day_tables=tuple(tuple((hour * 60 + minute, band) for hour, minute, band in t) for t in found.day_tables),
        zones=tuple((month * 100 + day, _week(found, table)) for month, day, table in found.seasons),
        step_limits_wh=found.step_limits_wh,
        step_adds=tuple(_ten_thousandths(add, plan) for add in found.step_adds) or (0,),
        step_period=found.period or "month",
    )


def _week(found: MeterTables, table: int) -> tuple[int, ...]:
    """Return the day-table indexes of Monday to Sunday; the meter counts its tables from 1, we from 0."""
    return (table - 1,) * 5 + ((found.rest_day_table or table) - 1,) * 2


def _ten_thousandths(minor_per_kwh: Decimal, plan: Plan) -> int:
    """Return a price in 1/10000 of the currency's major unit, which `meter_tables` has checked to be whole."""
    return int(minor_per_kwh.scaleb(4 - plan.exponent))
