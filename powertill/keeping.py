"""The supervisor's tools: one readable log, a plan for restarts, and PostgreSQL kept running."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from powertill.postgres.server import Server
from powertill.processes import READ_MAX, Lines
from powertill.trouble import Trouble

BACKOFF_S = (1, 2, 4, 8, 15, 30)  # before each restart in a row; the last one repeats
HEALTHY_S = 60  # what lived so long starts again without counting
RESTARTS_MAX = 100  # in a row, then everything stops: about 50 minutes of trying
COLOURS = (36, 32, 33, 35, 34, 96, 92, 93)


class Log:
    """One stream for all processes: each line carries the name of who said it."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._colour = out.isatty() and "NO_COLOR" not in os.environ
        self._names: list[str] = []

    def say(self, name: str, line: str) -> None:
        if name not in self._names:
            self._names.append(name)
        tag = f"{name:<9}|"
        if self._colour:
            tag = f"\x1b[{COLOURS[self._names.index(name) % len(COLOURS)]}m{tag}\x1b[0m"
        try:
            print(tag, line, file=self._out, flush=True)
        except BrokenPipeError:  # Whoever read the log has gone; the installation runs on.
            self._out = Path(os.devnull).open("w")  # noqa: SIM115  kept for the rest of our life


@dataclass(slots=True)
class Restarts:
    """How often each thing died in a row, and from when on (monotonic seconds) it may start again."""

    in_a_row: dict[str, int] = field(default_factory=dict)
    due_s: dict[str, float] = field(default_factory=dict)

    def plan(self, name: str, *, lived_s: float, now_s: float) -> int:
        """Note a death and return the seconds until the restart; Trouble after too many."""
        count = 0 if lived_s >= HEALTHY_S else self.in_a_row.get(name, 0)
        if count >= RESTARTS_MAX:
            raise Trouble(f"{name} died {count} times in a row.", "Its last lines above say why.")
        wait_s = BACKOFF_S[min(count, len(BACKOFF_S) - 1)]
        self.in_a_row[name] = count + 1
        self.due_s[name] = now_s + wait_s
        return wait_s

    def take_due(self, now_s: float) -> list[str]:
        """Return, once, the names whose wait is over."""
        due = [name for name, at_s in self.due_s.items() if at_s <= now_s]
        for name in due:
            del self.due_s[name]
        return due


class KeptServer:
    """Our PostgreSQL, its lines of log, and its restarts; it blocks only while the server starts or stops."""

    NAME = "postgres"

    def __init__(self, home: Path, log: Log) -> None:
        self._server = Server(home)
        self._log = log
        self._lines = Lines()
        self._restarts = Restarts()
        self._started_s = 0.0
        self.pipe: int | None = None

    def start(self) -> None:
        """Start it and wait until it answers, or raise Trouble."""
        self.pipe, write_end = os.pipe()
        os.set_blocking(self.pipe, False)
        try:
            self._server.start(log=write_end)
        finally:
            os.close(write_end)
            self.read()
        self._started_s = time.monotonic()

    def look_after(self, now_s: float) -> None:
        """Start it again, after a growing wait, when it has died; the children reconnect by themselves."""
        if self.pipe is not None and not self._server.alive():
            self._close()
            wait_s = self._restarts.plan(self.NAME, lived_s=now_s - self._started_s, now_s=now_s)
            self._log.say("up", f"postgres died; it starts again in {wait_s} s")
        if self._restarts.take_due(now_s):
            self.start()

    def read(self) -> None:
        """Print what it has said; never waits."""
        if self.pipe is None:
            return
        try:
            data = os.read(self.pipe, READ_MAX)
        except BlockingIOError:
            return
        for line in self._lines.feed(data):
            self._log.say(self.NAME, line)

    def stop(self) -> None:
        self._server.stop()
        self._close()

    def _close(self) -> None:
        if self.pipe is not None:
            self.read()
            os.close(self.pipe)
            self.pipe = None
