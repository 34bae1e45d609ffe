"""The clock: looks at supplies whose next lawful step has come, and at meters that have fallen silent."""

from collections.abc import Callable
from datetime import datetime, timedelta

from powertill.apps.metering.models import Meter
from powertill.apps.notices import flows as notices
from powertill.apps.sales import delivering
from powertill.apps.supply import flows as supply

SILENT = timedelta(hours=24)  # then someone should visit the meter
SILENT_ROWS_MAX = 100


def step(*, clock: Callable[[], datetime]) -> int:
    """Review what is due; return how many supplies and messages were looked after."""
    now = clock()
    visits(now=now)
    delivering.late(now=now)
    return supply.review_due(now=now) + notices.chase(now=now)


def visits(*, now: datetime) -> None:
    """Put meters that have been silent for a day on the list of visits."""
    rows = Meter.objects.filter(seen_at__lt=now - SILENT).exclude(
        incidents__kind="meter.silent", incidents__closed_at=None
    )
    for meter in rows[:SILENT_ROWS_MAX]:
        supply.open_incident(
            meter=meter, kind="meter.silent", subject=meter.number, detail="no answer for a day: visit it", now=now
        )
