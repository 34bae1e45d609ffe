"""The town as the head-end meets it: over TCP, with a clock that jumps and people at the buttons."""

import asyncio
import json
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from powertill import drivers
from powertill.core.ports import Contact, CreditOrder, CreditSeen, LinkFault, MeterConfig, MeterFault, RelaySeen
from powertill.simulators.meter import SimulatedMeter, purse, relay
from powertill.simulators.town import Town, meters, site, town_in_thread
from powertill.simulators.town.orders import give
from powertill.simulators.town.ports import HOST, ports
from powertill.simulators.town.tenant import REACTION_S, Tenant
from powertill.trouble import Trouble
from powertill.workers.bus import Bus

NUMBER = site.STORY.number
DRIVER = drivers.meter_driver("dlt645")
CUSTOMER = site.STORY.person.number
VALID = timedelta(minutes=5)


class Now:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = site.STARTS_AT

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **time: int) -> None:
        self.at += timedelta(**time)


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def town(home: Path, now: Now) -> Iterator[Town]:
    with town_in_thread(home, now) as town:
        yield town


def config(number: str = NUMBER) -> MeterConfig:
    return MeterConfig(number, 1, site.ZONE, meters.settings())


def ask(town: Town, make, *, number: str = NUMBER, answer_s: float = 2.0):
    """Run one exchange over the meter's gateway, as the head-end does."""

    async def talk():
        unit = next(unit for unit in site.UNITS if unit.number == number)
        bus = Bus(HOST, town.ports[unit.gateway], answer_s=answer_s)
        try:
            return await bus.ask(make, deframer=DRIVER.deframer)
        finally:
            await bus.close()

    return asyncio.run(talk())


def credit(town: Town, number: str = NUMBER) -> CreditSeen:
    return ask(town, lambda: DRIVER.read_credit(config(number)), number=number)


def switch(town: Town, number: str = NUMBER) -> RelaySeen:
    return ask(town, lambda: DRIVER.read_relay(config(number)), number=number)


def preset(town: Town, number: str = NUMBER, minor: int = 2000) -> None:
    ask(town, lambda: DRIVER.preset_credit(config(number), minor), number=number)


def see(home: Path, number: str = NUMBER) -> dict[str, object]:
    return json.loads(give(home, "see", number))


def test_every_meter_answers_on_its_gateway(town):
    for unit in site.UNITS[::13]:
        setup = MeterConfig(unit.number, unit.phases, site.ZONE, meters.settings())
        seen = ask(town, lambda setup=setup: DRIVER.read(setup), number=unit.number)
        assert seen.import_wh == unit.first_import_wh


def test_the_story_meter_is_dark_until_its_preset_then_uses_and_counts(town, home, now):
    assert not see(home)["powered"]
    preset(town)
    assert see(home)["powered"]
    now.pass_by(hours=1)
    before = credit(town)
    assert before.remaining_minor < 2000
    ask(town, lambda: DRIVER.write_credit(config(), CreditOrder(8000, 1, CUSTOMER, opening=True)))
    after = credit(town)
    assert (after.purchase_count, after.remaining_minor) == (1, before.remaining_minor + 8000)


@pytest.mark.parametrize("opening", [True, False])
def test_a_dropped_answer_leaves_the_money_on_the_meter(town, home, opening):
    preset(town)
    if not opening:
        ask(town, lambda: DRIVER.write_credit(config(), CreditOrder(8000, 1, CUSTOMER, opening=True)))
    give(home, "drop-next-answer", NUMBER)
    order = CreditOrder(3000, 1 if opening else 2, CUSTOMER, opening=opening)
    with pytest.raises(LinkFault):
        ask(town, lambda: DRIVER.write_credit(config(), order), answer_s=0.3)
    assert credit(town).purchase_count == order.count
    assert credit(town).remaining_minor == (5000 if opening else 13000)
    with pytest.raises(MeterFault):  # The same order again: the meter knows its count.
        ask(town, lambda: DRIVER.write_credit(config(), order))


def trip_and_permit(town: Town, now: Now, number: str) -> None:
    ask(town, lambda: DRIVER.trip(config(number), valid_until=now.at + VALID), number=number)
    assert switch(town, number).contact is Contact.OPEN
    ask(town, lambda: DRIVER.permit_close(config(number), valid_until=now.at + VALID), number=number)


