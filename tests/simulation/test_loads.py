"""The loads of the demo site: the same at every run, within every limit, and shaped like a day."""

from datetime import UTC, datetime, timedelta

import pytest

from powertill.core.tariff import terms
from powertill.simulators.meter import SimulatedMeter, purse, relay
from powertill.simulators.town import loads, meters, prices, site
from powertill.simulators.town.hashing import draw

MIDNIGHT = datetime.fromisoformat("2026-11-23T00:00:00+08:00")
SATURDAY = MIDNIGHT + timedelta(days=5)
SLOTS = 288


def watts(kind: str, hour: int, minute: int = 0, *, day: datetime = MIDNIGHT, seed: int = 7) -> int:
    return sum(loads.load(kind, seed, day + timedelta(hours=hour, minutes=minute)))


def test_a_load_depends_on_nothing_but_its_seed_and_the_moment():
    at = MIDNIGHT + timedelta(hours=19, minutes=3)
    made = loads.make("flat", 7)
    first = made(at)
    made(at + timedelta(days=3))
    assert made(at) == first == loads.make("flat", 7)(at.astimezone(UTC)) == loads.load("flat", 7, at)
    assert loads.load("flat", 8, at) != first


def test_a_load_is_steady_for_five_minutes():
    made, at = loads.make("kitchen", 3, phases=3), MIDNIGHT + timedelta(hours=12)
    assert made(at) == made(at + timedelta(seconds=299))
    assert made(at) != made(at + timedelta(seconds=300))


def test_the_hash_behind_all_luck_never_changes():
    assert draw(1, "a", 2) == 11381783092242839305  # Another value would give every demo another history.


@pytest.mark.parametrize("unit", site.UNITS, ids=lambda unit: unit.label)
def test_no_unit_takes_more_than_its_limit(unit):
    load = meters.load_of(unit)
    for day in (MIDNIGHT, SATURDAY):
        taken = [load(day + n * loads.SLOT) for n in range(SLOTS)]
        assert all(len(phases) == unit.phases for phases in taken)
        assert max(map(sum, taken)) <= unit.power_limit_w


def test_the_site_stays_within_its_transformer():
    made = [meters.load_of(unit) for unit in site.UNITS]
    peak_w = max(sum(sum(load(MIDNIGHT + n * loads.SLOT)) for load in made) for n in range(SLOTS))
    assert 60_000 < peak_w < 160_000


def test_a_flat_sleeps_at_night_and_lives_in_the_evening():
    night = sum(watts("flat", 3, minute) for minute in range(0, 60, 5))
    evening = sum(watts("flat", 19, minute) for minute in range(0, 60, 5))
    assert 0 < night < evening / 3


def test_a_shop_takes_most_in_its_opening_hours_and_the_office_rests_at_the_weekend():
    assert watts("shop", 4) < 100 < 500 < watts("shop", 15)
    assert watts("kitchen", 12) > 2 * watts("kitchen", 15)
    assert watts("office", 11, day=SATURDAY) < 200 < watts("office", 11)


def test_the_sun_feeds_back_by_day_only():
    def roof(hour: int) -> int:
        local = MIDNIGHT + timedelta(hours=hour)
        return loads.sun(loads.Moment(7, local.toordinal(), 60 * hour))

    assert roof(6) == roof(18) == 0
    assert roof(12) > roof(8) > 0
    assert any(watts("solar", 12, day=MIDNIGHT + timedelta(days=n)) < 0 for n in range(5))


def test_the_phases_of_a_shop_add_up():
    at = MIDNIGHT + timedelta(hours=12)
    assert sum(loads.load("store", 5, at, phases=3)) == sum(loads.load("store", 5, at))


def story_meter(at: datetime) -> SimulatedMeter:
    """Return the story's meter with its preset of 20.00, as if the head-end had brought it."""
    meter = SimulatedMeter(meters.setup(site.STORY), meters.load_of(site.STORY))
    meter.advance(at)
    assert purse.preset(meter.state, amount_minor=2000, count=0) == 0
    relay.watch_credit(meter.state, meter.setup)
    relay.release(meter.state, close=True)
    return meter


def falls_to(meter: SimulatedMeter, minor: int, at: datetime) -> datetime:
    """Let time pass until the purse holds no more than that."""
    while meter.state.balance_minor > minor:
        at += timedelta(minutes=1)
        meter.advance(at)
    return at


@pytest.mark.parametrize(("opened", "bought"), [("08:20", "08:22"), ("08:30", "08:31"), ("08:30", "09:00")])
def test_the_story_customer_is_warned_twice_by_day_and_runs_out_at_night(opened, bought):
    def today(text: str) -> datetime:
        return MIDNIGHT + timedelta(hours=int(text[:2]), minutes=int(text[3:]))

    meter, at = story_meter(today(opened)), today(bought)
    meter.advance(at)
    assert purse.open_account(meter.state, amount_minor=8000, count=1, customer="1" * 12, at="2611230900") == 0
    at = falls_to(meter, 2999, at)
    assert today("13:00") < at < today("17:30")
    assert meter.state.period_wh > 50_000, "the second step of the ladder was reached on the way"
    at = falls_to(meter, 999, at)
    assert today("18:00") < at < today("20:30")
    at = falls_to(meter, 0, at)
    assert today("23:00") < at < today("29:00")


def test_the_residential_tariff_fits_into_a_meter_and_the_shop_tariff_parses():
    tables = meters.residential_tables()
    assert tables.prices[:3] == (5830, 9880, 13860)
    assert tables.step_limits_wh == (50_000, 120_000)
    assert tables.step_adds == (0, 2000, 5000)
    assert tables.day_tables[0][:2] == ((0, 1), (7 * 60, 2))
    assert terms.parse(prices.SHOPS).fixed
