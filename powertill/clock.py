"""The one clock that web, workers and simulators ask; it may be simulated, and then says so."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from powertill.config import config
from powertill.trouble import Trouble

SPEED_MAX = 86_400  # a simulated day per real second


@dataclass(frozen=True, slots=True)
class Simulation:
    """At `real_anchor` the simulated time was `simulated_anchor`; since then it runs `speed` times as fast."""

    real_anchor: datetime
    simulated_anchor: datetime
    speed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.speed <= SPEED_MAX:
            raise Trouble(f"A simulated clock runs 0 to {SPEED_MAX} times as fast, not {self.speed}.")
        if self.real_anchor.tzinfo is None or self.simulated_anchor.tzinfo is None:
            raise Trouble("A simulated clock needs times with a zone, such as 2026-03-01T08:00:00+08:00.")

    def at(self, real: datetime) -> datetime:
        """Return the simulated time in UTC; a real clock that was set back never takes it before its anchor."""
        passed = max(real, self.real_anchor) - self.real_anchor
        return (self.simulated_anchor + passed * self.speed).astimezone(UTC)


class Clock:
    """`now()` in UTC: the system's clock, or HOME/clock.json's when that file is there."""

    def __init__(self, home: Path | None = None) -> None:
        self._path = (home or config().home) / "clock.json"
        self._seen: tuple[int, int] | None = None
        self._simulation: Simulation | None = None

    @property
    def simulated(self) -> bool:
        """Whether screens must carry the banner `simulated time`."""
        return self._load() is not None

    @property
    def speed(self) -> int:
        """How many times as fast as the system's clock this one runs."""
        simulation = self._load()
        return simulation.speed if simulation else 1

    def now(self) -> datetime:
        """Return the aware UTC time; costs one `stat` call."""
        simulation = self._load()
        return simulation.at(_real()) if simulation else _real()

    def jump_to(self, at: datetime, *, speed: int | None = None) -> datetime:
        """Move simulated time forward to `at` (aware) for every process, keeping its speed; never backward.

        A clock that was real becomes simulated. Raises Trouble when `at` lies before now.
        """
        with self._locked():
            real, simulation = _real(), self._load()
            now = simulation.at(real) if simulation else real
            kept = simulation.speed if simulation else 1
            target = Simulation(real, at, kept if speed is None else speed)
            if at < now:
                raise Trouble(f"Time only moves forward: it is {now.isoformat()}, {at.isoformat()} has passed.")
            self._store(target)
        return at.astimezone(UTC)

    def set_speed(self, speed: int) -> None:
        """Let simulated time run `speed` times as fast from now on."""
        with self._locked():
            self._store(Simulation(_real(), self.now(), speed))

    def begin(self, at: datetime, *, speed: int = 1) -> None:
        """Start simulated time at `at`, which may lie in the past; only where none was simulated before."""
        with self._locked():
            if self._load() is not None:
                raise Trouble("This home's time is simulated already; it can only jump forward.")
            self._store(Simulation(_real(), at, speed))

    def _load(self) -> Simulation | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._seen = self._simulation = None
            return None
        # The file is always replaced, never edited, so a new inode or time of change means new contents.
        if self._seen != (stat.st_ino, stat.st_mtime_ns):
            self._simulation = _parse(self._path)
            self._seen = (stat.st_ino, stat.st_mtime_ns)
        return self._simulation

    def _store(self, simulation: Simulation) -> None:
        draft = self._path.with_name("clock.json.new")
        draft.write_text(json.dumps(asdict(simulation), default=datetime.isoformat) + "\n", "utf-8")
        os.replace(draft, self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name("clock.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _real() -> datetime:
    return datetime.now(UTC)


def parse(text: str) -> datetime:
    """Read a time with its zone, such as 2026-03-01T08:00:00+08:00; Trouble for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Trouble(f"{text!r} is not a time with a zone.", "Write it as 2026-03-01T08:00:00+08:00.")
    return at


def _parse(path: Path) -> Simulation:
    try:
        terms = json.loads(path.read_text("utf-8"))
        real, simulated = (datetime.fromisoformat(terms[key]) for key in ("real_anchor", "simulated_anchor"))
        return Simulation(real, simulated, int(terms.get("speed", 1)))
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(f"{path} is not a clock: {error}.", "Correct it, or remove it for the system's time.") from error
