"""Reading what a meter measures: energy by tariff and direction, voltage, current, power, clock, counters."""

from datetime import datetime
from zoneinfo import ZoneInfo

from powertill.core.ports import Exchange, MeterConfig, Snapshot

from . import bcd
from .asking import if_any, if_present, read_number, read_register, read_values
from .faults import unreadable

Numbers = tuple[int | None, ...]


def read_snapshot(config: MeterConfig) -> Exchange[Snapshot]:
    """Read everything that a supply point needs. Only the import total is required of a meter."""
    clock_at = yield from read_clock(config)
    energy = yield from _energy(config)
    power = yield from _power(config)
    return Snapshot(
        clock_at=clock_at,
        import_wh=energy[0],
        import_band_wh=energy[1:5],
        export_wh=(yield from if_present(read_number(config, "export_total"), 0)),
        voltage_mv=(yield from _phases(config, "voltage")),
        current_ma=(yield from _phases(config, "current")),
        power_w=power[0] if power else None,
        power_phase_w=power[1 : 1 + config.phases],
        trip_count=(yield from if_any(read_number(config, "trip_count"), None)),
        cover_open_count=(yield from if_any(read_number(config, "cover_open_count"), None)),
        power_down_count=(yield from if_any(read_number(config, "power_down_count"), None)),
    )


def read_clock(config: MeterConfig) -> Exchange[datetime | None]:
    """Read date and time; None for a clock that was never set or that the meter does not have."""
    date = yield from if_any(read_register(config, "date"), None)
    time = yield from if_any(read_register(config, "time"), None)
    if date is None or time is None:
        return None
    if time[2:] == b"\x00":
        # In the hour after midnight the date may have been read on the old day: read it again.
        date = yield from read_register(config, "date")
    if len(date) != 4 or len(time) != 3:
        raise unreadable(f"clock {date.hex()} {time.hex()}")
    return bcd.moment(date, time, ZoneInfo(config.zone))


def _energy(config: MeterConfig) -> Exchange[tuple[int, ...]]:
    block = yield from if_any(read_values(config, "import_block"), None)
    if block is None:
        return ((yield from read_number(config, "import_total")),)
    if block[0] is None:
        raise unreadable("the meter has no import total")
    return (block[0], *(wh or 0 for wh in block[1:]))


def _phases(config: MeterConfig, quantity: str) -> Exchange[Numbers]:
    """Read the phases in one block, or one by one where the meter has no block."""
    numbers: list[int | None] = list((yield from if_any(read_values(config, f"{quantity}_block"), ())))
    if not numbers:
        for phase in "abc"[: config.phases]:
            numbers += yield from if_any(read_values(config, f"{quantity}_{phase}"), (None,))
    return tuple([*numbers, None, None][: config.phases])


def _power(config: MeterConfig) -> Exchange[Numbers]:
    """Read total and phase power in W, from a register that counts tenths of a watt."""
    block = yield from if_any(read_values(config, "power_block"), None)
    if block is None:
        block = yield from if_any(read_values(config, "power_total"), ())
    return tuple(None if milliwatt is None else _watt(milliwatt) for milliwatt in block)


def _watt(milliwatt: int) -> int:
    """Return whole W, halves away from zero. A display value: nothing is charged from it."""
    watt = (abs(milliwatt) + 500) // 1000
    return -watt if milliwatt < 0 else watt
