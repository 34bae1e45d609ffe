"""The simulated meter counts every Wh and every 1/1000 minor exactly, and forgets no purchase."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from powertill.core.ports import CreditOrder
from powertill.simulators.meter import Memory, MeterSetup, SimulatedMeter, Tables, converse
from tests.contracts.conftest import CUSTOMER
from tests.contracts.talk import NOON

TWO_BANDS = Tables(prices=(3000, 9000, 0, 0), day_tables=(((0, 1), (8 * 60, 2), (22 * 60, 1)),))


def opened(driver, load, credit_minor=1_000_000, memory=None, at=NOON, **setup):
    meter = SimulatedMeter(MeterSetup("000000000011", zone="Asia/Shanghai", **setup), load, memory)
    meter.advance(at)
    order = CreditOrder(credit_minor, 1, CUSTOMER, opening=True)
    converse(driver.write_credit(meter.setup.driver_config(), order), meter, at)
    assert meter.press_button(at)
    return meter


@settings(max_examples=50)
@given(st.lists(st.integers(0, 7200), min_size=1, max_size=30), st.integers(-3000, 9000))
def test_energy_is_the_same_however_often_one_looks(steps, watts):
    meter = SimulatedMeter(MeterSetup("000000000011", prepaid=False), lambda at: (watts,))
    meter.advance(NOON)
    now = NOON
    for seconds in steps:
        now += timedelta(seconds=seconds)
        meter.advance(now)
    state, watt_seconds = meter.state, watts * sum(steps)
    assert 3600 * state.import_wh + state.import_rest_ws == max(0, watt_seconds)
    assert 3600 * state.export_wh + state.export_rest_ws == max(0, -watt_seconds)
    assert sum(state.band_wh) == state.import_wh


def test_three_phases_are_added_before_they_are_counted(driver):
    meter = SimulatedMeter(MeterSetup("000000000011", phases=3, prepaid=False), lambda at: (2000, -500, -900))
    meter.advance(NOON)
    meter.advance(NOON + timedelta(hours=1))
    assert (meter.state.import_wh, meter.state.export_wh) == (600, 0)
    seen = converse(driver.read(meter.setup.driver_config()), meter, NOON + timedelta(hours=1))
    assert (seen.power_w, seen.power_phase_w, seen.current_ma) == (600, (2000, -500, -900), (8695, -2173, -3913))


def test_time_of_use_switches_in_its_minute_and_takes_its_price(driver):
    meter = opened(driver, lambda at: (1200,), tables=TWO_BANDS)
    meter.advance(NOON + timedelta(days=1))
    assert meter.state.band_wh == [10 * 1200, 14 * 1200, 0, 0]
    assert meter.state.balance_milli == 1_000_000_000 - 1200 * (10 * 300 + 14 * 900) // 10


def test_steps_add_to_the_price_and_begin_again_with_the_month(driver):
    tables = Tables(prices=(5000,) * 4, step_limits_wh=(10_000, 30_000), step_adds=(0, 1000, 3000))
    meter = opened(driver, lambda at: (1000,), tables=tables, at=datetime(2026, 4, 28, 16, tzinfo=UTC))
    meter.advance(datetime(2026, 4, 30, 16, tzinfo=UTC))  # 48 hours, to midnight in Shanghai on 1 May
    spent = 10 * 50_000 + 20 * 60_000 + 18 * 80_000
    assert meter.state.balance_milli == 1_000_000_000 - spent
    meter.advance(datetime(2026, 5, 1, 0, tzinfo=UTC))
    assert meter.state.period_wh == 8000
    assert meter.state.balance_milli == 1_000_000_000 - spent - 8 * 50_000


def test_the_cut_at_zero_comes_within_its_minute(driver):
    meter = opened(driver, lambda at: (6000,), credit_minor=300)
    meter.advance(NOON + timedelta(days=1))
    assert not meter.powered
    assert meter.state.import_wh == 6000  # 3.00 buys 6 kWh at 0.50
    assert meter.state.balance_milli == 0


def test_alarm_levels_follow_the_purse(driver):
    meter = opened(driver, lambda at: (1000,), credit_minor=3100)
    levels = []
    for hour in range(0, 64, 3):
        meter.advance(NOON + timedelta(hours=hour))
        levels.append(meter.alarm_level)
    assert levels == sorted(levels) and set(levels) == {0, 1, 2}


def test_a_night_without_mains_measures_nothing_and_is_counted(driver):
    meter = opened(driver, lambda at: (1000,))
    meter.lose_mains(NOON, NOON + timedelta(hours=8))
    meter.advance(NOON + timedelta(hours=9))
    assert (meter.state.import_wh, meter.state.power_downs) == (1000, 1)


def test_what_is_saved_comes_back_and_energy_since_then_is_measured_again(driver, tmp_path):
    memory = Memory(tmp_path / "meter.json")
    meter = opened(driver, lambda at: (1000,), memory=memory)
    now = NOON + timedelta(hours=2, minutes=7)
    for minutes in range(128):
        meter.advance(NOON + timedelta(minutes=minutes))
    again = SimulatedMeter(meter.setup, meter.load, Memory(tmp_path / "meter.json"))
    assert (now - datetime.fromtimestamp(again.state.at, UTC)) <= timedelta(minutes=15)
    again.advance(now)
    assert again.state == meter.state


def test_every_preset_is_saved_before_its_answer(driver):
    meter = SimulatedMeter(MeterSetup("000000000011"), lambda at: (0,))
    meter.advance(NOON)
    for amount_minor in (2000, 3000, 2500):
        converse(driver.preset_credit(meter.setup.driver_config(), amount_minor), meter, NOON)
        assert meter.memory.load()["balance_milli"] == 1000 * amount_minor


def test_a_look_saves_nothing_and_a_purchase_saves_before_its_answer(driver):
    meter = opened(driver, lambda at: (1000,))
    config, saves = meter.setup.driver_config(), meter.memory.saves
    converse(driver.read(config), meter, NOON)
    assert meter.memory.saves == saves
    converse(driver.write_credit(config, CreditOrder(100, 2, CUSTOMER)), meter, NOON)
    assert meter.memory.load()["count"] == 2


VICTIM = """
import sys
from datetime import timedelta
from powertill import drivers
from powertill.core.ports import CreditOrder
from powertill.simulators.meter import Memory, MeterSetup, SimulatedMeter, converse
from tests.contracts.talk import NOON
driver = drivers.meter_driver("dlt645")
meter = SimulatedMeter(MeterSetup("000000000011"), lambda at: (1000,), Memory(sys.argv[1]))
meter.advance(NOON)
for count in range(1, 10_000):
    order = CreditOrder(100, count, "1", opening=count == 1)
    converse(driver.write_credit(meter.setup.driver_config(), order), meter, NOON)
    print(count, flush=True)
