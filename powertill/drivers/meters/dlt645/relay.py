"""The switch: reading it back, and the control command 1C in its plain form with a password.

Run status word 3 (04000503): bit 4 is the real contact, bit 6 what the meter was last told, bit 12
keep-power (2013 supplement; two independent code bases read it so, older meters leave it 0).
A meter has no bit for "close is permitted": an open contact with the command at closed means it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from powertill.core.ports import Contact, Exchange, LinkFault, MeterConfig, MeterFault, RelayAnswer, RelaySeen

from . import bcd
from .asking import ask, digits_of, if_present, read_number, read_register, read_values
from .codec import CONTROL
from .faults import unreadable

TRIP, PERMIT_CLOSE, DIRECT_CLOSE, KEEP_ON, KEEP_OFF = 0x1A, 0x1B, 0x1C, 0x3A, 0x3B
CONTACT_BIT, COMMAND_BIT, KEEP_BIT = 4, 6, 12
LEVEL = b"\x02"
OPERATOR = "00000001"


def read_relay(config: MeterConfig) -> Exchange[RelaySeen]:
    """Read the real contact and the last command."""
    data = yield from read_register(config, "status_3")
    if len(data) != 2:
        raise unreadable(f"run status word 3 has {len(data)} bytes")
    word = int.from_bytes(data, "little")
    contact, commanded = _contact(word, CONTACT_BIT), _contact(word, COMMAND_BIT)
    return RelaySeen(
        contact=contact,
        commanded=commanded,
        keep_power=None if config.settings.get("keep_power_bit") == "none" else bool(word >> KEEP_BIT & 1),
        permitted=contact is Contact.OPEN and commanded is Contact.CLOSED,
        raw=f"{word:04X}",
    )


def trip(config: MeterConfig, valid_until: datetime) -> Exchange[RelayAnswer]:
    """Send trip. 9C says only "accepted", so one look tells whether the meter waits, and for what."""
    try:
        yield from command(config, TRIP, valid_until)
    except MeterFault as fault:
        # The meter says "not authorised" both for a wrong password and for a protected supply.
        if fault.code in ("meter.password", "meter.refused") and (yield from _keeps_power(config)):
            return RelayAnswer.REFUSED_PROTECTED
        raise
    try:
        return (yield from _waiting(config))
    except (LinkFault, MeterFault):
        # The command itself was accepted; the caller reads back in any case.
        return RelayAnswer.ACCEPTED


def command(config: MeterConfig, order: int, valid_until: datetime) -> Exchange[RelayAnswer]:
    """Send one control command, level 02, valid to `valid_until` on the meter's own clock."""
    if valid_until.tzinfo is None:
        raise ValueError("valid_until needs a zone")
    password = digits_of(config, "password", 3)
    operator = digits_of(config, "operator", 4, default=OPERATOR)
    until = bcd.until_bytes(valid_until.astimezone(ZoneInfo(config.zone)))
    data = LEVEL + password + operator + bytes((order, 0)) + until
    yield from ask(config, CONTROL, data, label=f"control {order:02X}")
    return RelayAnswer.ACCEPTED


def _keeps_power(config: MeterConfig) -> Exchange[bool]:
    try:
        seen = yield from read_relay(config)
    except (LinkFault, MeterFault):
        return False  # The first answer, the refusal, is then the one to report.
    return bool(seen.keep_power)


def _waiting(config: MeterConfig) -> Exchange[RelayAnswer]:
    seen = yield from read_relay(config)
    if seen.contact is Contact.OPEN:
        return RelayAnswer.ACCEPTED
    if (yield from if_present(read_number(config, "trip_delay"), 0)):
        return RelayAnswer.DELAYED
    limit_ma = config.settings.get("defer_above_ma")
    if limit_ma:
        currents = yield from read_values(config, "current_block")
        if any(abs(current or 0) >= int(limit_ma) for current in currents):
            return RelayAnswer.DEFERRED
    return RelayAnswer.ACCEPTED


def _contact(word: int, bit: int) -> Contact:
    return Contact.OPEN if word >> bit & 1 else Contact.CLOSED
