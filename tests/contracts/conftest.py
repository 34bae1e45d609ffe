"""A line with one opened meter on it, for every test that talks over a socket."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from powertill import drivers
from powertill.core.ports import CreditOrder, MeterConfig, MeterDriver
from powertill.simulators.faults import Faults
from powertill.simulators.gateway import SimulatedGateway
from powertill.simulators.meter import MeterSetup, SimulatedMeter, converse
from tests.contracts.talk import Moment, Wire, serving

CUSTOMER = "000000004711"


@dataclass
class Line:
    """A served gateway: its meter, its faults, its clock, and a way to connect."""

    meter: SimulatedMeter
    config: MeterConfig
    driver: MeterDriver
    faults: Faults
    clock: Moment
    connect: Callable[[], Wire]


@pytest.fixture
def driver() -> MeterDriver:
    return drivers.meter_driver("dlt645")


@pytest.fixture
def line(driver: MeterDriver) -> Iterator[Line]:
    """One single-phase meter in Shanghai, opened with 100.00 and switched on, 1 kW running."""
    setup = MeterSetup("000012345678", zone="Asia/Shanghai", password="123456")
    meter, clock, faults = SimulatedMeter(setup, lambda at: (1000,)), Moment(), Faults(seed=7)
    meter.advance(clock.now)
    config = setup.driver_config()
    converse(driver.write_credit(config, CreditOrder(10_000, 1, CUSTOMER, opening=True)), meter, clock.now)
    assert meter.press_button(clock.now)
    gateway = SimulatedGateway([meter], clock, faults)
    with ExitStack() as stack:
        port = stack.enter_context(serving(gateway))

        def connect() -> Wire:
            wire = Wire(port, driver)
            stack.callback(wire.close)
            return wire

        yield Line(meter, config, driver, faults, clock, connect)
