"""Proofs of the books: entries balance, and every cached balance is the sum of its postings."""

from datetime import datetime

from django.db.models import Q, Sum

from powertill.apps.doctor.check import Check
from powertill.apps.ledger import queries as ledger
from powertill.apps.ledger.models import Debit, Entry, Posting, Purse
from powertill.core import ledger as core


def entries_balance(now: datetime) -> Check:
    """Every entry adds up to zero in each unit."""
    rows = tuple(f"entry {pk}" for pk in ledger.unbalanced_entries())
    return Check("books.balance", "Every entry adds up to zero in money and in Wh", Entry.objects.count(), rows)


def entries_full(now: datetime) -> Check:
    """No entry is empty."""
    rows = tuple(f"entry {pk}" for pk in ledger.empty_entries())
    return Check("books.empty", "Every entry has at least two postings", Entry.objects.count(), rows)


def balances(now: datetime) -> Check:
    """The balance shown is the sum of the postings."""
    rows = tuple(_differs(*row) for row in ledger.wrong_purses())
    return Check("purses.balance", "Every balance is the sum of its postings", Purse.objects.count(), rows)


def credit_sides(now: datetime) -> Check:
    """The credit side alone is right too, so that two mistakes cannot hide each other."""
    rows = tuple(_differs(*row) for row in ledger.wrong_credit_sides())
    return Check("purses.credits", "Every credit side is the sum of what came in", Purse.objects.count(), rows)


def debit_sides(now: datetime) -> Check:
    """The running totals of use and money are the sums of the settlements."""
    newest = list(Debit.objects.order_by("account_id", "place", "-id").distinct("account_id", "place"))
    proven = _settled_minor()
    rows = [
        f"account {row.account_id} {row.place}: {row.debits_minor} settled, by the postings {minor}"
        for row in newest
        if row.debits_minor != (minor := proven.pop((row.account_id, row.place), 0))
    ]
    rows += [f"account {key[0]} {key[1]}: 0 settled, by the postings {minor}" for key, minor in proven.items() if minor]
    rows += _wrong_energy(newest)
    return Check("purses.debits", "Every debit side is the sum of what was used", len(newest), tuple(rows))


def _settled_minor() -> dict[tuple[int, str], int]:
    mine = Posting.objects.filter(entry__kind__in=core.SETTLEMENT_SIDE, unit=core.MONEY)
    mine = mine.filter(Q(account__startswith="customer:") | Q(account__startswith="onmeter:"))
    settled = {}
    for name, amount in mine.order_by().values_list("account").annotate(n=Sum("amount")):
        holder, _, account_id = name.partition(":")
        settled[int(account_id), ledger.HOLDER_PLACE[holder]] = int(amount)
    return settled


def _wrong_energy(newest: list[Debit]) -> list[str]:
    """Compare used and fed-back Wh, of both places together, with the energy books."""
    cached: dict[str, int] = {}
    for row in newest:
        for name, wh in ((f"used:{row.account_id}", row.used_wh), (f"fed:{row.account_id}", -row.fed_wh)):
            cached[name] = cached.get(name, 0) + wh
    mine = Posting.objects.filter(unit=core.WH).filter(Q(account__startswith="used:") | Q(account__startswith="fed:"))
    proven = dict(mine.order_by().values_list("account").annotate(n=Sum("amount")))
    return [
        f"{name}: {cached.get(name, 0)} Wh, by the postings {proven.get(name, 0)}"
        for name in sorted(cached.keys() | proven.keys())
        if cached.get(name, 0) != proven.get(name, 0)
    ]


def _differs(account_id: int, place: str, cached: int, proven: int) -> str:
    return f"account {account_id} {place}: {cached} is kept, by the postings {proven}"


PROOFS = (entries_balance, entries_full, balances, credit_sides, debit_sides)
