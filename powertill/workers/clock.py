"""The clock: looks at supplies whose next lawful step has come, and at meters that have fallen silent."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from powertill.apps.metering.models import Installation, Meter
from powertill.apps.notices import flows as notices
from powertill.apps.sales import delivering, doubts
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident

SILENT = timedelta(hours=24)  # then someone should visit the meter
SILENT_ROWS_MAX = 100


def step(*, clock: Callable[[], datetime]) -> int:
    """Review what is due; return how many supplies and messages were looked after."""
    now = clock()
    with ExitStack() as duties:
        # A stack runs all of them, the last one first, and raises afterwards what failed.
        duties.callback(visits, now=now)
        duties.callback(delivering.late, now=now)
        duties.callback(doubts.watch, now=now)
        done: list[int] = []
        duties.callback(lambda: done.append(notices.chase(now=now)))
        duties.callback(lambda: done.append(supply.review_due(now=now)))
    return sum(done)


def visits(*, now: datetime) -> None:
    """Put meters that have been silent for a day, or were never heard since they hang, on the list of visits."""
    day_ago = now - SILENT
    hangs = Installation.objects.filter(meter=OuterRef("pk"), from_at__lt=day_ago, to_at=None)
    listed = Incident.objects.filter(meter=OuterRef("pk"), kind="meter.silent", closed_at=None)
    never_heard = Q(Exists(hangs), seen_at=None)
    rows = Meter.objects.filter(Q(seen_at__lt=day_ago) | never_heard).exclude(Exists(listed))
    for meter in rows.select_related("site").order_by("number")[:SILENT_ROWS_MAX]:
        supply.open_incident(meter=meter, kind="meter.silent", subject=meter.number, now=now)
