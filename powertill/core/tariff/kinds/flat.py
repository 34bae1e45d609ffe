"""One price for every kWh."""

from collections.abc import Mapping
from typing import Any

from powertill.core.tariff.fields import Fields
from powertill.core.tariff.grid import Grid, lines

__all__ = ["KIND", "ROLE", "lines", "parse"]

KIND = "flat"
ROLE = "energy"


def parse(terms: Mapping[str, Any], where: str) -> Grid:
    """Read {name, reference?, minor_per_kwh}."""
    fields = Fields(terms, where)
    price = fields.number("minor_per_kwh")
    grid = Grid(KIND, fields.text("name"), fields.text("reference", ""), ((price,),), base=(price,))
    fields.done()
    return grid
