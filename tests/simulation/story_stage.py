"""A running demo that a test can read line by line, and kill in parts, by process numbers that are its own children."""

import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
WAIT_S_MAX = 240  # for one line of the log


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Demo:
    """`powertill up --demo --once` in a home of its own. `lines` is everything it said, over all its starts."""

    def __init__(self, home: Path, *, seed: int) -> None:
        self.home = home
        self.port = free_port()
        self.lines: list[str] = []
        self._place = 0  # of the line that comes after the last one waited for
        self.killed: list[str] = []
        self._luck = random.Random(seed)
        self._said: queue.Queue[str | None] = queue.Queue()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; a thread collects what it says."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("POWERTILL_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "powertill", "up", "--demo", "--once"],
            cwd=ROOT,
            env=env | {"POWERTILL_HOME": str(self.home), "POWERTILL_PORT": str(self.port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._said.put(line.rstrip())
        self._said.put(None)

    def wait_for(self, *texts: str) -> None:
        """Wait for the next line of the story that holds one of the texts."""
        self._place = self._find(texts) + 1

    def wait_aside(self, text: str) -> None:
        """Wait for a line, and stay where the story is."""
        self._find((text,))

    def _find(self, texts: tuple[str, ...]) -> int:
        """Return where one of the texts stands; fail when the demo ends first, or says nothing for long."""
        place = self._place
        while True:
            while place == len(self.lines):
                line = self._next()
                assert line is not None, f"it ended before it said {texts}:\n" + "\n".join(self.lines[-40:])
            if any(text in self.lines[place] for text in texts):
                return place
            place += 1

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._next() is not None:
            continue
        assert self.process is not None
        return self.process.wait(30)

    def _next(self) -> str | None:
        try:
            line = self._said.get(timeout=WAIT_S_MAX)
        except queue.Empty:
            raise AssertionError("it says nothing any more:\n" + "\n".join(self.lines[-40:])) from None
        if line is not None:
            self.lines.append(line)
        return line

    def kill(self, name: str, *, within_s: float = 1.5) -> None:
        """`kill -9` one of its processes, after a moment that the seed chooses."""
        time.sleep(self._luck.uniform(0, within_s))
        os.kill(self.number(name), signal.SIGKILL)
        self.killed.append(name)

    def number(self, name: str) -> int:
        """Return the process number of a part: a child of our own supervisor, or its PostgreSQL."""
        assert self.process is not None
        if name == "up":
            return self.process.pid
        if name == "postgres":
            return int((self.home / "postgres/data/postmaster.pid").read_text().split()[0])
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        for child in " ".join(task.read_text() for task in tasks).split():
            command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if command[1:4] == [b"-m", b"powertill", name.encode()]:
                return int(child)
        raise AssertionError(f"{name} does not run")

    def stop(self) -> None:
        """Whatever happened: leave nothing running."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def story(self) -> list[str]:
        """Return what the story said, without the name before it."""
        return [line.split("| ", 1)[1] for line in self.lines if line.startswith("story ") and "| " in line]

    def memory(self, number: str) -> dict[str, object]:
        """Return what the simulated meter itself remembers."""
        return dict(json.loads((self.home / "town" / "meters" / f"{number}.json").read_text()))
