"""Bands follow the wall clock: clock changes, seasons over the new year, holidays, and each boundary minute."""

from datetime import date, datetime

import pytest

from powertill.core.span import Span
from powertill.core.tariff.engine import State, Use, bands, charge, price_at
from powertill.core.tariff.terms import Plan

from .examples import BOTH, LONDON, RENT, TIME_OF_USE, VAT_ADDED, VAT_INSIDE, local, plan

PLANS = {"hours": plan(TIME_OF_USE, RENT, VAT_ADDED), "both": plan(BOTH, RENT, VAT_INSIDE)}


@pytest.mark.parametrize(
    ("day", "valley_hours", "cases"), [("2026-03-29", 9, 23), ("2026-10-25", 11, 25), ("2026-06-01", 10, 24)]
)
def test_days_of_a_clock_change_have_their_real_hours(day: str, valley_hours: int, cases: int) -> None:
    there = plan(TIME_OF_USE, zone="Europe/London")
    begin = datetime.fromisoformat(day).replace(tzinfo=LONDON)
    pieces = bands(there, begin.date())
    assert sum(piece.span.seconds for piece in pieces) == cases * 3600
    assert sum(piece.span.seconds for piece in pieces if piece.band == "valley") == valley_hours * 3600
    whole = Use(Span(pieces[0].span.start, pieces[-1].span.end), cases * 1000)
    result = charge(there, State(), whole)
    assert sum(line.wh for line in result.lines if line.band == "valley") == valley_hours * 1000


def test_the_doubled_hour_is_priced_twice_and_the_missing_hour_never() -> None:
    rules = [
        {"name": "night", "minor_per_kwh": "1", "when": [{"hours": ["01:00-02:00"]}]},
        {"name": "rest", "minor_per_kwh": "2", "when": [{"hours": ["02:00-01:00"]}]},
    ]
    there = plan({"kind": "time_of_use", "name": "Energy", "bands": rules}, zone="Europe/London")
    autumn = [p.span.seconds for p in bands(there, date(2026, 10, 25)) if p.band == "night"]
    spring = [p.span.seconds for p in bands(there, date(2026, 3, 29)) if p.band == "night"]
    assert (sum(autumn), sum(spring)) == (7200, 0)


def seasonal() -> Plan:
    winter = [{"from": "11-01", "to": "02-29"}]
    summer = [{"from": "03-01", "to": "10-31"}]
    rules = [
        {
            "name": "low",
            "minor_per_kwh": "10",
            "when": [{"days": ["weekend", "holiday"]}, {"days": ["weekday"], "seasons": summer}],
        },
        {"name": "high", "minor_per_kwh": "20", "when": [{"days": ["weekday"], "seasons": winter}]},
    ]
    return plan({"kind": "time_of_use", "name": "Energy", "bands": rules})


@pytest.mark.parametrize(
    ("at", "band"),
    [
        ("2026-10-30 23:59", "low"),
        ("2026-11-02 00:00", "high"),
        ("2026-12-31 23:59", "high"),
        ("2027-01-01 00:00", "high"),
        ("2027-02-26 23:59", "high"),
        ("2027-03-01 00:00", "low"),
        ("2028-02-29 12:00", "high"),  # a leap day, a Tuesday
        ("2026-12-05 12:00", "low"),  # Saturday
        ("2026-12-25 12:00", "low"),  # holiday
    ],
)
def test_seasons_pass_the_new_year_and_holidays_have_their_own_rules(at: str, band: str) -> None:
    assert price_at(seasonal(), State(), local(at), frozenset({date(2026, 12, 25)})).band == band


def test_a_holiday_follows_its_weekday_when_no_band_mentions_holidays() -> None:
    day = date(2026, 12, 25)
    assert bands(PLANS["hours"], day, frozenset({day})) == bands(PLANS["hours"], day)


@pytest.mark.parametrize(
    ("clock", "band"),
    [
        ("07:59", "valley"),
        ("08:00", "day"),
        ("17:59", "day"),
        ("18:00", "peak"),
        ("21:59", "peak"),
        ("22:00", "valley"),
    ],
)
def test_a_band_changes_at_its_minute(clock: str, band: str) -> None:
    assert price_at(PLANS["both"], State(), local(f"2026-01-05 {clock}")).band == band
