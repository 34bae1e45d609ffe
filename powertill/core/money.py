"""Money in whole minor units: reading it, writing it, sharing it, and the one place that rounds it."""

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from powertill.core.errors import Refusal

AMOUNT_MINOR_MAX = 100_000_000
TEXT_LENGTH_MAX = 40
# Wide enough for every product of limits in this package; results never depend on the caller's decimal context.
WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


def parse_minor(text: str, *, exponent: int = 2, minor_max: int = AMOUNT_MINOR_MAX, allow_zero: bool = False) -> int:
    """Return the minor units that `text` means ("50.5" -> 5050), or refuse with a `money.*` code.

    Only ASCII digits and one dot between digits are read: no sign, no space, no thousands separator,
    no exponent, no full-width digits.
    """
    if text == "":
        raise Refusal("money.empty")
    match = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))?", text) if len(text) <= TEXT_LENGTH_MAX else None
    if match is None:
        raise Refusal("money.format")
    whole, places = match[1], match[2] or ""
    if len(places) > exponent:
        raise Refusal("money.places", places=exponent)
    minor = int(whole + places.ljust(exponent, "0"))
    if minor > minor_max:
        raise Refusal("money.large", amount_max=format_minor(minor_max, exponent=exponent))
    if minor == 0 and not allow_zero:
        raise Refusal("money.zero")
    return minor


def format_minor(minor: int, *, exponent: int = 2, grouped: bool = True) -> str:
    """Return minor units as people write money: 123450 -> "1,234.50", -300 -> "-3.00"."""
    whole, places = divmod(abs(minor), 10**exponent)
    text = f"{whole:,}" if grouped else f"{whole}"
    if exponent:
        text += f".{places:0{exponent}d}"
    return f"-{text}" if minor < 0 else text


def round_minor(exact_minor: Decimal) -> int:
    """Round an exact amount to whole minor units, half to even: over a million sales the errors cancel."""
    return int(WIDE.quantize(exact_minor, Decimal(1)))


def exact_sum(costs: Iterable[Decimal]) -> Decimal:
    """Return the sum of exact amounts without loss, whatever decimal context the caller has."""
    total = Decimal(0)
    for cost in costs:
        total = WIDE.add(total, cost)
    return total


def share(total: int, weights: Sequence[int | Decimal]) -> tuple[int, ...]:
    """Split `total` by `weights` with the largest remainder method; the parts sum to `total` exactly.

    Weights are not negative and not all zero (ValueError). Equal remainders go to the earlier part.
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact, Fraction(0))
    if whole <= 0 or min(exact) < 0:
        raise ValueError("weights must not be negative and not all zero")
    if total < 0:
        return tuple(-part for part in share(-total, weights))
    ideal = [total * weight / whole for weight in exact]
    parts = [part.numerator // part.denominator for part in ideal]
    largest = sorted(range(len(parts)), key=lambda i: (parts[i] - ideal[i], i))
    for i in largest[: total - sum(parts)]:
        parts[i] += 1
    return tuple(parts)


def share_per_mille_cap(total: int, per_mille: int) -> int:
    """Return the most that may be taken of `total` under a cap in per mille, rounded down for the payer."""
    return total * per_mille // 1000


def inclusive_tax(gross_minor_exact: Decimal, per_mille: int) -> Decimal:
    """Return the exact tax contained in a gross amount; `per_mille` is the rate on the net amount."""
    return WIDE.divide(WIDE.multiply(gross_minor_exact, Decimal(per_mille)), Decimal(1000 + per_mille))
