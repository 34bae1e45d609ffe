"""Double entry: entries that cannot be out of balance, and one function for each business fact."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from powertill.core.errors import Refusal

MONEY = "money"
WH = "Wh"
Id = int | str

# A sale touches credits row by row, a settlement appends debits: the two sides never wait for each other.
SETTLEMENT_SIDE = frozenset({"consumption", "export"})
CREDIT_SIDE = frozenset(
    {"payment", "fee", "debt_repaid", "debt_charged", "preset", "preset_repaid", "to_meter", "from_meter"}
    | {"refund", "suspense", "suspense_resolved", "rounding", "reversal"}
)


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: debit is positive, credit negative, in minor units or Wh; never zero."""

    account: str
    amount: int
    unit: str = MONEY

    def __post_init__(self) -> None:
        if self.amount == 0:
            raise Refusal("ledger.zero", account=self.account)


@dataclass(frozen=True, slots=True)
class Entry:
    """One business fact, keyed by the fact, in balance in each unit; it never changes once it is written."""

    key: str
    kind: str
    at: datetime
    postings: tuple[Posting, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if not self.key:
            raise Refusal("ledger.key")
        if len(self.postings) < 2:
            raise Refusal("ledger.few")
        sums: Counter[str] = Counter()
        for posting in self.postings:
            sums[posting.unit] += posting.amount
        for unit, amount in sums.items():
            if amount:
                raise Refusal("ledger.unbalanced", unit=unit, amount=amount)


def reverse(entry: Entry, *, key: str, at: datetime) -> Entry:
    """The entry was wrong: undo it with its mirror image, and leave the first in the books."""
    mirror = tuple(Posting(p.account, -p.amount, p.unit) for p in entry.postings)
    return Entry(key, "reversal", at, mirror, note=entry.key)


def till(channel: str) -> str:
    """Return the account that money of a channel comes into: a cash drawer ("cash:3") is its own account."""
    return channel if channel.startswith("cash:") else f"clearing:{channel}"


def payment_received(*, key: str, at: datetime, channel: str, account: Id, amount_minor: int) -> Entry:
    """Money has come in: the channel owes it to us, and we owe it to the customer."""
    return _move((key, "payment", at), till(channel), f"customer:{account}", amount_minor)


def fee_taken(*, key: str, at: datetime, account: Id, fee_code: str, amount_minor: int, tax_minor: int = 0) -> Entry:
    """A fee was taken from the customer's money: it is our revenue, less the tax that we owe on it."""
    _positive(amount_minor)
    parts = ((f"revenue:fee:{fee_code}", tax_minor - amount_minor), ("tax:vat", -tax_minor))
    return Entry(key, "fee", at, (Posting(f"customer:{account}", amount_minor), *_lines(parts, MONEY)))


def debt_charged(
    *, key: str, at: datetime, account: Id, amount_minor: int, against: str = "suspense:takeover"
) -> Entry:
    """The customer owes us an old amount: taken over from former books, which `against` stands for."""
    return _move((key, "debt_charged", at), f"debt:{account}", against, amount_minor)


def overdraft_made_debt(*, key: str, at: datetime, account: Id, amount_minor: int) -> Entry:
    """An overdrawn balance is agreed as a debt: the balance rises, and the debt is repaid in capped parts."""
    return _move((key, "debt_charged", at), f"debt:{account}", f"customer:{account}", amount_minor)


def debt_repaid(*, key: str, at: datetime, account: Id, amount_minor: int) -> Entry:
    """Part of the customer's money repays a debt: we owe the customer less, and the debt is smaller."""
    return _move((key, "debt_repaid", at), f"customer:{account}", f"debt:{account}", amount_minor)


def preset_advanced(*, key: str, at: datetime, account: Id, amount_minor: int) -> Entry:
    """A meter was installed with preset credit: the customer may use it now and owes it to us."""
    return _move((key, "preset", at), f"preset:{account}", f"customer:{account}", amount_minor)


def preset_repaid(*, key: str, at: datetime, account: Id, amount_minor: int) -> Entry:
    """The first purchase gives back the preset credit."""
    return _move((key, "preset_repaid", at), f"customer:{account}", f"preset:{account}", amount_minor)


def credit_moved_to_meter(*, key: str, at: datetime, account: Id, amount_minor: int) -> Entry:
    """Credit is now in the meter's purse, proven by the meter: still the customer's, in another place."""
    return _move((key, "to_meter", at), f"customer:{account}", f"onmeter:{account}", amount_minor)


def credit_returned_from_meter(*, key: str, at: datetime, account: Id, amount_minor: int) -> Entry:
    """Credit was taken back out of the meter's purse, proven by the meter."""
    return _move((key, "from_meter", at), f"onmeter:{account}", f"customer:{account}", amount_minor)


def consumption_charged(
    *,
    key: str,
    at: datetime,
    account: Id,
    source: Literal["account", "meter"] = "account",
    amount_minor: int,
    tax_minor: int = 0,
    wh: int = 0,
    fixed_minor: int = 0,
) -> Entry | None:
    """Electricity was used: we owe the customer less (`amount_minor`, with tax and fixed charges), and earned it.

    Money and Wh are posted in one entry; None when there is neither. The parts are rounded on their own
    cumulative totals, so the energy revenue of one entry may be one minor unit below zero.
    """
    purse = f"{'onmeter' if source == 'meter' else 'customer'}:{account}"
    energy_minor = amount_minor - tax_minor - fixed_minor
    money = (
        (purse, amount_minor),
        ("revenue:energy", -energy_minor),
        ("revenue:fixed", -fixed_minor),
        ("tax:vat", -tax_minor),
    )
    postings = _lines(money, MONEY) + _lines(((f"used:{account}", wh), ("supplied", -wh)), WH)
    return Entry(key, "consumption", at, postings) if postings else None


def export_credited(*, key: str, at: datetime, account: Id, amount_minor: int, wh: int) -> Entry | None:
    """The customer fed electricity back: it costs us `amount_minor`, which we owe the customer. None if nothing."""
    money = (("cost:export", amount_minor), (f"customer:{account}", -amount_minor))
    postings = _lines(money, MONEY) + _lines((("taken", wh), (f"fed:{account}", -wh)), WH)
    return Entry(key, "export", at, postings) if postings else None


def refund_paid(*, key: str, at: datetime, account: Id, channel: str, amount_minor: int) -> Entry:
    """The customer got money back through the channel that it came from."""
    return _move((key, "refund", at), f"customer:{account}", till(channel), amount_minor)


def suspense_received(*, key: str, at: datetime, channel: str, amount_minor: int, ref: str) -> Entry:
    """Money has come in and we do not know for whom; `ref` is what the payer wrote."""
    return _move((key, "suspense", at), till(channel), f"suspense:{channel}", amount_minor, ref)


def suspense_resolved(*, key: str, at: datetime, channel: str, account: Id, amount_minor: int) -> Entry:
    """Money in suspense was recognised as this customer's."""
    return _move((key, "suspense_resolved", at), f"suspense:{channel}", f"customer:{account}", amount_minor)


def suspense_returned(*, key: str, at: datetime, channel: str, amount_minor: int, ref: str) -> Entry:
    """Money in suspense belongs to nobody here and went back to its payer."""
    return _move((key, "refund", at), f"suspense:{channel}", till(channel), amount_minor, ref)


def rounding_posted(*, key: str, at: datetime, account: Id, amount_minor: int) -> Entry:
    """A rounding difference is settled: positive is charged to the customer, negative is given to the customer."""
    money = ((f"customer:{account}", amount_minor), ("rounding", -amount_minor))
    return Entry(key, "rounding", at, _lines(money, MONEY))


def _move(fact: tuple[str, str, datetime], debit: str, credit: str, amount_minor: int, note: str = "") -> Entry:
    _positive(amount_minor)
    return Entry(*fact, (Posting(debit, amount_minor), Posting(credit, -amount_minor)), note)


def _positive(amount_minor: int) -> None:
    if amount_minor <= 0:
        raise Refusal("ledger.amount", amount=amount_minor)


def _lines(parts: tuple[tuple[str, int], ...], unit: str) -> tuple[Posting, ...]:
    return tuple(Posting(account, amount, unit) for account, amount in parts if amount)
