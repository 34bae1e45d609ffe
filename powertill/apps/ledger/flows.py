"""Post entries and move the split balance with them, in the caller's transaction.

Locks are taken in one order everywhere, so that no two flows wait for each other: operation, delivery, meter,
supply point, purse, settlement of the account, supply, and the log of acts last.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from powertill.apps.ledger.models import Debit, Entry, Posting, Purse
from powertill.apps.ledger.queries import HOLDER_PLACE
from powertill.apps.sites.models import Account
from powertill.core import ledger as core

INT_MAX = 2**31
_SETTLEMENT_LOCK = 0x5345544C  # first key of the advisory lock; the second is the account


class AlreadyPosted(Exception):
    """The fact with this key is in the books; the caller looks it up instead of posting it again."""


def open_purses(*, account: Account) -> None:
    """Make the two empty purses of a new account."""
    purses = [Purse(account=account, place=place) for place in HOLDER_PLACE.values()]
    Purse.objects.bulk_create(purses, ignore_conflicts=True)


def lock(account_ids: Iterable[int]) -> None:
    """Lock the credit side of accounts in id order, so that two flows never wait for each other in a ring."""
    rows = Purse.objects.filter(account_id__in=set(account_ids)).order_by("account_id", "place")
    list(rows.select_for_update(no_key=True, of=("self",)))


def post(*entries: core.Entry | None, now: datetime, reverses: Entry | None = None) -> list[Entry]:
    """Write entries and their effect on the credit side; settlement kinds move `Debit` by `settle` instead.

    Raise `AlreadyPosted` for a fact that is in the books.
    """
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
        [
            Posting(entry=row, account=posting.account, unit=posting.unit, amount=posting.amount)
            for posting in entry.postings
        ]
    )
    return row


def _credit(entry: core.Entry) -> None:
    moves = [(*named, posting.amount) for posting in entry.postings if (named := _holder(posting))]
    # Credit that only changes its place, or comes back by a reversal, is no new money: warnings stay as they are.
    is_new_money = sum(amount for _place, _account, amount in moves) < 0 and entry.kind != "reversal"
    for place, account_id, amount in moves:
        purse = Purse.objects.select_for_update(no_key=True, of=("self",)).get(account_id=account_id, place=place)
        purse.credits_minor -= amount
        if amount < 0 and is_new_money:
            purse.epoch += 1
        purse.save(update_fields=["credits_minor", "epoch"])


def _holder(posting: core.Posting) -> tuple[str, int] | None:
    """Return (place, account) when the posting moves a customer's purse."""
    holder, _, account_id = posting.account.partition(":")
    if holder not in HOLDER_PLACE or posting.unit != core.MONEY:
        return None
    return HOLDER_PLACE[holder], int(account_id)


def settle(*, account: Account, place: str, entry: core.Entry | None, at: datetime, now: datetime) -> Entry | None:
    """Post consumption or export and append the running totals; None when there is nothing to post."""
    if entry is None:
        return None
    with connection.cursor() as cursor:  # Settlements of an account queue here and never touch what a sale locks.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_SETTLEMENT_LOCK, account.pk % INT_MAX])
    (row,) = post(entry, now=now)
    last = Debit.objects.filter(account=account, place=place).order_by("-id").first()
    money = sum(posting.amount for posting in entry.postings if _holder(posting) == (place, account.pk))
    used = sum(posting.amount for posting in entry.postings if posting.account == f"used:{account.pk}")
    fed = -sum(posting.amount for posting in entry.postings if posting.account == f"fed:{account.pk}")
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
