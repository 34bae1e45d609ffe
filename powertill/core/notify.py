"""When a message may be sent without waking anybody, and whether a time lies in daily hours."""

from datetime import UTC, datetime, time, timedelta, tzinfo


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
