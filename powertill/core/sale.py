"""What one payment buys: preset credit, debts and fees under a cap, and energy credit; the parts sum to the payment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from powertill.core.energy import cost, split_wh
from powertill.core.errors import Refusal
from powertill.core.money import (
    AMOUNT_MINOR_MAX,
    exact_sum,
    format_minor,
    inclusive_tax,
    round_minor,
    share,
    share_per_mille_cap,
)
from powertill.core.tariff.engine import State, bands, position
from powertill.core.tariff.terms import Plan

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Arrear:
    """An old debt. `cap_per_mille` is the most of one payment that this debt may take."""

    code: str
    name: str
    owed_minor: int
    cap_per_mille: int = 1000


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee that is due at the sale, for example a property fee; what the cap leaves over stays due."""

    code: str
    name: str
    minor: int


@dataclass(frozen=True, slots=True)
class SalePolicy:
    """Limits of one sale. `fee_cap_per_mille`: the most of a payment that all debts and fees may take together.

    With `lifeline_first` the cap holds, so every payment buys electricity. Without it debts and fees are
    taken whole before any electricity, which is unlawful in some places: the operator must choose it knowingly.
    """

    minor_min: int = 100
    minor_max: int = AMOUNT_MINOR_MAX
    fee_cap_per_mille: int = 500
    lifeline_first: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a sale. Kinds: preset, debt, fee, energy, remainder. `minor_per_kwh` is what the customer pays."""

    kind: str
    code: str
    name: str
    minor: int
    wh: int = 0
    minor_per_kwh: Decimal | None = None
    block: str = ""
    band: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """How a payment is used. `credit_minor` becomes credit; `wh_estimate` is what it buys at the usual use."""

    amount_minor: int
    parts: tuple[Part, ...]
    credit_minor: int
    wh_estimate: int
    tax_included_minor: int

    def __post_init__(self) -> None:
        if sum(part.minor for part in self.parts) != self.amount_minor:
            raise ArithmeticError("the parts of a sale must sum to the payment")


class _Bought(NamedTuple):
    """Wh of one block and band, with the exact price."""

    block: int
    band: int
    wh: int
    cost: Decimal


@dataclass(slots=True)
class _Purse:
    """What is left to spend while a payment is split."""

    left_minor: int
    parts: list[Part] = field(default_factory=list)

    def take(self, kind: str, code: str, name: str, minor: int) -> int:
        """Move up to `minor` into a part; return what was taken."""
        minor = min(minor, self.left_minor)
        if minor > 0:
            self.left_minor -= minor
            self.parts.append(Part(kind, code, name, minor))
        return max(minor, 0)


def quote(
    *,
    amount_minor: int,
    plan: Plan,
    state: State,
    at: datetime,
    holidays: frozenset[date] = frozenset(),
    mix: Mapping[str, int] | None = None,
    arrears: tuple[Arrear, ...] = (),
    preset_owed_minor: int = 0,
    fees: tuple[Fee, ...] = (),
    policy: SalePolicy = SalePolicy(),
) -> Quote:
    """Split a payment; the same function serves the quote on the screen and the posting of the sale.

    `mix` is the usual share of each band in per mille; without it, each band counts with its hours of the
    day of the sale. Refuses amounts outside the policy (`sale.amount`).
    """
    _check_amount(amount_minor, policy, plan.exponent)
    purse = _Purse(amount_minor)
    purse.take("preset", "preset", "Preset credit", preset_owed_minor)
    _deduct(purse, amount_minor, arrears, fees, policy)
    credit_minor = purse.left_minor
    energy = _energy_parts(plan, state, at, credit_minor, _weights(plan, at, holidays, mix or {}))
    tax = round_minor(inclusive_tax(Decimal(credit_minor), plan.tax.per_mille)) if plan.tax else 0
    return Quote(amount_minor, (*purse.parts, *energy), credit_minor, sum(part.wh for part in energy), tax)


def _check_amount(amount_minor: int, policy: SalePolicy, exponent: int) -> None:
    if not max(policy.minor_min, 1) <= amount_minor <= policy.minor_max:
        raise Refusal(
            "sale.amount",
            minor_min=format_minor(max(policy.minor_min, 1), exponent=exponent),
            minor_max=format_minor(policy.minor_max, exponent=exponent),
        )


def _deduct(
    purse: _Purse, amount_minor: int, arrears: tuple[Arrear, ...], fees: tuple[Fee, ...], policy: SalePolicy
) -> None:
    cap_minor = share_per_mille_cap(amount_minor, policy.fee_cap_per_mille) if policy.lifeline_first else amount_minor
    for arrear in arrears:
        if arrear.owed_minor < 0 or arrear.cap_per_mille < 0:
            raise Refusal("sale.owed", name=arrear.name)
        own_cap_minor = share_per_mille_cap(amount_minor, arrear.cap_per_mille)
        wanted_minor = min(arrear.owed_minor, own_cap_minor, cap_minor)
        cap_minor -= purse.take("debt", arrear.code, arrear.name, wanted_minor)
    for fee in fees:
        if fee.minor < 0:
            raise Refusal("sale.owed", name=fee.name)
        cap_minor -= purse.take("fee", fee.code, fee.name, min(fee.minor, cap_minor))


def _weights(plan: Plan, at: datetime, holidays: frozenset[date], mix: Mapping[str, int]) -> tuple[int, ...]:
    names = plan.band_names
    for band in mix:
        if band not in names:
            raise Refusal("sale.mix", tariff=plan.code, band=band)
    weights = tuple(mix.get(band, 0) for band in names)
    if sum(weights) > 0 and min(weights) >= 0:
        return weights
    today = bands(plan, at.astimezone(plan.zone).date(), holidays)
    return tuple(sum(piece.span.seconds for piece in today if piece.band == band) for band in names)


def _energy_parts(
    plan: Plan, state: State, at: datetime, credit_minor: int, weights: tuple[int, ...]
) -> tuple[Part, ...]:
    """Return energy parts by block and band from the present place on the ladder, and a remainder part if any."""
    bought = list(_buy(plan, state, at, Decimal(credit_minor), weights))
    remainder_minor = int(credit_minor - _cost(bought))  # whole minor units that do not buy another Wh
    paid = [item for item in bought if item.cost]
    amounts = share(credit_minor - remainder_minor, [item.cost for item in paid]) if paid else ()
    by_item = dict(zip(paid, amounts, strict=True))
    parts = [_part(plan, item, by_item.get(item, 0)) for item in bought if item.wh]
    if remainder_minor:
        parts.append(Part("remainder", "remainder", "Kept as credit", remainder_minor))
    return tuple(parts)


def _part(plan: Plan, item: _Bought, minor: int) -> Part:
    grid = plan.energy
    price = _gross(plan, grid.prices[item.block][item.band])
    return Part(
        "energy", plan.code, grid.name, minor, item.wh, price, grid.blocks[item.block].name, grid.bands[item.band]
    )


def _buy(plan: Plan, state: State, at: datetime, money: Decimal, weights: tuple[int, ...]) -> Iterator[_Bought]:
    """Yield what the money buys, block after block, each at the usual mix of bands; never more than the money."""
    place = position(plan, state, at)
    room_wh = place.left_wh
    for block in range(place.index, len(plan.energy.blocks)):
        items = _in_block(plan, block, money, weights, room_wh)
        yield from items
        money -= _cost(items)
        following = plan.energy.blocks[block + 1].up_to_wh if block + 1 < len(plan.energy.blocks) else None
        if room_wh is None or sum(item.wh for item in items) < room_wh:
            return
        room_wh = following - (plan.energy.blocks[block].up_to_wh or 0) if following is not None else None


def _in_block(plan: Plan, block: int, money: Decimal, weights: tuple[int, ...], room_wh: int | None) -> list[_Bought]:
    prices = [_gross(plan, price) for price in plan.energy.prices[block]]
    weighted = sum((price * weight for price, weight in zip(prices, weights, strict=True)), ZERO)
    if weighted == 0:  # free: the whole block, and in an endless one nothing is bought, the money stays credit
        return _priced(block, split_wh(room_wh or 0, weights), prices)
    if room_wh is not None:
        whole = _priced(block, split_wh(room_wh, weights), prices)
        if _cost(whole) <= money:
            return whole
    wh = _affordable(money, weighted, sum(weights))
    items = _priced(block, split_wh(wh, weights), prices)
    # Whole Wh per band can cost a little more than the mix; rounded down in each band they cannot.
    down = tuple(wh * weight // sum(weights) for weight in weights)
    return items if _cost(items) <= money else _priced(block, down, prices)


def _affordable(money: Decimal, weighted: Decimal, weight: int) -> int:
    scaled = Fraction(money) * weight / Fraction(weighted) * 1000
    return max(scaled.numerator // scaled.denominator, 0)


def _priced(block: int, shares: tuple[int, ...], prices: list[Decimal]) -> list[_Bought]:
    return [_Bought(block, band, wh, cost(wh, prices[band])) for band, wh in enumerate(shares)]


def _cost(items: list[_Bought]) -> Decimal:
    return exact_sum(item.cost for item in items)


def _gross(plan: Plan, price: Decimal) -> Decimal:
    return plan.tax.gross(price) if plan.tax else price
