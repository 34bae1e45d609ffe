"""The purse in the meter: reading it, and writing it with the security family C=03.

Amounts and counts of C=03 are binary, four bytes low first; the registers are BCD. A write's answer
proves nothing either way: meters are known that answered C3 after they had taken the money.
"""

from dataclasses import dataclass

from powertill.core.ports import CreditOrder, CreditSeen, Exchange, LinkFault, MeterConfig, MeterFault, SecurityProvider

from .asking import address_of, ask, digits_of, if_present, read_number, read_register
from .codec import SECURITY
from .faults import unreadable

IDENTITY, OPEN, RECHARGE, PRESET, REFUND, STATUS = (
    "070000FF",
    "070101FF",
    "070102FF",
    "070103FF",
    "070108FF",
    "078102FF",
)
OPERATOR = "00000001"
SESSION_SIZE = 12  # random2 (4) and the serial number of the security module (8)
STATUS_SIZE_MIN = 22  # remaining 4, MAC 4, count 4, MAC 4, customer number 6 [, key information 4]
LOOKS_MAX = 2
NO_STATUS = ("meter.no_data", "meter.refused", "meter.authentication", "meter.security")


@dataclass(frozen=True, slots=True)
class Purse:
    """The part of the purse that only purchases move."""

    count: int
    customer_number: str | None


def read_credit(config: MeterConfig) -> Exchange[CreditSeen]:
    """Read the purse as one picture: the count is read before and after the rest and must be the same.

    Raise `LinkFault` when a purchase falls into the reading twice: ask again later.
    """
    for _ in range(LOOKS_MAX):
        before = yield from _purse(config)
        seen = yield from _picture(config, before)
        if before == (yield from _purse(config)):
            return seen
    raise LinkFault("the purse moved while it was read")


def write_credit(config: MeterConfig, security: SecurityProvider, order: CreditOrder) -> Exchange[None]:
    """Open the account or recharge it. Raise `MeterFault` with the reason; the caller reads back in any case."""
    yield from _write(config, security, OPEN if order.opening else RECHARGE, order)


def refund_credit(config: MeterConfig, security: SecurityProvider, order: CreditOrder) -> Exchange[None]:
    """Take money out of the purse (vendor extension 070108FF, the layout of a recharge)."""
    yield from _write(config, security, REFUND, order)


def preset_credit(config: MeterConfig, security: SecurityProvider, amount_minor: int) -> Exchange[None]:
    """Set the purse of a meter that is not opened yet: amount, MAC, purchase count 0, MAC."""
    session = yield from _authenticate(config, security)
    amount, count = _binary(amount_minor), _binary(0)
    address = address_of(config)
    body = amount + security.mac(address, session, amount) + count + security.mac(address, session, count)
    yield from _secure(config, PRESET, body)


def _write(config: MeterConfig, security: SecurityProvider, di: str, order: CreditOrder) -> Exchange[None]:
    money = _binary(order.amount_minor, least=1) + _binary(order.count, least=1)
    customer = _customer(order.customer_number)
    session = yield from _authenticate(config, security)
    address = address_of(config)
    body = money + security.mac(address, session, money) + customer + security.mac(address, session, customer)
    yield from _secure(config, di, body)


def _authenticate(config: MeterConfig, security: SecurityProvider) -> Exchange[bytes]:
    """Open a session of identity authentication; the meter ends it by itself after some minutes."""
    identity = security.authenticate(address_of(config))
    session = yield from _secure(config, IDENTITY, identity.cipher + identity.random + identity.diversification)
    if len(session) != SESSION_SIZE:
        raise unreadable(f"the answer to identity authentication has {len(session)} bytes")
    return session


def _secure(config: MeterConfig, di: str, body: bytes, *, asks: bool = False) -> Exchange[bytes]:
    wire = bytes.fromhex(di)[::-1]
    data = wire + digits_of(config, "operator", 4, default=OPERATOR) + body
    return (yield from ask(config, SECURITY, data, di=wire, label=f"security {di}", asks=asks))


def _purse(config: MeterConfig) -> Exchange[Purse]:
    """Ask the security module itself, or the registers where the meter has no status query."""
    if config.settings.get("status_query") != "no":
        try:
            data = yield from _secure(config, STATUS, b"", asks=True)
        except MeterFault as fault:
            if fault.code not in NO_STATUS:
                raise
        else:
            return _purse_of(data)
    count = yield from if_present(read_number(config, "purchase_count"), 0)
    customer = yield from if_present(read_register(config, "customer_number"), None)
    return Purse(count, _customer_text(customer))


def _purse_of(data: bytes) -> Purse:
    if len(data) < STATUS_SIZE_MIN:
        raise unreadable(f"the status query has {len(data)} bytes")
    return Purse(int.from_bytes(data[8:12], "little"), _customer_text(data[16:22]))


def _picture(config: MeterConfig, purse: Purse) -> Exchange[CreditSeen]:
    remaining = yield from read_number(config, "remaining")
    overdraft = yield from if_present(read_number(config, "overdraft"), 0)
    recorded = yield from if_present(read_number(config, "purchase_count"), 0)
    amount = before = after = None
    # The record shows four digits of the count, and only purchases: a refund moves the count alone.
    if purse.count and recorded == purse.count % 10_000:
        amount = yield from if_present(read_number(config, "purchase_amount"), None)
        before = yield from if_present(read_number(config, "purchase_before"), None)
        after = yield from if_present(read_number(config, "purchase_after"), None)
    return CreditSeen(remaining, overdraft, purse.count, amount, before, after, purse.customer_number)


def _binary(number: int, *, least: int = 0) -> bytes:
    if not least <= number <= 0xFFFF_FFFF:
        raise ValueError(f"{number} is no amount or count for a meter")
    return number.to_bytes(4, "little")


def _customer(number: str) -> bytes:
    if len(number) > 12 or not (number.isascii() and number.isdigit()):
        raise MeterFault("meter.settings", "a customer number in a meter has up to 12 digits")
    return bytes.fromhex(number.zfill(12))[::-1]


def _customer_text(data: bytes | None) -> str | None:
    """Return the number; None when the meter has none (empty, zeros or FF)."""
    text = (data or b"")[::-1].hex()
    if not text.strip("0") or not text.strip("f"):
        return None
    if not text.isdigit():
        raise unreadable(f"customer number {text}")
    return text
