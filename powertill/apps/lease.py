"""Leases on rows of work, so that several workers share one table and a dead worker loses nothing.

A lease is about processes being alive, so it runs on the database's own clock; when work is due is business
time, which may be simulated and run faster.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

LEASE = timedelta(minutes=2)  # Longer than any one conversation with a meter, time-outs included.
CLAIM_ROWS_MAX = 100


class Leased(models.Model):
    """A row that a worker takes for a while. The epoch fences a worker that comes back from the dead."""

    lease_until = models.DateTimeField(null=True)
    lease_epoch = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True


def claim(rows: models.QuerySet[Any], *, now: datetime, limit: int = 1) -> list[Any]:
    """Lease up to `limit` due rows of `rows` and return them; rows leased by others are skipped."""
    due = rows.filter(Q(lease_until=None) | Q(lease_until__lte=Now()), next_at__lte=now)
    with transaction.atomic():
        # of self: joins of the given rows are not locked. no_key: rows that point here can be added meanwhile.
        locked = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
        taken = list(locked.order_by("next_at", "pk")[: min(limit, CLAIM_ROWS_MAX)])
        for row in taken:
            row.lease_epoch += 1
            type(row).objects.filter(pk=row.pk).update(lease_until=Now() + LEASE, lease_epoch=row.lease_epoch)
    return taken


class LeaseLost(Exception):
    """Another worker took the row over; whatever this one did must be looked up, not stored."""


def hold(model: type[Any], *, pk: int, epoch: int) -> Any:
    """Lock and return the row if this worker still holds its lease; else raise `LeaseLost`."""
    row = model.objects.select_for_update(no_key=True, of=("self",)).filter(pk=pk, lease_epoch=epoch).first()
    if row is None:
        raise LeaseLost(f"{model.__name__} {pk} epoch {epoch}")
    return row
