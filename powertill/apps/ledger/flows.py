"""Post entries and move the split balance with them, in the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from powertill.apps.ledger.models import Debit, Entry, Posting, Purse
from powertill.apps.sites.models import Account
from powertill.core import ledger as core

HOLDER = {"customer": "account", "onmeter": "meter"}  # ledger account -> place of the purse


class AlreadyPosted(Exception):
    """The fact with this key is in the books; the caller looks it up instead of posting it again."""


def open_purses(*, account: Account) -> None:
    """Make the two empty purses of a new account."""
    Purse.objects.bulk_create([Purse(account=account, place=place) for place in HOLDER.values()], ignore_conflicts=True)


def lock(account_ids: Iterable[int]) -> None:
    """Lock the credit side of accounts in id order, so that two flows never wait for each other in a ring."""
    rows = Purse.objects.filter(account_id__in=set(account_ids)).order_by("account_id", "place")
    list(rows.select_for_update())


def post(*entries: core.Entry | None, now: datetime, reverses: Entry | None = None) -> list[Entry]:
    """Write entries and their effect on the credit side; settlement kinds move `Debit` by `settle` instead."""
    rows = []
    for entry in entries:
        if entry is None:
            continue
        rows.append(_write(entry, now=now, reverses=reverses))
        if entry.kind not in core.SETTLEMENT_SIDE:
            _credit(entry)
    return rows


def _write(entry: core.Entry, *, now: datetime, reverses: Entry | None) -> Entry:
    try:
        with transaction.atomic():
            row = Entry.objects.create(key=entry.key, kind=entry.kind, at=entry.at, posted_at=now, reverses=reverses)
    except IntegrityError as fault:
        raise AlreadyPosted(entry.key) from fault
    Posting.objects.bulk_create(
        Posting(entry=row, account=posting.account, unit=posting.unit, amount=posting.amount)
        for posting in entry.postings
    )
    return row


def _credit(entry: core.Entry) -> None:
    for posting in entry.postings:
        holder, _, account_id = posting.account.partition(":")
        if holder not in HOLDER or posting.unit != core.MONEY:
            continue
        purse = Purse.objects.select_for_update().get(account_id=int(account_id), place=HOLDER[holder])
        purse.credits_minor -= posting.amount
        if posting.amount < 0:
            purse.epoch += 1
        purse.save(update_fields=["credits_minor", "epoch"])


def settle(*, account: Account, place: str, entry: core.Entry | None, at: datetime, now: datetime) -> Entry | None:
    """Post consumption or export and append the running totals; None when there is nothing to post."""
    if entry is None:
        return None
    (row,) = post(entry, now=now)
    last = Debit.objects.filter(account=account, place=place).order_by("-id").first()
    money = sum(p.amount for p in entry.postings if p.unit == core.MONEY and _is_holder(p.account, account))
    used = sum(p.amount for p in entry.postings if p.account == f"used:{account.pk}")
    fed = -sum(p.amount for p in entry.postings if p.account == f"fed:{account.pk}")
    Debit.objects.create(
        account=account,
        place=place,
        at=at,
        debits_minor=(last.debits_minor if last else 0) + money,
        used_wh=(last.used_wh if last else 0) + used,
        fed_wh=(last.fed_wh if last else 0) + fed,
        entry=row,
    )
    return row


def _is_holder(name: str, account: Account) -> bool:
    holder, _, account_id = name.partition(":")
    return holder in HOLDER and account_id == str(account.pk)
