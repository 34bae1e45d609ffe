"""Time is half-open and local days have 23, 24 or 25 hours."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.core import span as spans
from powertill.core.span import Span

from .examples import LONDON, SHANGHAI, local

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_start_is_inside_and_the_end_is_not() -> None:
    span = Span(START, START + HOUR)
    assert span.contains(START)
    assert not span.contains(START + HOUR)
    assert span.seconds == 3600


@pytest.mark.parametrize("end", [START, START - HOUR])
def test_a_span_starts_before_it_ends(end: datetime) -> None:
    with pytest.raises(ValueError, match="before"):
        Span(START, end)


def test_a_span_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        Span(datetime(2026, 1, 1), START)


def test_touching_spans_have_nothing_in_common() -> None:
    assert Span(START, START + HOUR).intersect(Span(START + HOUR, START + 2 * HOUR)) is None
    assert Span(START, START + 2 * HOUR).intersect(Span(START + HOUR, START + 3 * HOUR)) == Span(
        START + HOUR, START + 2 * HOUR
    )


@given(st.lists(st.integers(-10, 200), max_size=8))
def test_cutting_keeps_the_whole(minutes: list[int]) -> None:
    whole = Span(START, START + timedelta(minutes=180))
    parts = whole.split_at(*(START + timedelta(minutes=minute) for minute in minutes))
    assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
    assert all(left.end == right.start for left, right in pairwise(parts))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_of_a_clock_change_has_another_length(day: date, hours: int) -> None:
    start, end = spans.day_start(day, LONDON), spans.day_start(day + spans.DAY, LONDON)
    assert end - start == hours * HOUR


def test_a_day_whose_midnight_is_skipped_begins_at_the_change() -> None:
    # Beirut went from 00:00 to 01:00 on 27 March 2022.
    start = spans.day_start(date(2022, 3, 27), ZoneInfo("Asia/Beirut"))
    assert start == datetime(2022, 3, 26, 22, tzinfo=UTC)


def test_a_day_that_a_zone_left_out_is_not_yielded() -> None:
    # Samoa had no 30 December 2011.
    apia = ZoneInfo("Pacific/Apia")
    span = Span(local("2011-12-29 12:00", apia), local("2011-12-31 12:00", apia))
    assert [day for day, _part in spans.local_days(span, apia)] == [date(2011, 12, 29), date(2011, 12, 31)]


def test_months_and_years_begin_locally() -> None:
    at = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # already next year in Shanghai
    assert spans.month_start(at, SHANGHAI) == local("2027-01-01 00:00")
    assert spans.next_month_start(at, SHANGHAI) == local("2027-02-01 00:00")
    assert spans.year_start(at, SHANGHAI) == local("2027-01-01 00:00")
    assert spans.next_year_start(at, SHANGHAI) == local("2028-01-01 00:00")


@given(st.integers(0, 3 * 365 * 24 * 60), st.integers(1, 5 * 24 * 60))
def test_local_days_cover_the_span(start: int, length: int) -> None:
    begin = START + timedelta(minutes=start)
    whole = Span(begin, begin + timedelta(minutes=length))
    parts = [part for _day, part in spans.local_days(whole, LONDON)]
    assert sum(part.seconds for part in parts) == whole.seconds
    assert whole.split_at(*(part.start for part in parts)) == tuple(parts)
