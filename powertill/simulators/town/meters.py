"""Builds the simulated meters of the demo site, each with its memory on disk and the load of its unit."""

from functools import lru_cache
from pathlib import Path

from powertill.core.tariff import terms
from powertill.simulators.meter import Memory, MeterSetup, SimulatedMeter, Tables

from . import loads, prices
from .hashing import draw
from .site import SEED, UNITS, ZONE, Unit
from .tables import tables

PASSWORD = "000000"  # noqa: S105  of a simulated meter


def settings() -> dict[str, str]:
    """Return what the database keeps as settings of these meters' driver."""
    return {"password": PASSWORD, "write_password": PASSWORD, "security": "simulated"}


def memory_path(home: Path, unit: Unit) -> Path:
    """Return where a meter's non-volatile memory lies."""
    return home / "town" / "meters" / f"{unit.number}.json"


def build(unit: Unit, memory: Memory, *, load: loads.Load | None = None) -> SimulatedMeter:
    """Return the meter of a unit, as its memory remembers it."""
    return SimulatedMeter(setup(unit), load or load_of(unit), memory)


def build_all(home: Path) -> dict[str, SimulatedMeter]:
    """Return all meters of the site by number. Their memories survive `kill -9`, not a power cut of this machine."""
    return {unit.number: build(unit, Memory(memory_path(home, unit), durable=False)) for unit in UNITS}


def load_of(unit: Unit) -> loads.Load:
    return loads.make(unit.load, draw(SEED, "load", unit.label), phases=unit.phases)


def setup(unit: Unit) -> MeterSetup:
    """Return how the meter of a unit leaves the workshop: with a purse only where the purse is in the meter."""
    policy = prices.POLICIES[0]
    in_meter = unit.place == "meter"
    return MeterSetup(
        address=unit.number,
        phases=unit.phases,
        zone=ZONE,
        prepaid=in_meter,
        password=PASSWORD,
        write_password=PASSWORD,
        first_import_wh=unit.first_import_wh,
        alarm_minor=(policy["warn_minor"][0], policy["warn_minor"][1]),
        power_w_max=unit.power_limit_w,
        tables=residential_tables() if in_meter else Tables(),
    )


@lru_cache(maxsize=1)
def residential_tables() -> Tables:
    """Return the residential tariff as meters with a purse have it programmed."""
    return tables(terms.parse(prices.RESIDENTIAL))
