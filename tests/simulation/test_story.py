"""The demo as a person starts it, from the vacant room to the lost answer, while its processes are killed in turn."""

import re
from pathlib import Path

import psycopg
import pytest

from powertill.config import Config
from powertill.postgres.address import url
from powertill.postgres.running import database
from powertill.simulators.town.site import STORY
from tests.simulation.story_stage import Demo

# The demo takes minutes and both processors: with xdist it has a worker to itself, and the longest time limit.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("story")]
SEED = 20261123

# The order of the time line. Each text must come after the one before it.
TIME_LINE = (
    r"room 2-0604 is vacant",
    r"opens account \d+ with a preset credit of 20\.00",
    r"supply is on at once",
    r"meter: purchase count 0, remaining (20\.00|19\.\d\d), .*relay closed",
    r"receipt R-\d+: 100\.00 paid",
    r"Preset credit +20\.00",
    r"Energy step 1 (valley|flat|peak) +[\d.]+ kWh x [\d.]+ +[\d.]+",
    r"Energy step 2 (valley|flat|peak) +[\d.]+ kWh x [\d.]+ +[\d.]+",
    r"parts add up to +100\.00",
    r"the credit is on the meter: count and amount were read back",
    r"meter: purchase count 1, remaining \d+\.\d\d, last purchase 80\.00",
    r"kWh used in \d+ readings: the meter took [\d.]+, our own rating says [\d.]+",
    r"message delivered to the simulated phone: .* 30\.00 CNY",
    r"message delivered to the simulated phone: .* 10\.00 CNY",
    r"the credit is used up: (0|-\d+)\.\d\d. Supply stays on: nobody is cut between 18:00 and 10:00",
    r"the light is still on. Supply stays on: nobody is cut between 18:00 and 10:00",
    r"message delivered to the simulated phone: .*10:00",
    r"Tue 11-24 1\d:\d\d:\d\d  cut: .*evidence kept",
    r"meter: accepted, open read back [0-9A-F]{4};.* relay open",
    r"50\.00 paid and on the meter",
    r"meter: purchase count 2, .*last purchase 50\.00",
    r"the meter permits closing and waits for a person",
    r"pressed the meter's button",
    r"light again: \d+\.\d s from payment to the relay read back closed",
    r"30\.00 sold; the answer was dropped on the wire: send -> lose -> moved_as_ordered",
    r"meter: purchase count 3, .*last purchase 30\.00",
    r"sent 1 time, credited once: 3 sales, purchase count 3",
    r"All \d+ checks hold\.",
)
SALES = [("story-first-purchase", 10_000), ("story-second-purchase", 5_000), ("story-third-purchase", 3_000)]


@pytest.fixture
def demo(home: Path):
    made = Demo(home, seed=SEED)
    try:
        yield made
    finally:
        made.stop()


def test_the_story_is_told_to_its_end_whatever_is_killed(demo):
    demo.start()
    kill_in_turn(demo)
    assert demo.end() == 0
    assert set(demo.killed) == {"headend", "town", "clock", "dispatch", "web", "postgres", "up", "story"}
    assert_told(demo.story())
    assert_once(demo)


def kill_in_turn(demo: Demo) -> None:
    """Kill each part at a moment of the story at which it matters, and go on."""
    for text, *victims in (
        ("is vacant", "headend"),  # on the way to the opening
        ("opens account", "town"),  # while the preset is brought
        ("receipt R-", "headend"),  # while the first purchase is brought
        ("the credit is on the meter", "clock", "dispatch"),  # warnings wait for them
        ("30.00 CNY", "web", "postgres"),
        ("10.00 CNY", "town"),  # on the way to zero
    ):
        demo.wait_for(text)
        for victim in victims:
            demo.kill(victim)
            if victim != "postgres":
                demo.wait_aside(f"{victim} died (code -9)")
    demo.wait_for("the credit is used up")
    demo.kill("up")
    assert demo.end() == -9
    demo.start()
    demo.wait_for("The story was interrupted. It goes on with act 6 of 9")
    demo.wait_for("is still on")
    demo.kill("headend", within_s=0.5)  # on the way to the cut
    demo.wait_for(" cut: ")
    demo.kill("story", within_s=0.3)  # without an end of its own it is no success
    assert demo.end() == 128 + 9
    demo.start()
    demo.wait_for("The story was interrupted. It goes on with act")


def assert_told(story: list[str]) -> None:
    """Every line of the time line is there, in its order."""
    rest, whole = iter(story), "\n".join(story)
    for text in TIME_LINE:
        assert any(re.search(text, line) for line in rest), f"not told, or not in its place: {text}\n{whole}"
    seconds = [float(match[1]) for line in story if (match := re.search(r"light again: ([\d.]+) s", line))]
    assert len(seconds) == 1
    assert seconds[0] < 60
    assert not any("WRONG" in line for line in story)


def assert_once(demo: Demo) -> None:
    """Each sale of the story is one row, one payment, one credit on the meter, and the meter itself agrees."""
    settings = Config(home=demo.home, port=demo.port, database_url="")
    with database(settings), psycopg.connect(url(settings)) as connection:
        sales = connection.execute(
            "SELECT operation_id, amount_minor FROM sales_sale WHERE operation_id LIKE 'story-%' ORDER BY id"
        ).fetchall()
        assert sales == SALES
        deliveries = connection.execute(
            "SELECT d.kind, d.amount_minor, d.state, d.count FROM sales_delivery d JOIN metering_meter m"
            " ON m.id = d.meter_id WHERE m.number = %s ORDER BY d.id",
            [STORY.number],
        ).fetchall()
        assert deliveries == [
            ("preset", 2_000, "on_meter", None),
            ("opening", 8_000, "on_meter", 1),
            ("recharge", 5_000, "on_meter", 2),
            ("recharge", 3_000, "on_meter", 3),
        ]
        payments = connection.execute(
            "SELECT count(*) FROM ledger_entry WHERE kind = 'payment' AND key IN"
            " (SELECT 'sale:' || id || ':payment' FROM sales_sale WHERE operation_id LIKE 'story-%')"
        ).fetchone()
        assert payments == (3,)
    memory = demo.memory(STORY.number)
    assert (memory["count"], memory["cumulative_minor"], memory["purse_writes"]) == (3, 16_000, 4)
