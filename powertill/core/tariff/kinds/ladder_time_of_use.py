"""Bands and blocks together: each block adds to, or multiplies, the price of the band."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from powertill.core.errors import Refusal
from powertill.core.money import WIDE
from powertill.core.tariff.fields import Fields, number
from powertill.core.tariff.grid import Grid, lines, parse_blocks
from powertill.core.tariff.kinds.time_of_use import parse_bands

__all__ = ["KIND", "ROLE", "lines", "parse"]

KIND = "ladder_time_of_use"
ROLE = "energy"


def parse(terms: Mapping[str, Any], where: str) -> Grid:
    """Read {name, reference?, period, form: add|multiply, blocks: [{name, up_to_kwh, add|multiply}], bands: [...]}.

    A block's `add` or `multiply` is one number for all bands, or a mapping {band: number} that names each band.
    """
    fields = Fields(terms, where)
    names, base, calendar = parse_bands(fields)
    form = fields.choice("form", ("add", "multiply"), "add")
    blocks, rows = parse_blocks(fields, (form,))
    steps = [_steps(row, form, names) for row in rows]
    grid = Grid(
        KIND,
        fields.text("name"),
        fields.text("reference", ""),
        tuple(_prices(base, step, form) for step in steps),
        blocks=blocks,
        bands=names,
        calendar=calendar,
        period=fields.choice("period", ("month", "year"), "month"),
        base=base,
        adds=_plain_adds(steps, form),
    )
    fields.done()
    return grid


def _steps(row: Fields, form: str, bands: tuple[str, ...]) -> tuple[Decimal, ...]:
    value = row.get(form)
    if not isinstance(value, Mapping):
        return (number(value, form, row.where),) * len(bands)
    for band in value:
        if band not in bands:
            raise Refusal("tariff.unknown_field", where=row.where, field=band)
    by_band = Fields(value, f"{row.where}, {form}")
    return tuple(by_band.number(band) for band in bands)


def _prices(base: tuple[Decimal, ...], step: tuple[Decimal, ...], form: str) -> tuple[Decimal, ...]:
    pairs = zip(base, step, strict=True)
    return tuple(price + add if form == "add" else WIDE.multiply(price, add) for price, add in pairs)


def _plain_adds(steps: list[tuple[Decimal, ...]], form: str) -> tuple[Decimal, ...] | None:
    is_plain = form == "add" and all(len(set(step)) == 1 for step in steps)
    return tuple(step[0] for step in steps) if is_plain else None
