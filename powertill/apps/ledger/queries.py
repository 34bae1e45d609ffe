"""Balances, the float and the proofs of the books."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from powertill.apps.ledger.models import Debit, Entry, Posting, Purse
from powertill.core import ledger as core

HOLDER_PLACE = {"customer": "account", "onmeter": "meter"}  # ledger account -> place of the purse


def purses() -> QuerySet[Any]:
    """Return purses with `debits` and `balance` (credits - debits) computed in the database."""
    newest = Debit.objects.filter(account=OuterRef("account"), place=OuterRef("place")).order_by("-id")
    debits = Coalesce(Subquery(newest.values("debits_minor")[:1]), Value(0))
    return Purse.objects.annotate(debits=debits, balance=F("credits_minor") - debits)


def balance_minor(*, account_id: int, place: str) -> int:
    """Return the effective balance: credits that came in less the debits settled so far."""
    row = purses().filter(account_id=account_id, place=place).values_list("balance", flat=True).first()
    return int(row or 0)


def credit_epoch(*, account_id: int) -> int:
    """Return a number that rises with every credit to the account, whichever the place."""
    return int(Purse.objects.filter(account_id=account_id).aggregate(n=Sum("epoch"))["n"] or 0)


def account_total(name: str, *, unit: str = core.MONEY) -> int:
    """Return the sum of all postings to one ledger account (debit positive)."""
    return int(Posting.objects.filter(account=name, unit=unit).aggregate(n=Sum("amount"))["n"] or 0)


def debits(*, account_id: int, place: str) -> Debit | None:
    """Return the newest running totals, or None before the first settlement."""
    return Debit.objects.filter(account_id=account_id, place=place).order_by("-id").first()


@dataclass(frozen=True, slots=True)
class Float:
    """Money that customers have paid and not yet used, in minor units; presets are advances still owed to us."""

    held_minor: int
    presets_owed_minor: int


def money_held(site_id: int) -> Float:
    """Return the float of a site: the sum of all purses, and the preset advances not yet paid back."""
    rows = purses().filter(account__site_id=site_id)
    held = sum(row.balance for row in rows)
    names = [f"preset:{pk}" for pk in rows.values_list("account_id", flat=True).distinct()]
    owed = Posting.objects.filter(account__in=names, unit=core.MONEY).aggregate(n=Sum("amount"))["n"] or 0
    return Float(held_minor=held, presets_owed_minor=int(owed))


def unbalanced_entries() -> list[int]:
    """Return ids of entries whose postings do not add up to zero in some unit."""
    rows = Posting.objects.values("entry_id", "unit").annotate(n=Sum("amount")).exclude(n=0)
    return sorted({row["entry_id"] for row in rows})


def empty_entries() -> list[int]:
    """Return ids of entries that have fewer than two postings."""
    rows = Entry.objects.annotate(n=Count("postings")).filter(n__lt=2)
    return sorted(rows.values_list("id", flat=True))


def wrong_purses() -> list[tuple[int, str, int, int]]:
    """Return (account, place, cached balance, balance by the postings) wherever the two differ."""
    held = _held(Posting.objects.all())
    return _differing(held, {(row.account_id, row.place): row.balance for row in purses()})


def wrong_credit_sides() -> list[tuple[int, str, int, int]]:
    """Return (account, place, cached credits, credits by the postings) wherever the credit side alone differs."""
    held = _held(Posting.objects.exclude(entry__kind__in=core.SETTLEMENT_SIDE))
    return _differing(held, {(row.account_id, row.place): row.credits_minor for row in Purse.objects.all()})


def _held(rows: QuerySet[Posting]) -> dict[tuple[int, str], int]:
    mine = rows.filter(unit=core.MONEY).filter(Q(account__startswith="customer:") | Q(account__startswith="onmeter:"))
    held = {}
    for name, amount in mine.values_list("account").annotate(n=Sum("amount")):
        holder, _, account_id = name.partition(":")
        held[int(account_id), HOLDER_PLACE[holder]] = -int(amount)
    return held


def _differing(
    proven: dict[tuple[int, str], int], cached: dict[tuple[int, str], int]
) -> list[tuple[int, str, int, int]]:
    """Compare both ways: money of an account that has no purse row differs too."""
    keys = sorted(proven.keys() | cached.keys())
    return [(*key, cached.get(key, 0), proven.get(key, 0)) for key in keys if cached.get(key, 0) != proven.get(key, 0)]
