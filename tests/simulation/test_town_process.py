"""The town as a process: its ports, its lock, orders without it, and sudden death."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from powertill import drivers
from powertill.clock import Clock
from powertill.core.ports import CreditOrder, MeterConfig
from powertill.simulators.town import meters, site, town_in_thread
from powertill.simulators.town.orders import give
from powertill.simulators.town.ports import HOST, ports
from powertill.simulators.town.town import lock
from powertill.trouble import Trouble
from powertill.workers.bus import Bus

NUMBER = site.STORY.number
CUSTOMER = site.STORY.person.number
DRIVER = drivers.meter_driver("dlt645")
CONFIG = MeterConfig(NUMBER, 1, site.ZONE, meters.settings())


def test_ports_are_chosen_once_and_kept(home):
    first = ports(home)
    assert len({*first.gateways.values(), first.control}) == 5
    assert ports(home) == first
    (home / "town.json").write_text("{}")
    with pytest.raises(Trouble, match="not a town"):
        ports(home)


def test_two_towns_never_share_a_home(home):
    with town_in_thread(home, lambda: site.STARTS_AT), pytest.raises(Trouble, match="another process"):
        lock(home, wait_s_max=0)


def test_a_taken_port_is_said_in_a_sentence(home):
    with (
        socket.create_server((HOST, ports(home).gateways["G3"])),
        pytest.raises(Trouble, match="taken"),
        town_in_thread(home, lambda: site.STARTS_AT),
    ):
        pass
    lock(home, wait_s_max=0).close()


def test_orders_without_a_town_are_refused(home):
    with pytest.raises(Trouble, match="no simulated town has been here"):
        give(home, "press", NUMBER)
    ports(home)
    with pytest.raises(Trouble, match="No simulated town answers"):
        give(home, "press", NUMBER)


def start(home: Path) -> subprocess.Popen[bytes]:
    with (home / "town.log").open("a") as out:
        command = [sys.executable, "-m", "powertill", "town"]
        process = subprocess.Popen(command, env=os.environ | {"POWERTILL_HOME": str(home)}, stdout=out, stderr=out)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, ports(home).control), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise AssertionError("the town did not start")


def test_a_killed_town_has_lost_no_purse_write(home):
    """`kill -9` right after the answer to a purchase; then a stop in order."""
    Clock(home).begin(site.STARTS_AT, speed=0)
    gate = ports(home).gateways[site.STORY.gateway]

    async def buy() -> None:
        bus = Bus(HOST, gate)
        await bus.ask(lambda: DRIVER.preset_credit(CONFIG, 2000), deframer=DRIVER.deframer)
        order = CreditOrder(8000, 1, CUSTOMER, opening=True)
        await bus.ask(lambda: DRIVER.write_credit(CONFIG, order), deframer=DRIVER.deframer)
        await bus.close()

    process = start(home)
    asyncio.run(buy())
    process.kill()
    process.wait()
    process = start(home)
    seen = json.loads(give(home, "see", NUMBER))
    assert (seen["count"], seen["customer"], seen["remaining_minor"]) == (1, CUSTOMER, 10_000)
    Clock(home).jump_to(site.STARTS_AT + timedelta(hours=4))
    assert json.loads(give(home, "see", NUMBER))["remaining_minor"] < 10_000
    with socket.create_connection((HOST, gate)):  # A head-end that is still connected.
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    said = (home / "town.log").read_text().splitlines()
    assert [line.split(" ", 1)[1].split(" meters")[0] for line in said[-2:]] == [
        "info powertill.town simulated town runs",
        "info powertill.town simulated town stopped",
    ]
