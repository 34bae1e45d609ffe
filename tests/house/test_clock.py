"""The clock: real unless simulated, forward only, shared by every process of a home."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from powertill.clock import SPEED_MAX, Clock, Simulation
from powertill.trouble import Trouble

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)


def test_without_a_file_it_is_the_systems_clock(tmp_path):
    clock = Clock(tmp_path)
    assert not clock.simulated
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().tzinfo is UTC


def test_a_simulation_runs_speed_times_as_fast():
    simulation = Simulation(real_anchor=NOON, simulated_anchor=FAR, speed=60)
    assert simulation.at(NOON + timedelta(seconds=2)) == FAR + timedelta(minutes=2)


def test_a_real_clock_set_back_does_not_take_simulated_time_back():
    assert Simulation(NOON, FAR, 10).at(NOON - timedelta(hours=1)) == FAR


def test_speed_zero_stands_still():
    assert Simulation(NOON, FAR, 0).at(NOON + timedelta(days=9)) == FAR


@pytest.mark.parametrize("speed", [-1, SPEED_MAX + 1])
def test_a_speed_out_of_bounds_is_refused(speed):
    with pytest.raises(Trouble):
        Simulation(NOON, FAR, speed)


def test_a_naive_time_is_refused(tmp_path):
    with pytest.raises(Trouble):
        Clock(tmp_path).begin(datetime(2026, 3, 1))


def test_a_jump_is_seen_by_another_process(tmp_path):
    other = Clock(tmp_path)
    assert not other.simulated
    Clock(tmp_path).jump_to(FAR, speed=0)
    assert other.simulated
    assert other.now() == FAR


def test_two_jumps_in_a_row_are_both_seen(tmp_path):
    other, clock = Clock(tmp_path), Clock(tmp_path)
    for minutes in range(20):
        at = clock.jump_to(FAR + timedelta(minutes=minutes), speed=0)
        assert other.now() == at


def test_a_jump_back_is_refused_and_changes_nothing(tmp_path):
    clock = Clock(tmp_path)
    clock.jump_to(FAR, speed=0)
    with pytest.raises(Trouble, match="only moves forward"):
        clock.jump_to(FAR - timedelta(microseconds=1))
    assert clock.now() == FAR


def test_a_jump_to_the_present_moment_is_allowed(tmp_path):
    clock = Clock(tmp_path)
    clock.jump_to(FAR, speed=0)
    assert clock.jump_to(FAR) == FAR


def test_a_jump_keeps_the_speed(tmp_path):
    clock = Clock(tmp_path)
    clock.begin(NOON, speed=0)
    clock.jump_to(NOON + timedelta(hours=1))
    assert clock.speed == 0


def test_a_jump_given_in_local_time_is_kept_in_utc(tmp_path):
    shanghai = timezone(timedelta(hours=8))
    assert Clock(tmp_path).jump_to(FAR.astimezone(shanghai)).tzinfo is UTC


def test_begin_may_start_in_the_past_but_only_once(tmp_path):
    clock = Clock(tmp_path)
    clock.begin(NOON, speed=0)
    assert clock.now() == NOON
    with pytest.raises(Trouble, match="simulated already"):
        clock.begin(NOON - timedelta(days=1))


def test_a_new_speed_leaves_no_gap(tmp_path):
    clock = Clock(tmp_path)
    clock.begin(NOON, speed=0)
    clock.set_speed(60)
    assert timedelta() <= clock.now() - NOON < timedelta(minutes=10)
    assert clock.speed == 60


def test_a_removed_file_means_real_time_again(tmp_path):
    clock = Clock(tmp_path)
    clock.begin(NOON)
    assert clock.simulated
    (tmp_path / "clock.json").unlink()
    assert not clock.simulated


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"real_anchor": "x", "simulated_anchor": "y"}'])
def test_a_broken_file_is_named(tmp_path, text):
    (tmp_path / "clock.json").write_text(text)
    with pytest.raises(Trouble, match="is not a clock"):
        Clock(tmp_path).now()


def test_the_file_is_the_documented_one(tmp_path):
    Clock(tmp_path).begin(NOON, speed=5)
    terms = json.loads((tmp_path / "clock.json").read_text())
    assert terms["simulated_anchor"] == "2026-03-01T12:00:00+00:00"
    assert set(terms) == {"real_anchor", "simulated_anchor", "speed"}