"""


def test_kill_9_loses_no_purchase_that_was_answered(tmp_path):
    path, root = tmp_path / "meter.json", Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(path)], stdout=subprocess.PIPE, text=True, cwd=root, env=environment
    )
    answered = 0
    for text in victim.stdout:
        answered = int(text)
        if answered >= 25:
            os.kill(victim.pid, signal.SIGKILL)
            break
    answered += sum(1 for _ in victim.stdout)
    victim.wait(10)
    kept = Memory(path).load()
    assert kept["count"] in (answered, answered + 1)
    assert kept["balance_milli"] == 100_000 * kept["count"]


def test_a_meter_follows_a_broadcast_time_once_a_day_and_by_five_minutes_only(driver):
    from powertill.drivers.meters.dlt645 import bcd
    from powertill.drivers.meters.dlt645.codec import ADDRESS_ALL, SET_TIME, Frame, encode

    meter = opened(driver, lambda at: (0,), clock_error_s=200)
    local = meter.local_clock()

    def broadcast(at):
        assert meter.handle(encode(Frame(ADDRESS_ALL, SET_TIME, bcd.until_bytes(at))), NOON) is None

    broadcast(local + timedelta(minutes=6))
    assert meter.state.clock_error_s == 200
    broadcast(local - timedelta(seconds=200))
    assert meter.state.clock_error_s == 0
    broadcast(local)
    assert meter.state.clock_error_s == 0


@settings(max_examples=200)
@given(st.binary(max_size=80))
def test_no_frame_and_no_rubbish_upsets_a_meter(data):
    from powertill.drivers.meters.dlt645.codec import Frame, decode, encode

    meter = SimulatedMeter(MeterSetup("000000000011"), lambda at: (0,))
    for control in (0x11, 0x13, 0x14, 0x1C, 0x03, 0x08, 0x12, 0x15):
        answer = meter.handle(encode(Frame("000000000011", control, data)), NOON)
        assert answer is None or decode(answer).is_reply
    assert meter.handle(data, NOON) is None
    assert meter.state.balance_milli == 0


def test_tables_of_a_tariff_become_the_tables_of_a_meter():
    from powertill.core.tariff.meter import meter_tables
    from powertill.core.tariff.terms import parse

    terms = {
        "code": "home", "name": "Home", "currency": "CNY", "exponent": 2, "zone": "Asia/Shanghai", "reference": "test",
        "parts": [
            {
                "kind": "ladder_time_of_use", "name": "Energy", "period": "month", "form": "add", "reference": "test",
                "blocks": [
                    {"name": "one", "up_to_kwh": "230", "add": "0"},
                    {"name": "two", "up_to_kwh": None, "add": "5"},
                ],
                "bands": [
                    {"name": "valley", "minor_per_kwh": "30.83", "when": [{"days": ["all"], "hours": ["22:00-08:00"]}]},
                    {"name": "peak", "minor_per_kwh": "61.7", "when": [{"days": ["all"], "hours": ["08:00-22:00"]}]},
                ],
            }
        ],
    }  # fmt: skip
    tables = Tables.of(meter_tables(parse(terms)))
    assert tables.prices[:2] == (3083, 6170)
    assert tables.day_tables == (((0, 1), (480, 2), (1320, 1)),)
    assert (tables.step_limits_wh, tables.step_adds) == ((230_000,), (0, 500))
