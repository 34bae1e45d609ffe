"""What may go wrong on a line, by a seed or by a script, so that a test can order its bad luck."""

import random
from dataclasses import dataclass, field
from enum import StrEnum

SCRIPT_MAX = 100


class Fault(StrEnum):
    """What happens to one request or its answer."""

    LOSE_REQUEST = "lose_request"
    LOSE_REPLY = "lose_reply"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"  # the answer is kept and comes after the next one
    NOISE = "noise"
    ECHO = "echo"  # the request comes back before the answer, as on half-duplex adapters
    GARBLE = "garble"  # one bit of the answer is turned


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each fault happens, per mille of requests; 0 everywhere is a perfect line."""

    lose_request: int = 0
    lose_reply: int = 0
    delay: int = 0
    duplicate: int = 0
    reorder: int = 0
    noise: int = 0
    echo: int = 0
    garble: int = 0
    delay_ms_max: int = 1000
    wake_bytes_max: int = 4

    def __post_init__(self) -> None:
        if not all(0 <= getattr(self, fault.value) <= 1000 for fault in Fault):
            raise ValueError("a rate is per mille")


@dataclass(slots=True)
class Scripted:
    """One ordered fault: for the next request to `address` whose data holds `data`, if given."""

    fault: Fault
    address: str | None = None
    data: bytes = b""


@dataclass(slots=True)
class Luck:
    """The faults that one exchange gets."""

    faults: frozenset[Fault]
    delay_ms: int
    wake_bytes: int
    noise: bytes
    turn: int


@dataclass(slots=True)
class Faults:
    """Draws the luck of every exchange from one seed; ordered faults come first and once."""

    seed: int = 0
    rates: Rates = field(default_factory=Rates)
    script: list[Scripted] = field(default_factory=list)
    happened: list[Fault] = field(default_factory=list)
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def once(self, fault: Fault | str, *, address: str | None = None, di: str = "") -> None:
        """Order one fault for the next request that fits. `di` as people write it: `070102FF`."""
        if len(self.script) >= SCRIPT_MAX:
            raise ValueError(f"more than {SCRIPT_MAX} ordered faults")
        self.script.append(Scripted(Fault(fault), address, bytes.fromhex(di)[::-1]))

    def draw(self, address: str, data: bytes) -> Luck:
        """Return what happens to this request. Every draw takes the same number of random values."""
        drawn = {fault for fault in Fault if self._random.randrange(1000) < getattr(self.rates, fault.value)}
        drawn |= self._ordered(address, data)
        noise = self._random.randbytes(1 + self._random.randrange(12))
        self.happened = [*self.happened, *sorted(drawn)][-1000:]
        return Luck(
            faults=frozenset(drawn),
            delay_ms=1 + self._random.randrange(self.rates.delay_ms_max),
            wake_bytes=self._random.randrange(self.rates.wake_bytes_max + 1),
            noise=noise,
            turn=self._random.randrange(1 << 16),
        )

    def _ordered(self, address: str, data: bytes) -> set[Fault]:
        for place, ordered in enumerate(self.script):
            if ordered.address in (None, address) and data.startswith(ordered.data):
                del self.script[place]
                return {ordered.fault}
        return set()
