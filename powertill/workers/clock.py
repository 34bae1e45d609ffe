"""The clock: looks at supplies whose next lawful step has come, and at meters that have fallen silent."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from powertill.apps.metering.models import Installation, Meter
from powertill.apps.notices import flows as notices
from powertill.apps.sales import delivering
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident

SILENT = timedelta(hours=24)  # then someone should visit the meter
SILENT_ROWS_MAX = 100


def step(*, clock: Callable[[], datetime]) -> int:
    """Review what is due; return how many supplies and messages were looked after."""
    now = clock()
    visits(now=now)
    delivering.late(now=now)
    return supply.review_due(now=now) + notices.chase(now=now)


def visits(*, now: datetime) -> None:
    """Put meters that have been silent for a day, or were never heard since they hang, on the list of visits."""
    day_ago = now - SILENT
    hangs = Installation.objects.filter(meter=OuterRef("pk"), from_at__lt=day_ago, to_at=None)
    listed = Incident.objects.filter(meter=OuterRef("pk"), kind="meter.silent", closed_at=None)
    never_heard = Q(Exists(hangs), seen_at=None)
    rows = Meter.objects.filter(Q(seen_at__lt=day_ago) | never_heard).exclude(Exists(listed))
    for meter in rows.select_related("site").order_by("number")[:SILENT_ROWS_MAX]:
        supply.open_incident(
            meter=meter, kind="meter.silent", subject=meter.number, detail="no answer for a day: visit it", now=now
        )
