"""A charged line that explains itself, and what the kinds of charge are asked to price."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from powertill.core.errors import Sentence


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a charge. `cost` is exact, in minor units; `part` is the kind, `name` what people call it."""

    part: str
    name: str
    block: str
    band: str
    wh: int
    minor_per_kwh: Decimal | None
    cost: Decimal
    reference: str
    because: Sentence


@dataclass(frozen=True, slots=True)
class Slice:
    """Use inside one local day and one band; `used_wh` is the place on the ladder before it."""

    day: date
    band: int
    wh: int
    used_wh: int
