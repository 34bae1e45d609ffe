"""What a simulated meter answers to a read: one function for each register, by the driver's own table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from powertill.drivers.meters.dlt645 import bcd
from powertill.drivers.meters.dlt645.registers import BY_DI, REGISTERS

from . import prices, relay
from .setup import Lie
from .state import RECORDS_MAX

if TYPE_CHECKING:
    from .meter import SimulatedMeter

WH_MAX = 1_000_000_000  # eight digits of 0.01 kWh, then the register starts again
RECORD_PARTS = {1: "at", 2: "count", 3: "amount", 4: "before", 5: "after", 6: "cumulative"}


def answer(meter: SimulatedMeter, di: str) -> bytes | None:
    """Return the bytes of a register; None when this meter does not have it."""
    if di[:4] in ("0333", "0334"):
        return _record(meter, di)
    register = BY_DI.get(di)
    if register is None:
        return None
    if register.name in _RAW:
        return _RAW[register.name](meter)
    if register.name in _NUMBERS:
        return register.encode(*_NUMBERS[register.name](meter))
    if register.name in meter.state.parameters:
        return register.encode(meter.state.parameters[register.name])
    return None


def remaining_minor(meter: SimulatedMeter) -> int:
    """Return the purse as the meter shows it, which a frozen one does from an old picture."""
    if Lie.FROZEN_BALANCE not in meter.lies:
        meter.state.frozen_minor = None
        return meter.state.remaining_minor
    if meter.state.frozen_minor is None:
        meter.state.frozen_minor = meter.state.remaining_minor
    return meter.state.frozen_minor


def status_3(meter: SimulatedMeter) -> int:
    """Return run status word 3: contact, command, alarm before a trip, kind of meter, keep-power."""
    state = meter.state
    word = state.contact_open << 4 | relay.is_commanded_open(state) << 6 | (state.trip_due is not None) << 7
    return word | (2 << 8 if meter.setup.prepaid else 0) | state.keep << 12


def _phases(meter: SimulatedMeter, values: tuple[int, ...]) -> tuple[int | None, ...]:
    return (*values, None, None)[:3] if meter.setup.phases == 1 else values


def _voltage(meter: SimulatedMeter) -> tuple[int | None, ...]:
    return _phases(meter, (meter.setup.voltage_mv,) * meter.setup.phases)


def _power(meter: SimulatedMeter) -> tuple[int | None, ...]:
    phases = _phases(meter, tuple(1000 * watt for watt in meter.watts))
    return (1000 * sum(meter.watts), *phases)


def _record(meter: SimulatedMeter, di: str) -> bytes | None:
    """Return a part of a purchase (0333) or refund (0334) record; zeros where there is none yet."""
    part, number = RECORD_PARTS.get(int(di[4:6], 16)), int(di[6:8], 16)
    if part is None or not 1 <= number <= RECORDS_MAX:
        return None
    records = meter.state.records if di[:4] == "0333" else meter.state.refunds
    record: dict[str, Any] = records[number - 1] if number <= len(records) else {"at": "0000000000"}
    if part == "at":
        return bytes.fromhex(record["at"])[::-1]
    size = 2 if part == "count" else 4
    return bcd.from_int(int(record.get(part, 0)) % 10 ** (2 * size), size)


Numbers = tuple[int | None, ...]

_RAW: dict[str, Callable[[SimulatedMeter], bytes]] = {
    "date": lambda m: bcd.date_bytes(m.local_clock()),
    "time": lambda m: bcd.time_bytes(m.local_clock()),
    "address": lambda m: bytes.fromhex(m.setup.address)[::-1],
    "meter_number": lambda m: bytes.fromhex(m.setup.address)[::-1],
    "customer_number": lambda m: bytes.fromhex(m.state.customer or "0" * 12)[::-1],
    "status_3": lambda m: status_3(m).to_bytes(2, "little"),
}

_NUMBERS: dict[str, Callable[[SimulatedMeter], Numbers]] = {
    "combined_total": lambda m: (m.state.import_wh % WH_MAX,),
    "import_total": lambda m: (m.state.import_wh % WH_MAX,),
    "import_block": lambda m: (m.state.import_wh % WH_MAX, *(wh % WH_MAX for wh in m.state.band_wh)),
    "export_total": lambda m: (m.state.export_wh % WH_MAX,),
    "remaining": lambda m: (remaining_minor(m),),
    "overdraft": lambda m: (m.state.overdraft_minor,),
    "voltage_block": _voltage,
    "voltage_a": lambda m: (m.setup.voltage_mv,),
    "current_block": lambda m: _phases(m, m.currents_ma()),
    "current_a": lambda m: m.currents_ma()[:1],
    "power_block": _power,
    "power_total": lambda m: (1000 * sum(m.watts),),
    "price_now": lambda m: (prices.price_now(m.state, m.tables, m.tariff()),),
    "power_down_count": lambda m: (m.state.power_downs,),
    "cover_open_count": lambda m: (m.state.covers,),
    "trip_count": lambda m: (m.state.trips,),
    "close_count": lambda m: (m.state.closes,),
}

assert set(_NUMBERS) | set(_RAW) <= set(REGISTERS)
