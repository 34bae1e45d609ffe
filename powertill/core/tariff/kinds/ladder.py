"""A price that steps with the use of the month or year: each block's price holds for its own kWh only."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from powertill.core.tariff.fields import Fields
from powertill.core.tariff.grid import Grid, lines, parse_blocks

__all__ = ["KIND", "ROLE", "lines", "parse"]

KIND = "ladder"
ROLE = "energy"


def parse(terms: Mapping[str, Any], where: str) -> Grid:
    """Read {name, reference?, period: month|year, blocks: [{name, up_to_kwh, minor_per_kwh}]}."""
    fields = Fields(terms, where)
    blocks, rows = parse_blocks(fields, ("minor_per_kwh",))
    prices = tuple(row.number("minor_per_kwh") for row in rows)
    grid = Grid(
        KIND,
        fields.text("name"),
        fields.text("reference", ""),
        tuple((price,) for price in prices),
        blocks=blocks,
        period=fields.choice("period", ("month", "year"), "month"),
        base=(Decimal(0),),
        adds=prices,
    )
    fields.done()
    return grid
