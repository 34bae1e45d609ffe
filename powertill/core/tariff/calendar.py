"""The hours of a time-of-use tariff: which band each minute of each kind of day belongs to."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any

from powertill.core.errors import Refusal
from powertill.core.span import Span, steady_pieces
from powertill.core.tariff.fields import Fields

DAY_MINUTES = 1440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS = {"all": WEEKDAYS, "weekday": WEEKDAYS[:5], "weekend": WEEKDAYS[5:], "holiday": ("holiday",)}
LEAP_YEAR = 2000

Table = tuple[tuple[int, int, int], ...]  # (from minute, to minute, band), without gaps from 0 to 1440


@dataclass(frozen=True, slots=True)
class Rule:
    """One `when` of a band, read: on these days, in these seasons, in these minutes of the day."""

    band: int
    days: frozenset[str]
    seasons: tuple[tuple[int, int], ...]
    minutes: tuple[tuple[int, int], ...]

    def matches(self, day: str, month_day: int) -> bool:
        """Tell whether the rule holds on such a day; seasons include both ends and may pass the new year."""
        return day in self.days and (
            not self.seasons
            or any(
                start <= month_day <= end if start <= end else month_day >= start or month_day <= end
                for start, end in self.seasons
            )
        )


@dataclass(frozen=True, slots=True)
class Calendar:
    """Compiled day tables by season and kind of day. A holiday matches only `holiday` rules, when there are any."""

    season_starts: tuple[int, ...]
    tables: Mapping[tuple[int, str], Table]
    knows_holidays: bool

    def table(self, day: date, holidays: frozenset[date]) -> Table:
        """Return the day table of a local date."""
        kind = "holiday" if self.knows_holidays and day in holidays else WEEKDAYS[day.weekday()]
        month_day = day.month * 100 + day.day
        # Before the first start of the year the season of the old year's end goes on: index -1 is the last.
        season = (bisect_right(self.season_starts, month_day) - 1) % len(self.season_starts)
        return self.tables[season, kind]

    def pieces(self, day: date, part: Span, zone: tzinfo, holidays: frozenset[date]) -> Iterator[tuple[Span, int]]:
        """Cut a part of a local day where the band changes by wall clock, right on days with a clock change."""
        table = self.table(day, holidays)
        if len(table) == 1:
            yield part, table[0][2]
            return
        for piece in steady_pieces(part, zone):
            offset = piece.start.astimezone(zone).utcoffset() or timedelta(0)
            midnight = Span(piece.start, piece.end).start.replace(
                year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
            )
            for start, end, band in table:
                hours = Span(midnight - offset + timedelta(minutes=start), midnight - offset + timedelta(minutes=end))
                common = piece.intersect(hours)
                if common:
                    yield common, band


ALWAYS = Calendar((101,), {(0, day): ((0, DAY_MINUTES, 0),) for day in WEEKDAYS}, knows_holidays=False)


def compile_calendar(bands: list[tuple[str, Any]], where: str) -> Calendar:
    """Compile (band name, `when` terms) pairs; refuse minutes without a band or with two (`tariff.band_*`)."""
    rules = [rule for index, (name, when) in enumerate(bands) for rule in _rules(index, when, f"{where}, {name}")]
    names = [name for name, _when in bands]
    knows_holidays = any("holiday" in rule.days for rule in rules)
    starts = _season_starts(rules)
    kinds = (*WEEKDAYS, "holiday") if knows_holidays else WEEKDAYS
    tables = {
        (season, kind): _table(rules, names, kind, month_day, where)
        for season, month_day in enumerate(starts)
        for kind in kinds
    }
    return Calendar(starts, tables, knows_holidays)


def _rules(band: int, when: object, where: str) -> Iterator[Rule]:
    for terms in Fields({"when": when}, where).items("when"):
        fields = Fields(terms, where)
        days = frozenset(day for group in _listed(fields, "days", ["all"]) for day in _days(group, where))
        seasons = tuple(_season(season, where) for season in fields.get("seasons", ()) or ())
        minutes = tuple(part for hours in _listed(fields, "hours", ["00:00-24:00"]) for part in _hours(hours, where))
        fields.done()
        yield Rule(band, days, seasons, minutes)


def _listed(fields: Fields, field: str, default: list[str]) -> list[Any]:
    return fields.items(field) if field in fields.terms else default


def _days(group: object, where: str) -> tuple[str, ...]:
    if group in WEEKDAYS:
        return (str(group),)
    if not isinstance(group, str) or group not in GROUPS:
        raise Refusal("tariff.days", where=where, value=group)
    return GROUPS[group]


def _season(terms: object, where: str) -> tuple[int, int]:
    fields = Fields(terms, where)
    season = _month_day(fields.get("from"), where), _month_day(fields.get("to"), where)
    fields.done()
    return season


def _month_day(value: object, where: str) -> int:
    match = re.fullmatch(r"([0-9]{2})-([0-9]{2})", value) if isinstance(value, str) else None
    try:
        day = date(LEAP_YEAR, int(match[1]), int(match[2])) if match else None
    except ValueError:
        day = None
    if day is None:
        raise Refusal("tariff.season", where=where, value=value)
    return day.month * 100 + day.day


def _hours(value: object, where: str) -> tuple[tuple[int, int], ...]:
    match = re.fullmatch(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", value) if isinstance(value, str) else None
    start, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
    minutes_ok = match is not None and int(match[2]) < 60 and int(match[4]) < 60
    if not minutes_ok or start == end or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise Refusal("tariff.hours", where=where, value=value)
    # Over midnight both ends belong to the same calendar day, as in the day tables of meters.
    return ((start, end),) if start < end else ((start, DAY_MINUTES), *(((0, end),) if end else ()))


def _season_starts(rules: list[Rule]) -> tuple[int, ...]:
    starts = set()
    for rule in rules:
        for start, end in rule.seasons:
            after = date(LEAP_YEAR, end // 100, end % 100) + timedelta(days=1)
            starts |= {start, after.month * 100 + after.day}
    return tuple(sorted(starts)) or (101,)


def _table(rules: list[Rule], names: list[str], kind: str, month_day: int, where: str) -> Table:
    parts = sorted(
        (start, end, rule.band) for rule in rules if rule.matches(kind, month_day) for start, end in rule.minutes
    )
    day = f"{kind} ({month_day // 100:02}-{month_day % 100:02})"
    reached, last, table = 0, 0, list[tuple[int, int, int]]()
    for start, end, band in [*parts, (DAY_MINUTES, DAY_MINUTES, 0)]:
        if start > reached:
            raise Refusal("tariff.band_gap", where=where, time=_clock(reached), day=day)
        if start < reached:
            raise Refusal(
                "tariff.band_overlap", where=where, band=names[last], other=names[band], time=_clock(start), day=day
            )
        if table and table[-1][2] == band and end > start:
            table[-1] = (table[-1][0], end, band)
        elif end > start:
            table.append((start, end, band))
        reached, last = end, band
    return tuple(table)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
