"""Runs the town as a process until a signal, or in a thread beside a test."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog

from .town import Town

START_S_MAX = 60

log = structlog.get_logger("powertill.town")


async def serve(home: Path, clock: Callable[[], datetime]) -> None:
    """Serve the home's town until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Town(home, clock) as town:
        log.info("simulated town runs", meters=len(town.meters), ports=",".join(map(str, town.ports.values())))
        await stop.wait()
    log.info("simulated town stopped")


@contextmanager
def town_in_thread(home: Path, clock: Callable[[], datetime]) -> Iterator[Town]:
    """Serve a town from a thread of its own while the block runs; its faults are raised here."""
    town, loop = Town(home, clock), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="town", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(town.start(), loop).result(START_S_MAX)
        yield town
    finally:
        asyncio.run_coroutine_threadsafe(town.stop(), loop).result(START_S_MAX)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
