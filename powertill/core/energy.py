"""Energy in whole watt-hours, and its exact price; the only place that rounds energy."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from powertill.core.errors import Refusal
from powertill.core.money import WIDE, share

WH_PER_KWH = 1000


def wh_from_kwh(kwh: Decimal) -> int:
    """Return kWh as whole Wh; a fraction of a Wh is refused (`energy.fraction`), never rounded."""
    wh = WIDE.multiply(kwh, Decimal(WH_PER_KWH)) if kwh.is_finite() else kwh
    if not wh.is_finite() or wh != wh.to_integral_value():
        raise Refusal("energy.fraction", kwh=kwh)
    return int(wh)


def format_kwh(wh: int, places: int = 2) -> str:
    """Return Wh as kWh for people, rounded half to even: 1234560 -> "1,234.56"."""
    return f"{WIDE.quantize(Decimal(wh).scaleb(-3), Decimal(1).scaleb(-places)):,}"


def format_kw(watts: int, places: int = 1) -> str:
    """Return W as kW for people, rounded half to even: 412550 -> "412.6"."""
    return format_kwh(watts, places)  # both are a thousandth


def mean_price(minor: int, wh: int) -> Decimal:
    """Return the minor units per kWh that `wh` cost on average, to 60 digits; `wh` must be above zero (ValueError)."""
    if wh <= 0:
        raise ValueError("no energy has no price")
    return WIDE.divide(Decimal(minor * WH_PER_KWH), Decimal(wh))


def cost(wh: int, minor_per_kwh: Decimal) -> Decimal:
    """Return the exact price of `wh` in minor units, not rounded: round only the cumulative total."""
    return WIDE.multiply(Decimal(wh), minor_per_kwh).scaleb(-3)


def affordable_wh(minor: Decimal | int, minor_per_kwh: Decimal) -> int:
    """Return the whole Wh that `minor` can buy, rounded down; the price must be above zero (ValueError)."""
    if minor_per_kwh <= 0:
        raise ValueError("a price of zero buys without limit")
    return int(Fraction(minor) * WH_PER_KWH // Fraction(minor_per_kwh))


def split_wh(wh: int, weights: Sequence[int | Decimal]) -> tuple[int, ...]:
    """Split Wh by weights (for example seconds) with the largest remainder method; the parts sum exactly."""
    return share(wh, weights)
