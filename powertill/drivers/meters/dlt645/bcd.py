"""Numbers as DL/T 645 writes them: two decimal digits in a byte, low byte first."""

from datetime import datetime, timedelta, tzinfo

from .codec import DecodeError


def to_int(data: bytes, *, signed: bool = False) -> int | None:
    """Return the number, or None when every byte is FF (the meter does not have it). Raise `DecodeError`."""
    if not data:
        raise DecodeError("no digits")
    if data == b"\xff" * len(data):
        return None
    high_first = bytearray(data[::-1])
    negative = signed and bool(high_first[0] & 0x80)
    if negative:
        high_first[0] &= 0x7F
    digits = high_first.hex()
    if not digits.isdigit():
        raise DecodeError(f"not decimal digits: {data.hex()}")
    return -int(digits) if negative else int(digits)


def from_int(value: int, size: int, *, signed: bool = False) -> bytes:
    """Return `value` in `size` bytes. Raise `DecodeError` when it does not fit."""
    digits = f"{abs(value):0{2 * size}d}"
    fits = len(digits) == 2 * size and (value >= 0 or signed) and not (signed and digits[0] > "7")
    if not fits:
        raise DecodeError(f"{value} does not fit in {size} bytes")
    high_first = bytearray.fromhex(digits)
    if value < 0:
        high_first[0] |= 0x80
    return bytes(high_first[::-1])


def moment(date: bytes, time: bytes, zone: tzinfo) -> datetime | None:
    """Return the moment of a date (WW DD MM YY) and a time (ss mm hh); None for a clock that was never set."""
    day = to_int(date[1:])
    clock = to_int(time)
    if day is None or clock is None:
        return None
    year, month, day_of_month = 2000 + day // 10_000, day // 100 % 100, day % 100
    if not month or not day_of_month:
        return None
    try:
        return datetime(year, month, day_of_month, clock // 10_000, clock // 100 % 100, clock % 100, tzinfo=zone)
    except ValueError as fault:
        raise DecodeError(f"no such date or time: {date.hex()} {time.hex()}") from fault


def date_bytes(at: datetime) -> bytes:
    """Return WW DD MM YY of a local moment; Sunday is 0."""
    return bytes.fromhex(f"{at.isoweekday() % 7:02d}{at:%d%m%y}")


def time_bytes(at: datetime) -> bytes:
    """Return ss mm hh of a local moment."""
    return bytes.fromhex(f"{at:%S%M%H}")


def until_bytes(at: datetime) -> bytes:
    """Return ss mm hh DD MM YY, the end of a command's validity."""
    return bytes.fromhex(f"{at:%S%M%H%d%m%y}")


def read_until(data: bytes, zone: tzinfo) -> datetime:
    """Return the moment of ss mm hh DD MM YY; it lies in 2000-2099. Raise `DecodeError`."""
    if len(data) != 6:
        raise DecodeError(f"not a validity: {data.hex()}")
    found = moment(b"\x00" + data[3:], data[:3], zone)
    if found is None:
        raise DecodeError(f"not a validity: {data.hex()}")
    return found


def whole_seconds(at: datetime) -> datetime:
    """Return `at` without its fraction of a second, which no frame can carry."""
    return at - timedelta(microseconds=at.microsecond)
