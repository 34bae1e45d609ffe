"""Half-open spans of time, and the local days, months and years in them, right on days of 23 and 25 hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Time from `start` up to, not including, `end`: both aware, kept in UTC, start before end."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a span needs aware datetimes")
        # Same-zone datetimes subtract by wall clock in Python, so only UTC is safe on a DST day.
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.start >= self.end:
            raise ValueError("a span starts before it ends")

    @property
    def seconds(self) -> int:
        """Return the real length in whole seconds."""
        return (self.end - self.start) // SECOND

    def contains(self, at: datetime) -> bool:
        """Tell whether `at` is inside; the start is, the end is not."""
        return self.start <= at < self.end

    def intersect(self, other: "Span") -> "Span | None":
        """Return the common part, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None

    def split_at(self, *points: datetime) -> tuple["Span", ...]:
        """Cut at the points that lie inside; the parts touch and cover the whole."""
        inside = sorted({point.astimezone(UTC) for point in points if self.start < point < self.end})
        edges = [self.start, *inside, self.end]
        return tuple(Span(start, end) for start, end in pairwise(edges))


def day_start(day: date, zone: tzinfo) -> datetime:
    """Return the first instant (UTC) of a local day, also where midnight is skipped by a clock change."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def local_date(at: datetime, zone: tzinfo) -> date:
    """Return the local calendar day of an instant."""
    return at.astimezone(zone).date()


def first_of_month(day: date) -> date:
    """Return the first day of the month of `day`."""
    return day.replace(day=1)


def first_of_next_month(day: date) -> date:
    """Return the first day of the month after that of `day`."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_start(at: datetime, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which the local month of `at` began."""
    return day_start(first_of_month(local_date(at, zone)), zone)


def next_month_start(at: datetime, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which the next local month begins."""
    return day_start(first_of_next_month(local_date(at, zone)), zone)


def year_start(at: datetime, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which the local year of `at` began."""
    return day_start(date(local_date(at, zone).year, 1, 1), zone)


def next_year_start(at: datetime, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which the next local year begins."""
    return day_start(date(local_date(at, zone).year + 1, 1, 1), zone)


def local_days(span: Span, zone: tzinfo) -> Iterator[tuple[date, Span]]:
    """Yield each local day that the span touches, with the touched part, in order."""
    day, last = local_date(span.start, zone), local_date(span.end - timedelta(microseconds=1), zone)
    while day <= last:
        start, end = day_start(day, zone), day_start(day + DAY, zone)
        # A zone that jumped over the date line has a day without any instant in it.
        touched = span.intersect(Span(start, end)) if start < end else None
        if touched:
            yield day, touched
        day += DAY


def steady_pieces(span: Span, zone: tzinfo) -> tuple[Span, ...]:
    """Cut the span where the zone's UTC offset changes; the span is at most about a day, with one change."""
    if span.start.astimezone(zone).utcoffset() == (span.end - SECOND).astimezone(zone).utcoffset():
        return (span,)
    low, high = 0, span.seconds
    before = span.start.astimezone(zone).utcoffset()
    while high - low > 1:  # at most 17 halvings for a day of seconds
        middle = (low + high) // 2
        same = (span.start + middle * SECOND).astimezone(zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return span.split_at(span.start + high * SECOND)