def test_the_story_button_is_pressed_by_order_only(town, home, now):
    preset(town)
    trip_and_permit(town, now, NUMBER)
    now.pass_by(minutes=10)
    assert switch(town).contact is Contact.OPEN
    assert give(home, "press", NUMBER) == "closed"
    assert switch(town).contact is Contact.CLOSED
    with pytest.raises(Trouble, match="closed already"):
        give(home, "press", NUMBER)


def test_everybody_else_presses_twenty_seconds_after_the_permission(town, now):
    number = site.unit("1-0101").number
    preset(town, number)
    trip_and_permit(town, now, number)
    town.order("see", number)  # The tenant looks, and starts for the door.
    now.pass_by(seconds=REACTION_S - 1)
    town.order("see", number)
    assert switch(town, number).contact is Contact.OPEN
    now.pass_by(seconds=1)
    town.order("see", number)
    assert switch(town, number).contact is Contact.CLOSED


def test_a_button_that_the_meter_does_not_permit_closes_nothing(town, home):
    with pytest.raises(Trouble, match="does not permit"):
        give(home, "press", NUMBER)


def test_a_meter_goes_offline_and_comes_back_with_its_energy_counted(town, home, now):
    number = site.unit("S-01").number
    setup = MeterConfig(number, 3, site.ZONE, meters.settings())
    give(home, "offline", number)
    with pytest.raises(LinkFault):
        ask(town, lambda: DRIVER.read(setup), number=number, answer_s=0.2)
    assert see(home, number)["online"] is False
    now.pass_by(hours=3)
    assert give(home, "online", number) == "online"
    assert ask(town, lambda: DRIVER.read(setup), number=number).import_wh > site.unit("S-01").first_import_wh


def test_a_welded_switch_says_open_and_the_lamp_burns_on(town, home, now):
    preset(town)
    give(home, "weld", NUMBER)
    ask(town, lambda: DRIVER.trip(config(), valid_until=now.at + VALID))
    assert switch(town).contact is Contact.OPEN
    assert see(home)["powered"] is True


@pytest.mark.parametrize(("word", "number"), [("explode", NUMBER), ("press", "000000000000"), ("press", "")])
def test_unknown_orders_and_meters_are_refused_with_a_sentence(town, home, word, number):
    with pytest.raises(Trouble, match="The town"):
        give(home, word, number)


def test_a_line_that_is_no_order_harms_nobody(town, home):
    for rubbish in (b"\xff" * 5000 + b"\n", b"\n", b"press\n"):
        with socket.create_connection((HOST, ports(home).control), timeout=5) as line:
            line.sendall(rubbish)
            line.recv(1000)
    assert see(home)["count"] == 0


def test_a_jump_of_three_days_is_lived_through_in_order(town, home, now):
    preset(town, minor=9000)
    now.pass_by(days=3)
    seen = credit(town)
    assert see(home)["cut_reason"] == "credit"
    assert (seen.remaining_minor, seen.overdraft_minor <= 30) == (0, True), (
        "it was cut within the minute, not at the end"
    )


def test_a_jump_and_small_steps_find_the_same_energy():
    def reading(steps: int) -> tuple[int, int]:
        meter = SimulatedMeter(meters.setup(site.STORY), meters.load_of(site.STORY))
        tenant, at = Tenant(meter), site.STARTS_AT
        tenant.live_until(at)
        purse.preset(meter.state, amount_minor=50_000, count=0)
        relay.watch_credit(meter.state, meter.setup)
        relay.release(meter.state, close=True)
        for n in range(1, steps + 1):
            tenant.live_until(at + timedelta(days=2) * n / steps)
        return meter.state.import_wh, meter.state.balance_milli

    assert reading(1) == reading(48) == reading(2 * 24 * 20)


def test_a_tenant_presses_after_an_overload_in_the_middle_of_a_jump():
    unit = site.unit("S-02")
    meter = SimulatedMeter(meters.setup(unit), lambda at: (30_000 if at.hour == 3 else 900, 0, 0))
    tenant = Tenant(meter)
    tenant.live_until(site.STARTS_AT)
    tenant.live_until(site.STARTS_AT + timedelta(days=1))
    assert meter.state.trips >= 1
    assert meter.state.closes == meter.state.trips
    assert meter.powered


def test_a_new_meter_begins_at_the_clock_and_has_lived_nothing_before():
    meter = SimulatedMeter(meters.setup(site.UNITS[-1]), meters.load_of(site.UNITS[-1]))
    Tenant(meter).live_until(site.STARTS_AT)
    assert meter.state.import_wh == site.UNITS[-1].first_import_wh
