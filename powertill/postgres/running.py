"""For commands: use the server that runs, or run one for as long as the command takes."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from powertill.config import Config
from powertill.postgres.address import is_ours
from powertill.postgres.data import pid
from powertill.postgres.place import Place
from powertill.postgres.server import POLL_S, STOP_S_MAX, Server, try_lock


def is_running(home: Path) -> bool:
    """Whether any process of this home's server lives: it holds the lock that it inherited."""
    try:
        lock = os.open(Place(home).lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(lock)
    finally:
        os.close(lock)


@contextmanager
def database(config: Config) -> Iterator[None]:
    """Have the database answer inside the block; a server started for it is stopped after it."""
    if not is_ours(config) or is_running(config.home):
        yield
        return
    server = Server(config.make_home())
    server.start()
    try:
        yield
    finally:
        server.stop()


def stop(home: Path) -> bool:
    """Stop a server that another process started; False when it did not go within a minute."""
    number = pid(Place(home).data)
    for request in (signal.SIGINT, signal.SIGQUIT):
        if number is None or not is_running(home):
            break
        os.kill(number, request)
        deadline = time.monotonic() + STOP_S_MAX
        while is_running(home) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    return not is_running(home)
