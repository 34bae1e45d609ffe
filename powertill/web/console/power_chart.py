"""The curve of one meter's power over the last 24 hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils import timezone
from django.utils.translation import gettext as _

from powertill.web.charts import line
from powertill.web.charts.svg import Drawing

STEPS_MINUTES = (5, 15, 30, 60)  # the finest that the readings fill
DAY_MINUTES = 24 * 60


def draw(samples: Sequence[tuple[datetime, int]], *, now: datetime, limit_w: int | None) -> Drawing:
    """Draw (taken at, W), oldest first; hours without a reading stay a gap."""
    step = step_minutes([at for at, _power in samples])
    start = _floor(now, step) - timedelta(minutes=DAY_MINUTES - step)
    count = DAY_MINUTES // step
    values: list[int | None] = [None] * count
    for at, power_w in samples:
        index = (at - start) // timedelta(minutes=step)
        if 0 <= index < count:
            values[index] = power_w
    times = [timezone.localtime(start + timedelta(minutes=step * n)) for n in range(count)]
    points = tuple(line.Point(f"{at:%m-%d %H:%M}", value) for at, value in zip(times, values, strict=True))
    ticks = tuple(
        line.Tick(n, f"{at:%H:%M}", at.hour == 0) for n, at in enumerate(times) if at.minute == 0 and at.hour % 4 == 0
    )
    return line.draw(
        line.LineChart(
            title=_("Power in the last 24 hours"),
            summary=_summary(values, limit_w),
            points=points,
            unit="kW",
            headings=(_("Time"), _("Power")),
            scale=1000,
            ticks=ticks,
            limit=limit_w,
            limit_label=_("power limit %(kw)s kW") % {"kw": _kw(limit_w or 0)},
            height=210,
        )
    )


def step_minutes(times: Sequence[datetime]) -> int:
    """Return the bucket that fits how often the meter is read: the median gap, rounded up."""
    gaps = sorted(after - before for before, after in pairwise(times))
    if not gaps:
        return 60
    median = gaps[len(gaps) // 2]
    return next((step for step in STEPS_MINUTES if median <= timedelta(minutes=step)), STEPS_MINUTES[-1])


def _floor(at: datetime, minutes: int) -> datetime:
    return at - timedelta(minutes=at.minute % minutes, seconds=at.second, microseconds=at.microsecond)


def _summary(values: Sequence[int | None], limit_w: int | None) -> str:
    known = [value for value in values if value is not None] or [0]
    facts = {"low": _kw(min(known)), "high": _kw(max(known))}
    if limit_w is None:
        return _("Between %(low)s and %(high)s kW.") % facts
    return _("Between %(low)s and %(high)s kW; the limit is %(limit)s kW.") % {**facts, "limit": _kw(limit_w)}


def _kw(watts: int) -> str:
    return f"{watts // 1000}.{watts % 1000 // 10:02}"
