"""What a simulated meter does with one frame: read, write, control, security, clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from powertill.drivers.meters.dlt645 import bcd
from powertill.drivers.meters.dlt645.codec import (
    ADDRESS_ALL,
    ADDRESS_ANY,
    CONTROL,
    ERROR,
    READ,
    READ_ADDRESS,
    REPLY,
    SECURITY,
    SET_TIME,
    WRITE,
    DecodeError,
    Frame,
    decode,
    encode,
)
from powertill.drivers.meters.dlt645.registers import BY_DI
from powertill.drivers.meters.dlt645.relay import DIRECT_CLOSE, KEEP_OFF, KEEP_ON, PERMIT_CLOSE, TRIP

from . import answers, purse, relay
from .security import SecurityModule
from .setup import Lie

if TYPE_CHECKING:
    from .meter import SimulatedMeter

OTHER, NO_DATA, PASSWORD = b"\x01", b"\x02", b"\x04"
ALARM_ON, ALARM_OFF = 0x2A, 0x2B
PASSWORD_FAILURES_MAX = 5
BROADCAST_CHANGE_MAX = timedelta(minutes=5)
WRITABLE = ("alarm_1", "alarm_2", "overdraft_limit", "hoarding_limit", "close_permission", "trip_delay")


class No(Exception):
    """The meter's answer is an error; the argument is its data."""


def reply(meter: SimulatedMeter, raw: bytes) -> bytes | None:
    """Return the answer to one frame; None where a meter stays silent: rubbish, other addresses, broadcasts."""
    try:
        frame = decode(raw)
    except DecodeError:
        return None
    if frame.is_reply or frame.address not in (meter.setup.address, ADDRESS_ANY, ADDRESS_ALL):
        return None
    if frame.address == ADDRESS_ALL:
        if frame.function == SET_TIME:
            _broadcast_time(meter, frame.data)
        return None
    return encode(Frame(meter.setup.address, *_answer(meter, frame)))


def _answer(meter: SimulatedMeter, frame: Frame) -> tuple[int, bytes]:
    function = _FUNCTIONS.get(frame.control)
    try:
        if function is None:
            raise No(OTHER)
        return frame.control | REPLY, function(meter, frame.data)
    except No as no:
        return frame.control | REPLY | ERROR, no.args[0]
    except (DecodeError, ValueError):
        return frame.control | REPLY | ERROR, OTHER if frame.control != SECURITY else b"\x01\x00"


def _read(meter: SimulatedMeter, data: bytes) -> bytes:
    found = answers.answer(meter, data[::-1].hex().upper()) if len(data) == 4 else None
    if found is None:
        raise No(NO_DATA)
    return data + found


def _read_address(meter: SimulatedMeter, data: bytes) -> bytes:
    return bytes.fromhex(meter.setup.address)[::-1]


def _write(meter: SimulatedMeter, data: bytes) -> bytes:
    register = BY_DI.get(data[:4][::-1].hex().upper())
    if register is None:
        raise No(NO_DATA)
    _check_password(meter, data[4:8], meter.setup.write_password, level=4)
    value = data[12:]
    local = meter.local_clock()
    if register.name == "date":
        meter.set_clock(_moment(value, bcd.time_bytes(local), local))
    elif register.name == "time":
        meter.set_clock(_moment(bcd.date_bytes(local), value, local))
    elif register.name in WRITABLE:
        meter.state.parameters[register.name] = register.value(value) or 0
    else:
        raise No(PASSWORD)
    return b""


def _moment(date: bytes, time: bytes, local: datetime) -> datetime:
    if len(date) != 4 or len(time) != 3 or local.tzinfo is None:
        raise No(OTHER)
    found = bcd.moment(date, time, local.tzinfo)
    if found is None:
        raise No(OTHER)
    return found


def _control(meter: SimulatedMeter, data: bytes) -> bytes:
    if len(data) != 16:
        raise No(OTHER)
    _check_password(meter, data[:4], meter.setup.password, level=2)
    local = meter.local_clock()
    if local.tzinfo is None or bcd.read_until(data[10:], local.tzinfo) < local:
        raise No(PASSWORD)
    state, order = meter.state, data[8]
    if order == TRIP:
        if not relay.trip(state, meter.setup, meter.clock_s(), max(map(abs, meter.currents_ma()))):
            raise No(PASSWORD)
    elif order in (PERMIT_CLOSE, DIRECT_CLOSE):
        if not relay.let_close(state, close=order == DIRECT_CLOSE):
            raise No(OTHER)
    elif order in (KEEP_ON, KEEP_OFF):
        relay.keep_power(state, meter.setup, on=order == KEEP_ON)
    elif order in (ALARM_ON, ALARM_OFF):
        state.alarm_on = order == ALARM_ON
    else:
        raise No(OTHER)
    return b""


