"""What must be free before an installation starts: its home, and its port."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from powertill.trouble import Trouble

PORT_S_MAX = 8  # for a web process of a killed supervisor to let go of the port
RETRY_S = 0.2


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold HOME/up.lock inside the block; the kernel lets go of it however we end."""
    with (home / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            number = lock.read().strip()
            sentence = f"Powertill already runs in {home} (process {number})."
            raise Trouble(sentence, f"Stop it first: kill {number}") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def wait_for_port(host: str, port: int, *, wait_s_max: float = PORT_S_MAX) -> None:
    """Return when the port can be had; Trouble when another program keeps it."""
    deadline = time.monotonic() + wait_s_max
    while (error := _try(host, port)) is not None:
        if time.monotonic() > deadline:
            raise Trouble(
                f"Port {port} on {host} cannot be had: {error.strerror}.",
                "Stop the other program, or choose a port with POWERTILL_PORT.",
            )
        time.sleep(RETRY_S)


def _try(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            return error
    return None


def answers(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=RETRY_S).close()
    except OSError:
        return False
    return True
