"""What a meter's error answers mean, as the stable codes that the rest of the product knows.

ERR is one byte (D1, D4, DC), SERR one or two (C3, low byte first). Several bits may be set: the
first in the order below names the fault, and the detail keeps the whole word.
"""

from powertill.core.ports import MeterFault

from .codec import SECURITY, Frame

ERR = ((2, "meter.password"), (1, "meter.no_data"), (0, "meter.refused"))
SERR = (
    (8, "meter.suspended"),
    (3, "meter.authentication"),
    (2, "meter.security"),
    (7, "meter.security_serial"),
    (4, "meter.customer"),
    (1, "meter.repeat_recharge"),
    (5, "meter.count"),
    (6, "meter.over_limit"),
    (0, "meter.refused"),
)


def error_of(frame: Frame, *, asks: bool = False) -> MeterFault:
    """Return the fault that an error answer reports. `asks`: the request only read, so nothing was recharged.

    Meters without a security module answer C3 with one byte, and a status query with 02 in it:
    for a question that bit can only mean "no such data", never "already recharged".
    """
    word = int.from_bytes(frame.data, "little")
    detail = f"answer {frame.control:02X} {frame.data.hex().upper() or 'without a reason'}"
    if not 1 <= len(frame.data) <= (2 if frame.function == SECURITY else 1):
        return MeterFault("meter.unreadable", detail)
    table = SERR if frame.function == SECURITY and not (asks and len(frame.data) == 1) else ERR
    code = next((code for bit, code in table if word >> bit & 1), "meter.refused")
    return MeterFault(code, detail)


def unreadable(reason: object) -> MeterFault:
    """Return the fault of an answer that we do not understand and therefore do not believe."""
    return MeterFault("meter.unreadable", str(reason))
