"""Runs a driver's exchanges over a real socket, and a simulated gateway in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from powertill.core.ports import Exchange, LinkFault, MeterDriver
from powertill.simulators.gateway import SimulatedGateway

T = TypeVar("T")
NOON = datetime(2026, 4, 15, 4, 0, tzinfo=UTC)  # noon in Shanghai, a Wednesday
ASKS_MAX = 200


class Moment:
    """A clock that a test moves by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


class Wire:
    """One TCP connection to a gateway. A time-out throws `LinkFault` and makes a new connection."""

    def __init__(self, port: int, driver: MeterDriver, *, timeout_s: float = 0.25) -> None:
        self._port, self._driver, self._timeout_s = port, driver, timeout_s
        self._socket: socket.socket | None = None

    def run(self, exchange: Exchange[T]) -> T:
        try:
            ask = next(exchange)
            for _ in range(ASKS_MAX):
                try:
                    answer = self._answer(ask)
                except LinkFault as fault:
                    ask = exchange.throw(fault)
                else:
                    ask = exchange.send(answer)
        except StopIteration as done:
            return done.value
        raise LinkFault("too many questions")

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def _answer(self, ask) -> bytes:
        deframer = self._driver.deframer()
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), self._timeout_s)
                self._socket.settimeout(self._timeout_s)
            self._socket.sendall(ask.frame)
            for _ in range(100):
                data = self._socket.recv(4096)
                if not data:
                    raise OSError("closed")
                for frame in deframer.feed(data):
                    if ask.accepts(frame):
                        return frame
        except OSError as fault:
            self.close()
            raise LinkFault(f"{ask.label}: {fault}") from fault
        self.close()
        raise LinkFault(f"{ask.label}: only rubbish")


def run_until_read(wire: Wire, make_exchange, tries: int = 20):
    """Read again until an answer comes: allowed for reading only, never for writing."""
    for _ in range(tries):
        try:
            return wire.run(make_exchange())
        except LinkFault:
            continue
    raise LinkFault(f"nothing in {tries} tries")


@contextmanager
def serving(gateway: SimulatedGateway) -> Iterator[int]:
    """Serve in a thread with its own event loop; give the port; stop at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(gateway.start(), loop).result(5)
        yield gateway.port
        asyncio.run_coroutine_threadsafe(gateway.stop(), loop).result(5)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
