"""`powertill up`: run PostgreSQL and our processes, keep them running, and stop them in order."""

import selectors
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO

from powertill.config import Config
from powertill.doors import answers, only_one, wait_for_port
from powertill.keeping import KeptServer, Log, Restarts
from powertill.postgres.address import is_ours
from powertill.processes import Child, Process, start
from powertill.trouble import Trouble

TICK_S = 0.2
STOP_S_MAX = 10  # for children to finish what they do
PREPARE_S_MAX = 900
ONCE_S_MAX = 900
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNAL_CODE = 128  # shells report a process that signal n ended as 128 + n


class Supervisor:
    """Single-threaded: one loop reads logs, notices deaths, restarts, and hears signals."""

    def __init__(
        self,
        config: Config,
        *,
        processes: tuple[Process, ...],
        preparations: tuple[Process, ...] = (),
        once: bool = False,
        out: IO[str] = sys.stdout,
    ) -> None:
        self.config = config
        self.processes = processes
        self.preparations = preparations
        self.once = once
        self.log = Log(out)
        self.children: list[Child] = []
        self.server = KeptServer(config.home, self.log) if is_ours(config) else None
        self._restarts = Restarts()
        self._stop_requests = 0
        self._exit_code: int | None = None
        self._announced = not self._serves_web()

    def run(self) -> int:
        """Run until a signal (0) or, with `once`, the end of a process that ends (its code); or raise Trouble."""
        self.config.make_home()
        with only_one(self.config.home), self._signals():
            if self._serves_web():
                wait_for_port(self.config.host, self.config.port)
            try:
                if self.server is not None:
                    self.server.start()
                self._prepare()
                return self._keep_running()
            finally:
                self._stop()

    def _serves_web(self) -> bool:
        return any(process.name == "web" for process in self.processes)

    def _prepare(self) -> None:
        for process in self.preparations:
            code = 0 if self._stop_requests else self._run_to_end(process)
            if code and not self._stop_requests:
                raise Trouble(f"{process.name} failed (code {code}).", "Its lines above say why.")

    def _run_to_end(self, process: Process) -> int:
        child = self._start(process)
        deadline = time.monotonic() + PREPARE_S_MAX
        while child.popen.poll() is None and not self._stop_requests and time.monotonic() < deadline:
            self._read_logs()
        self._stop_children()
        return child.popen.returncode

    def _keep_running(self) -> int:
        for process in () if self._stop_requests else self.processes:
            self._start(process)
        deadline = time.monotonic() + ONCE_S_MAX
        while not self._stop_requests and self._exit_code is None:
            self._read_logs()
            self._look_after(time.monotonic())
            if self.once and time.monotonic() > deadline:
                raise Trouble(f"The work did not end within {ONCE_S_MAX} seconds.", "Its lines above say why.")
        return self._exit_code or 0

    def _look_after(self, now_s: float) -> None:
        """One step: PostgreSQL, then deaths, then restarts that are due, then the good news."""
        if self.server is not None:
            self.server.look_after(now_s)
        for child in [child for child in self.children if child.popen.poll() is not None]:
            self.children.remove(child)
            self._say(child, child.finish())
            self._after_death(child, now_s)
        due = self._restarts.take_due(now_s)
        for process in self.processes:
            if process.name in due:
                self._start(process)
        self._announce()

    def _start(self, process: Process) -> Child:
        child = start(process, home=self.config.home, now_s=time.monotonic())
        self.children.append(child)
        return child

    def _read_logs(self) -> None:
        """Wait at most a tick for lines, and print what came."""
        began_s = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for child in self.children:
                selector.register(child.pipe, selectors.EVENT_READ, child)
            if self.server is not None and self.server.pipe is not None:
                selector.register(self.server.pipe, selectors.EVENT_READ)
            ready = selector.select(TICK_S)
        for key, _ in ready:
            if isinstance(key.data, Child):
                self._say(key.data, key.data.read())
            elif self.server is not None:
                self.server.read()
        if time.monotonic() - began_s < TICK_S / 10:
            time.sleep(TICK_S / 10)  # A closed pipe is always ready: do not spin on it.

    def _say(self, child: Child, lines: list[str]) -> None:
        for line in lines:
            self.log.say(child.process.name, line)

    def _after_death(self, child: Child, now_s: float) -> None:
        """Start again what died. What ends by itself has ended, unless a signal killed it before its end."""
        code, name = child.popen.returncode, child.process.name
        if child.process.ends and (self.once or code >= 0):
            self.log.say("up", f"{name} ended with code {code}")
            if self.once:
                self._exit_code = code if code >= 0 else SIGNAL_CODE - code
            return
        wait_s = self._restarts.plan(name, lived_s=now_s - child.started_s, now_s=now_s)
        self.log.say("up", f"{name} died (code {code}); it starts again in {wait_s} s")

    def _announce(self) -> None:
        """Say once where the web process answers."""
        if not self._announced and answers(self.config.host, self.config.port):
            self._announced = True
            self.log.say("up", f"Powertill is ready: http://{self.config.host}:{self.config.port}  (Ctrl-C stops it)")

    def _stop(self) -> None:
        """Children first, PostgreSQL last, each within a bounded time."""
        self.log.say("up", "stopping")
        self._stop_children()
        if self.server is not None:
            self.server.stop()
        self.log.say("up", "stopped")

    def _stop_children(self) -> None:
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_S_MAX
        while any(child.popen.poll() is None for child in self.children) and time.monotonic() < deadline:
            if self._stop_requests > 1:
                break  # Asked twice: no more patience.
            self._read_logs()
        for child in self.children:
            child.kill()
            child.popen.wait()
            self._say(child, child.finish())
        self.children.clear()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Count requests to stop instead of dying of them."""

        def request(_number: int, _frame: FrameType | None) -> None:
            self._stop_requests += 1

        before = {number: signal.signal(number, request) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
