"""Which warnings are due as a balance falls, and when a message may be sent without waking anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

HYSTERESIS_PER_MILLE = 100  # a warning is armed again only when the balance is well above its threshold


@dataclass(frozen=True, slots=True)
class Crossing:
    """What a change of balance means: warnings to send now (1 is the first), and warnings armed again."""

    due: tuple[int, ...]
    warned: frozenset[int]


def crossings(available_minor: int, *, thresholds_minor: Sequence[int], warned: frozenset[int]) -> Crossing:
    """Return the warnings due at this balance; thresholds fall, `warned` are the levels already sent.

    A level is due once when the balance is below its threshold, and armed again when the balance is a
    tenth above it. Only the most urgent of several levels passed at once is sent; the others count as sent.
    """
    below = {level for level, minor in enumerate(thresholds_minor, 1) if available_minor < minor}
    kept = {
        level
        for level, minor in enumerate(thresholds_minor, 1)
        if level in warned and available_minor < minor + abs(minor) * HYSTERESIS_PER_MILLE // 1000
    }
    fresh = below - kept
    due = (max(fresh),) if fresh and max(fresh) == max(below) else ()
    return Crossing(due, frozenset(kept | below))


def in_daily_hours(local_time: time, hours: tuple[time, time] | None) -> bool:
    """Tell whether a local time is inside daily hours; the start is, the end is not; midnight may lie between."""
    if hours is None:
        return False
    start, end = hours
    if start == end:
        return True  # from a time to the same time: the whole day
    if start < end:
        return start <= local_time < end
    return local_time >= start or local_time < end


def next_allowed(at: datetime, zone: tzinfo, quiet: tuple[time, time] | None) -> datetime:
    """Return `at`, or the end of the quiet hours that it lies in (UTC), on days of 23 and 25 hours too.

    Quiet hours that cover the whole day would silence everything and count as none.
    """
    local = at.astimezone(zone)
    if quiet is None or quiet[0] == quiet[1] or not in_daily_hours(local.time(), quiet):
        return at
    day = local.date() if local.time() < quiet[1] else local.date() + timedelta(days=1)
    return max(at, datetime.combine(day, quiet[1], zone).astimezone(UTC))