def _check_password(meter: SimulatedMeter, sent: bytes, password: str, *, level: int) -> None:
    """Refuse a wrong password, and after five in a day every password."""
    state, day = meter.state, f"{meter.local_clock():%Y-%m-%d}"
    if state.password_day != day:
        state.password_failures, state.password_day = 0, day
    right = sent == bytes((level,)) + bytes.fromhex(password)[::-1]
    if right and state.password_failures < PASSWORD_FAILURES_MAX:
        state.password_failures = 0
        return
    state.password_failures += 1
    raise No(PASSWORD)


def _security(meter: SimulatedMeter, data: bytes) -> bytes:
    di, body = data[:4], data[8:]
    module = SecurityModule(meter.state, meter.setup.address, meter.clock_s(), f"{meter.local_clock():%Y-%m-%d}")
    if module.suspended():
        raise No(_serr(purse.SUSPENDED))
    name = di[::-1].hex().upper()
    if name == "070000FF":
        serr, session = module.authenticate(body)
        if serr:
            raise No(_serr(serr))
        return di + session
    if name == "078102FF":
        return di + _status(meter, module)
    order = _ORDERS.get(name)
    if order is None:
        raise No(_serr(purse.OTHER))
    serr = order(meter, module, body)
    if not serr and Lie.ERROR_AFTER_WRITE in meter.lies:
        serr = purse.OTHER
    if serr:
        raise No(_serr(serr))
    return di


def _status(meter: SimulatedMeter, module: SecurityModule) -> bytes:
    state = meter.state
    remaining = module.seal(answers.remaining_minor(meter).to_bytes(4, "little"))
    count = module.seal(state.count.to_bytes(4, "little"))
    return remaining + count + bytes.fromhex(state.customer or "0" * 12)[::-1] + b"\x00" * 4


def _purchase(rule: Callable[..., int]) -> Callable[[SimulatedMeter, SecurityModule, bytes], int]:
    """Unpack amount, count, MAC1, customer number, MAC2 (the layout of open, recharge and refund)."""

    def order(meter: SimulatedMeter, module: SecurityModule, body: bytes) -> int:
        if len(body) != 22:
            return purse.OTHER
        money, mac1, customer, mac2 = body[:8], body[8:12], body[12:18], body[18:]
        refusal = module.check((money, mac1), (customer, mac2))
        return refusal or rule(
            meter.state,
            amount_minor=int.from_bytes(money[:4], "little"),
            count=int.from_bytes(money[4:], "little"),
            customer=customer[::-1].hex(),
            at=f"{meter.local_clock():%y%m%d%H%M}",
        )

    return order


def _preset(meter: SimulatedMeter, module: SecurityModule, body: bytes) -> int:
    if len(body) != 16:
        return purse.OTHER
    amount, count = body[:4], body[8:12]
    refusal = module.check((amount, body[4:8]), (count, body[12:]))
    numbers = {"amount_minor": int.from_bytes(amount, "little"), "count": int.from_bytes(count, "little")}
    refusal = refusal or purse.preset(meter.state, **numbers)
    if not refusal:
        # Meters close here without the button (bench procedures check it): the installer stands by.
        relay.watch_credit(meter.state, meter.setup)
        relay.release(meter.state, close=True)
    return refusal


def _broadcast_time(meter: SimulatedMeter, data: bytes) -> None:
    """Follow a broadcast time of at most five minutes' change, once a day."""
    local = meter.local_clock()
    day = f"{local:%Y-%m-%d}"
    if len(data) != 6 or local.tzinfo is None or meter.state.broadcast_day == day:
        return
    try:
        sent = bcd.read_until(data, local.tzinfo)
    except DecodeError:
        return
    if abs(sent - local) <= BROADCAST_CHANGE_MAX:
        meter.set_clock(sent)
        meter.state.broadcast_day = day


def _serr(word: int) -> bytes:
    return word.to_bytes(2, "little")


_FUNCTIONS: dict[int, Callable[[SimulatedMeter, bytes], bytes]] = {
    READ: _read,
    READ_ADDRESS: _read_address,
    WRITE: _write,
    CONTROL: _control,
    SECURITY: _security,
}
_ORDERS = {
    "070101FF": _purchase(purse.open_account),
    "070102FF": _purchase(purse.recharge),
    "070103FF": _preset,
    "070108FF": _purchase(purse.refund),
}
