"""When the credit will be used up, from the use of the last days: likely, at the earliest, at the latest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS_MIN = 3  # fewer days say nothing about habit
DAYS_MAX = 28
HORIZON_DAYS = 365  # beyond a year nobody plans
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Forecast:
    """Instants at which the credit ends at median, high (P90) and low (P10) use; None: not within a year."""

    likely_at: datetime | None
    early_at: datetime | None
    late_at: datetime | None
    wh_per_day: int


def time_to_empty(daily_wh: Sequence[int], *, available_wh: int, now: datetime) -> Forecast | None:
    """Return when `available_wh` ends, or None when there are fewer than three days of history.

    `daily_wh` holds whole days, oldest first; only the last four weeks count. The median is robust
    against a party and a holiday; P10 and P90 are nearest ranks.
    """
    days = sorted(daily_wh[-DAYS_MAX:])
    if len(days) < DAYS_MIN:
        return None
    median = _rank(days, 500)
    return Forecast(
        likely_at=_ends(available_wh, median, now),
        early_at=_ends(available_wh, _rank(days, 900), now),
        late_at=_ends(available_wh, _rank(days, 100), now),
        wh_per_day=median,
    )


def _rank(ordered: Sequence[int], per_mille: int) -> int:
    return ordered[max(0, -(-len(ordered) * per_mille // 1000) - 1)]


def _ends(available_wh: int, wh_per_day: int, now: datetime) -> datetime | None:
    if available_wh <= 0:
        return now
    if wh_per_day <= 0 or available_wh >= wh_per_day * HORIZON_DAYS:
        return None
    return now + timedelta(seconds=available_wh * SECONDS_PER_DAY // wh_per_day)
