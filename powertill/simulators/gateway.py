"""A transparent RS-485 gateway on loopback TCP: many simulated meters on one line, with a line's faults."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from powertill.drivers.meters.dlt645.codec import ADDRESS_ALL, ADDRESS_ANY, Deframer, Frame, decode

from .faults import Fault, Faults, Luck
from .meter import SimulatedMeter

CONNECTIONS_MAX = 16
LATE_MAX = 64  # answers under way to one connection; more are dropped, as a full buffer does
READ_SIZE = 4096
IDLE_S = 600


class SimulatedGateway:
    """Serves `meters` on `host`:`port` (0: any free one, then `port` tells which) until `stop`.

    `clock` gives the simulated moment of each frame; nothing else moves the meters' time from here.
    """

    def __init__(
        self,
        meters: Iterable[SimulatedMeter],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        faults: Faults | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.meters = {meter.address: meter for meter in meters}
        self.clock = clock
        self.faults = faults or Faults()
        self.host, self.port = host, port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start to listen. Raise `OSError` when the port is taken."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, end every connection, and return when all is quiet."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> "SimulatedGateway":
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= CONNECTIONS_MAX:
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        line = _Line(self, writer)
        try:
            await line.serve(reader)
        except (ConnectionError, TimeoutError):
            pass  # The peer is gone; a gateway waits for the next one.
        except asyncio.CancelledError:
            pass  # By `stop` alone; the streams of Python 3.11 would log a cancelled connection as a fault.
        finally:
            self._connections.discard(task)
            line.close()

    def meters_for(self, frame: Frame) -> list[SimulatedMeter]:
        """Return who hears this frame as its own. AA..AA works with one meter on the line only."""
        if frame.address == ADDRESS_ALL:
            return list(self.meters.values())
        if frame.address == ADDRESS_ANY:
            return list(self.meters.values()) if len(self.meters) == 1 else []
        meter = self.meters.get(frame.address)
        return [meter] if meter else []


class _Line:
    """One connection: takes frames in order, and sends answers when their luck lets them go."""

    def __init__(self, gateway: SimulatedGateway, writer: asyncio.StreamWriter) -> None:
        self._gateway = gateway
        self._writer = writer
        self._late: set[asyncio.TimerHandle] = set()
        self._kept: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader) -> None:
        deframer = Deframer()
        while data := await asyncio.wait_for(reader.read(READ_SIZE), IDLE_S):
            for raw in deframer.feed(data):
                self._take(raw)
            await self._writer.drain()

    def close(self) -> None:
        for handle in self._late:
            handle.cancel()
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._writer.close()

    def _take(self, raw: bytes) -> None:
        frame = decode(raw)
        luck = self._gateway.faults.draw(frame.address, frame.data)
        if Fault.ECHO in luck.faults:
            self._writer.write(raw)
        if Fault.LOSE_REQUEST in luck.faults:
            return
        for meter in self._gateway.meters_for(frame):
            answer = meter.handle(raw, self._gateway.clock())
            if answer is not None and Fault.LOSE_REPLY not in luck.faults:
                self._send(answer, luck)

    def _send(self, answer: bytes, luck: Luck) -> None:
        parcel = _dress(answer, luck)
        if Fault.REORDER in luck.faults and not self._kept:
            self._kept.append(parcel)
            return
        parcel += b"".join(self._kept)
        self._kept.clear()
        if Fault.DELAY not in luck.faults:
            self._writer.write(parcel)
        elif len(self._late) < LATE_MAX:
            self._send_late(parcel, luck.delay_ms)

    def _send_late(self, parcel: bytes, delay_ms: int) -> None:
        def send() -> None:
            self._late.discard(handle)
            if not self._writer.is_closing():
                self._writer.write(parcel)

        handle = asyncio.get_running_loop().call_later(delay_ms / 1000, send)
        self._late.add(handle)


def _dress(answer: bytes, luck: Luck) -> bytes:
    """Return the answer as the line delivers it: wake-up bytes, noise, a turned bit, twice."""
    if Fault.GARBLE in luck.faults:
        place = luck.turn % len(answer)
        answer = answer[:place] + bytes((answer[place] ^ 1 << luck.turn % 8,)) + answer[place + 1 :]
    parcel = b"\xfe" * luck.wake_bytes + answer
    if Fault.NOISE in luck.faults:
        parcel = luck.noise + parcel
    return parcel * 2 if Fault.DUPLICATE in luck.faults else parcel
