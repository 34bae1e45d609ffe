"""What drivers promise: small value types, two kinds of fault, and exchanges without I/O.

A meter driver is a class whose methods return an *exchange*: a generator that yields an `Ask`
(bytes to send and how to know the answer) and gets back the answer's bytes. Whoever runs it owns
the socket and the clock, so one driver runs under asyncio, on a recorded tape and in a test.
When no answer comes in time the runner throws `LinkFault` into the generator.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


class LinkFault(Exception):
    """No usable answer came: the device may or may not have acted. Ask again later, or look."""


class MeterFault(Exception):
    """The device answered, and the answer is no. `code` is stable, for example `meter.count`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: the bytes to send, and which received frame answers it.

    `accepts` sees one whole frame and must match address, function and data identifier, because
    a gateway may deliver a late answer to an earlier question.
    """

    frame: bytes
    accepts: Callable[[bytes], bool]
    label: str = ""
    expects_answer: bool = True


Exchange = Generator[Ask, bytes, T]


class Deframer(Protocol):
    """Cuts a byte stream into whole frames; noise is skipped, memory is bounded."""

    def feed(self, data: bytes) -> list[bytes]: ...


class Capability(StrEnum):
    READ = "read"
    RELAY = "relay"  # trip and permit or direct close
    READS_BACK_RELAY = "reads_back_relay"  # only such a driver may cut by itself
    KEEP_POWER = "keep_power"
    CREDIT = "credit"  # money or energy can be written into the meter
    READS_BACK_CREDIT = "reads_back_credit"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a driver, as the console's form and the docs show it."""

    name: str
    label: str
    required: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True)
class DriverInfo:
    code: str
    name: str
    capabilities: frozenset[Capability]
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a meter measures at one moment. None: the meter does not have it."""

    clock_at: datetime | None  # the meter's own clock, aware, in the zone given in the config
    import_wh: int
    export_wh: int = 0
    import_band_wh: tuple[int, ...] = ()  # tariff registers 1..4
    voltage_mv: tuple[int | None, ...] = ()  # phases A, B, C
    current_ma: tuple[int | None, ...] = ()
    power_w: int | None = None  # signed: negative feeds back
    power_phase_w: tuple[int | None, ...] = ()
    trip_count: int | None = None
    cover_open_count: int | None = None
    power_down_count: int | None = None


class Contact(StrEnum):
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class RelaySeen:
    """The switch as read back: the real contact, and what the meter was last told."""

    contact: Contact
    commanded: Contact
    keep_power: bool | None = None
    permitted: bool | None = None  # close is allowed and waits for a person at the meter
    raw: str = ""


@dataclass(frozen=True, slots=True)
class CreditSeen:
    """The purse in the meter as read back. Amounts in minor units, never negative."""

    remaining_minor: int
    overdraft_minor: int
    purchase_count: int
    last_amount_minor: int | None = None  # amount of the last purchase recorded
    last_before_minor: int | None = None
    last_after_minor: int | None = None
    customer_number: str | None = None


class RelayAnswer(StrEnum):
    """What a meter says at once to a relay command. None of these proves that a contact moved."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    DEFERRED = "deferred"  # current is high; the meter waits
    REFUSED_PROTECTED = "refused_protected"  # keep-power is on: not an error to retry


@dataclass(frozen=True, slots=True)
class CreditOrder:
    """Credit to write: `count` is the meter's purchase count after it, the meter's own idempotency key."""

    amount_minor: int
    count: int
    customer_number: str
    opening: bool = False


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """What a driver needs to talk to one meter. `settings` holds the driver's own fields."""

    address: str
    phases: int = 1
    zone: str = "UTC"
    settings: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class MeterDriver(Protocol):
    """A meter's language. Methods of a capability that is not declared in `info` are never called."""

    info: DriverInfo

    def deframer(self) -> Deframer: ...
    def read(self, config: MeterConfig) -> Exchange[Snapshot]: ...
    def read_relay(self, config: MeterConfig) -> Exchange[RelaySeen]: ...
    def trip(self, config: MeterConfig, *, valid_until: datetime) -> Exchange[RelayAnswer]: ...
    def permit_close(self, config: MeterConfig, *, valid_until: datetime) -> Exchange[RelayAnswer]: ...
    def direct_close(self, config: MeterConfig, *, valid_until: datetime) -> Exchange[RelayAnswer]: ...
    def keep_power(self, config: MeterConfig, *, on: bool, valid_until: datetime) -> Exchange[RelayAnswer]: ...
    def read_credit(self, config: MeterConfig) -> Exchange[CreditSeen]: ...
    def write_credit(self, config: MeterConfig, order: CreditOrder) -> Exchange[None]: ...
    def preset_credit(self, config: MeterConfig, amount_minor: int) -> Exchange[None]: ...
    def refund_credit(self, config: MeterConfig, order: CreditOrder) -> Exchange[None]: ...
    def set_clock(self, config: MeterConfig, at: datetime) -> Exchange[None]: ...


class SecurityProvider(Protocol):
    """The encryption machine: authenticates commands to the security module in a meter.

    Real ones hold a utility's keys and sit outside this process; the shipped one is a simulator
    with keys of its own and says so. Every method may raise `LinkFault`.
    """

    simulated: bool

    def authenticate(self, address: str) -> "Identity": ...
    def mac(self, address: str, session: bytes, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """First message of identity authentication: cipher, random and diversification, 8 bytes each."""

    cipher: bytes
    random: bytes
    diversification: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a notify driver knows after handing a message over. `proof` is the provider's own reference."""

    accepted: bool
    proof: str
    delivered: bool = False  # True only where the channel itself proves delivery


class NotifyDriver(Protocol):
    info: DriverInfo

    def send(self, settings: Mapping[str, Any], *, key: str, to: str, subject: str, body: str) -> Receipt: ...
