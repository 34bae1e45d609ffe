"""The price of energy as a grid of blocks and bands: the form that every energy kind is compiled to."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from powertill.core.energy import cost, format_kwh, wh_from_kwh
from powertill.core.errors import Refusal, Sentence
from powertill.core.tariff.calendar import ALWAYS, Calendar
from powertill.core.tariff.fields import Fields, unique
from powertill.core.tariff.line import Line, Slice


@dataclass(frozen=True, slots=True)
class Block:
    """A step of the ladder; `up_to_wh` is its upper end in the period, None for the last."""

    name: str
    up_to_wh: int | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Prices in minor units per kWh: `prices[block][band]`. `period` is that of the ladder, None without one.

    `base` (by band) and `adds` (by block) are kept when the price is their sum, as a meter stores it.
    """

    kind: str
    name: str
    reference: str
    prices: tuple[tuple[Decimal, ...], ...]
    blocks: tuple[Block, ...] = (Block("", None),)
    bands: tuple[str, ...] = ("",)
    calendar: Calendar = ALWAYS
    period: str | None = None
    base: tuple[Decimal, ...] | None = None
    adds: tuple[Decimal, ...] | None = None

    def block_at(self, used_wh: int) -> int:
        """Return the index of the block in which the next Wh lies."""
        return next(i for i, block in enumerate(self.blocks) if block.up_to_wh is None or used_wh < block.up_to_wh)

    def fill(self, used_wh: int, wh: int) -> Iterator[tuple[int, int]]:
        """Yield (block index, Wh in it) for the next `wh` above `used_wh`; blocks are left exactly at their end."""
        for index in range(self.block_at(used_wh), len(self.blocks)):
            up_to_wh = self.blocks[index].up_to_wh
            here = wh if up_to_wh is None else min(wh, up_to_wh - used_wh)
            if here:
                yield index, here
            used_wh, wh = used_wh + here, wh - here


def lines(grid: Grid, piece: Slice) -> Iterator[Line]:
    """Yield the priced lines of use inside one band, cut where a block ends."""
    for index, wh in grid.fill(piece.used_wh, piece.wh):
        price = grid.prices[index][piece.band]
        yield Line(
            part=grid.kind,
            name=grid.name,
            block=grid.blocks[index].name,
            band=grid.bands[piece.band],
            wh=wh,
            minor_per_kwh=price,
            cost=cost(wh, price),
            reference=grid.reference,
            because=_because(grid, index, piece.band),
        )


def parse_blocks(fields: Fields, price_fields: tuple[str, ...]) -> tuple[tuple[Block, ...], list[Fields]]:
    """Read `blocks`: names, rising ends, the last one open; return them and their fields for the prices."""
    blocks, rows = [], []
    for terms in fields.items("blocks"):
        row = Fields(terms, f"{fields.where}, blocks")
        name, end = row.text("name"), row.get("up_to_kwh")
        row.where = f"{fields.where}, block {name}"
        blocks.append(Block(name, None if end is None else wh_from_kwh(row.number("up_to_kwh"))))
        row.asked.update(price_fields)
        row.done()
        rows.append(row)
    unique([block.name for block in blocks], fields.where)
    _check_rising(blocks, fields.where)
    return tuple(blocks), rows


def _check_rising(blocks: list[Block], where: str) -> None:
    reached = 0
    for place, block in enumerate(blocks):
        is_last = place == len(blocks) - 1
        if is_last != (block.up_to_wh is None) or (block.up_to_wh is not None and block.up_to_wh <= reached):
            raise Refusal("tariff.blocks", where=where, name=block.name)
        reached = block.up_to_wh or reached


def _because(grid: Grid, block: int, band: int) -> Sentence:
    if grid.period is None and len(grid.bands) == 1:
        return Sentence("The price is the same at all hours.")
    if grid.period is None:
        return Sentence("Used in the hours of band %(band)s.", band=grid.bands[band])
    params = _block_params(grid, block)
    if len(grid.bands) == 1:
        return Sentence(_LADDER[grid.period, "last" not in params], **params)
    return Sentence(_LADDER_AND_BAND[grid.period, "last" not in params], band=grid.bands[band], **params)


_LADDER = {
    ("month", True): "Block %(block)s: from %(first)s up to %(end)s kWh in the month.",
    ("month", False): "Block %(block)s: above %(last)s kWh in the month.",
    ("year", True): "Block %(block)s: from %(first)s up to %(end)s kWh in the year.",
    ("year", False): "Block %(block)s: above %(last)s kWh in the year.",
}
_LADDER_AND_BAND = {
    ("month", True): "Band %(band)s, block %(block)s: from %(first)s up to %(end)s kWh in the month.",
    ("month", False): "Band %(band)s, block %(block)s: above %(last)s kWh in the month.",
    ("year", True): "Band %(band)s, block %(block)s: from %(first)s up to %(end)s kWh in the year.",
    ("year", False): "Band %(band)s, block %(block)s: above %(last)s kWh in the year.",
}


def _block_params(grid: Grid, index: int) -> dict[str, str]:
    block = grid.blocks[index]
    below_wh = (grid.blocks[index - 1].up_to_wh or 0) if index else 0
    if block.up_to_wh is None:
        return {"block": block.name, "last": format_kwh(below_wh, 0)}
    return {"block": block.name, "first": format_kwh(below_wh, 0), "end": format_kwh(block.up_to_wh, 0)}
