"""Questions of the DL/T 645 driver: one request, one matched answer, every other answer refused."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from powertill.core.ports import Ask, Exchange, MeterConfig, MeterFault

from .codec import ADDRESS_ALL, ERROR, MORE, READ, REPLY, DecodeError, Frame, decode, encode
from .faults import error_of, unreadable
from .registers import REGISTERS

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D")
WAKE_BYTES = 4  # wakes sleeping infrared and radio heads; wired meters step over them


def careful(method: Callable[P, Exchange[T]]) -> Callable[P, Exchange[T]]:
    """Turn rubbish inside an answer into `meter.unreadable`, so that callers see two kinds of fault only."""

    @wraps(method)
    def exchange(*args: P.args, **kwargs: P.kwargs) -> Exchange[T]:
        try:
            return (yield from method(*args, **kwargs))
        except DecodeError as fault:
            raise unreadable(fault) from fault

    return exchange


def address_of(config: MeterConfig) -> str:
    """Return the 12-digit address; short ones are filled with zeros, as meters do. Raise `MeterFault`."""
    address = config.address.zfill(12)
    if len(address) != 12 or not (address.isascii() and address.isdigit()) or address == ADDRESS_ALL:
        raise MeterFault("meter.settings", f"not a meter address: {config.address[:20]!r}")
    return address


def digits_of(config: MeterConfig, name: str, size: int, *, default: str | None = None) -> bytes:
    """Return a setting of `size` bytes written as digits, low byte first. Raise `MeterFault`.

    The text of the setting is not quoted in the fault, because it may be a password.
    """
    text = str(config.settings.get(name) or default or "")
    if len(text) != 2 * size or not (text.isascii() and text.isdigit()):
        raise MeterFault("meter.settings", f"{name} needs {2 * size} digits")
    return bytes.fromhex(text)[::-1]


def ask(
    config: MeterConfig, function: int, data: bytes, *, di: bytes = b"", label: str, asks: bool = False
) -> Exchange[bytes]:
    """Send one request and return the answer's data behind its DI.

    An answer counts only from this address, for this function and with this DI. Error answers carry
    no DI, so there the address and the function must do. Raise `MeterFault` for an error answer.
    """
    address = address_of(config)

    def accepts(raw: bytes) -> bool:
        return _answers(raw, address, function, di)

    raw = yield Ask(encode(Frame(address, function, data), wake=WAKE_BYTES), accepts, label)
    frame = decode(raw)
    if frame.is_error:
        raise error_of(frame, asks=asks)
    if frame.control & MORE:
        raise unreadable(f"more frames follow {label}")
    return frame.data[len(di) :]


def read_register(config: MeterConfig, name: str) -> Exchange[bytes]:
    """Read one register of the table and return its bytes."""
    register = REGISTERS[name]
    return (yield from ask(config, READ, register.wire, di=register.wire, label=f"read {name}", asks=True))


def read_values(config: MeterConfig, name: str) -> Exchange[tuple[int | None, ...]]:
    """Read one register or block and return its numbers in the table's unit."""
    data = yield from read_register(config, name)
    return REGISTERS[name].values(data)


def read_number(config: MeterConfig, name: str) -> Exchange[int]:
    """Read one number that the meter must have. Raise `MeterFault` meter.unreadable for FF..FF."""
    number = (yield from read_values(config, name))[0]
    if number is None:
        raise unreadable(f"{name} is empty")
    return number


def if_present(exchange: Exchange[T], otherwise: D, *, absent: tuple[str, ...] = ("meter.no_data",)) -> Exchange[T | D]:
    """Return what the exchange returns, or `otherwise` when the meter says that it has no such data."""
    try:
        return (yield from exchange)
    except MeterFault as fault:
        if fault.code not in absent:
            raise
        return otherwise


def if_any(exchange: Exchange[T], otherwise: D) -> Exchange[T | D]:
    """As `if_present`, for what nobody is charged by: here "other error" (01) also means that it is not there.

    Meters, and the independent implementation that we test against, answer either to an unknown register.
    """
    return (yield from if_present(exchange, otherwise, absent=("meter.no_data", "meter.refused")))


def _answers(raw: bytes, address: str, function: int, di: bytes) -> bool:
    try:
        frame = decode(raw)
    except DecodeError:
        return False
    if frame.address != address or not frame.control & REPLY or frame.function != function:
        return False
    return bool(frame.control & ERROR) or frame.data.startswith(di)
