"""The processes of an installation, as data, and one of them as a child with its lines of log."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from powertill.postgres.server import dies_with_parent

LINE_MAX = 8192  # bytes; a longer line is cut into several
READ_MAX = 65_536  # bytes taken from a pipe at a time


@dataclass(frozen=True, slots=True)
class Process:
    """A command that runs as long as the installation, or (`ends`) does its work once and goes."""

    name: str
    demo: bool = False
    ends: bool = False
    command: tuple[str, ...] = ()

    def argv(self) -> list[str]:
        return [sys.executable, "-m", "powertill", *(self.command or (self.name,))]


# Done one after another before the processes start; each must succeed.
PREPARATIONS = (Process("migrate", ends=True), Process("seed", demo=True, ends=True))
PROCESSES = (
    Process("web"),
    Process("headend"),
    Process("dispatch"),
    Process("clock"),
    Process("town", demo=True),
    Process("story", demo=True, ends=True),
)


def wanted(processes: tuple[Process, ...], *, demo: bool) -> tuple[Process, ...]:
    """Return the processes of this kind of installation."""
    return tuple(process for process in processes if demo or not process.demo)


@dataclass(slots=True)
class Lines:
    """Cuts what comes out of a pipe into lines of bounded length."""

    rest: bytes = b""

    def feed(self, data: bytes) -> list[str]:
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > LINE_MAX:
            lines.append(self.rest)
            self.rest = b""
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]

    def close(self) -> list[str]:
        lines = [self.rest.decode("utf-8", "replace")] if self.rest else []
        self.rest = b""
        return lines


@dataclass(slots=True)
class Child:
    """One started process: its group, its pipe of log lines, and when it was started (monotonic seconds)."""

    process: Process
    popen: "subprocess.Popen[bytes]"
    started_s: float
    lines: Lines = field(default_factory=Lines)

    @property
    def pipe(self) -> int:
        assert self.popen.stdout is not None
        return self.popen.stdout.fileno()

    def read(self) -> list[str]:
        """Return the complete lines that lie in the pipe; never waits."""
        try:
            data = os.read(self.pipe, READ_MAX)
        except BlockingIOError:
            return []
        return self.lines.feed(data)

    def finish(self) -> list[str]:
        """Return its last lines, and end what it may have left behind in its process group."""
        self.kill()
        lines = [*self.read(), *self.lines.close()]
        if self.popen.stdout is not None:
            self.popen.stdout.close()
        return lines

    def ask_to_stop(self) -> None:
        """Ask the leader only: it stops its own workers in order."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # Nothing is left of it.


def start(process: Process, *, home: Path, now_s: float) -> Child:
    """Start a process in a group of its own; it is asked to stop should we be killed."""
    popen = subprocess.Popen(
        process.argv(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"POWERTILL_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        process_group=0,  # Ctrl-C reaches the supervisor alone, which stops them in order.
        preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509  the supervisor has no threads
    )
    assert popen.stdout is not None
    os.set_blocking(popen.stdout.fileno(), False)
    return Child(process, popen, now_s)
