"""A price by the hour: bands of the day, by weekday, season and holiday."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from powertill.core.tariff.calendar import Calendar, compile_calendar
from powertill.core.tariff.fields import Fields, unique
from powertill.core.tariff.grid import Grid, lines

__all__ = ["KIND", "ROLE", "lines", "parse", "parse_bands"]

KIND = "time_of_use"
ROLE = "energy"


def parse(terms: Mapping[str, Any], where: str) -> Grid:
    """Read {name, reference?, bands: [{name, minor_per_kwh, when: [{days?, seasons?, hours?}]}]}."""
    fields = Fields(terms, where)
    names, prices, calendar = parse_bands(fields)
    grid = Grid(
        KIND,
        fields.text("name"),
        fields.text("reference", ""),
        (prices,),
        bands=names,
        calendar=calendar,
        base=prices,
    )
    fields.done()
    return grid


def parse_bands(fields: Fields) -> tuple[tuple[str, ...], tuple[Decimal, ...], Calendar]:
    """Read the bands: names, prices and the calendar that gives every minute exactly one of them."""
    names, prices, whens = [], [], []
    for terms in fields.items("bands"):
        row = Fields(terms, f"{fields.where}, bands")
        names.append(row.text("name"))
        row.where = f"{fields.where}, band {names[-1]}"
        prices.append(row.number("minor_per_kwh"))
        whens.append(row.get("when"))
        row.done()
    unique(names, fields.where)
    return tuple(names), tuple(prices), compile_calendar(list(zip(names, whens, strict=True)), fields.where)
