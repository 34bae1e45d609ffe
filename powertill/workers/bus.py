"""One gateway's socket: runs drivers' exchanges with one request in flight, a time-out for each and no late answers."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from powertill.core.ports import Ask, Deframer, Exchange, LinkFault

T = TypeVar("T")

CONNECT_S = 3
ANSWER_S = 2  # a meter answers within 0.5 s; the rest is the gateway and the network
ASKS_MAX = 200  # in one exchange
FRAMES_PER_ANSWER_MAX = 64  # stale or foreign frames skipped before the answer counts as lost
UNREAD_BYTES_MAX = 65_536  # that nobody asked for; then the line is nothing but noise


class GatewayDown(LinkFault):
    """The gateway itself cannot be reached: no meter behind it is to blame."""


def _anybody() -> None:
    """Let everybody talk: a bus that nobody shares."""


class _Line(asyncio.Protocol):
    """What has arrived on the socket and was not taken yet."""

    def __init__(self) -> None:
        self.is_lost = False
        self._unread = bytearray()
        self._news = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        del self._unread[:-UNREAD_BYTES_MAX]
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self._news.set()

    def drain(self) -> None:
        """Forget what came although nothing was asked: twins and stragglers of earlier answers."""
        self._unread.clear()

    async def read(self) -> bytes:
        """Return what has come, waiting for it. Raise `ConnectionError` when the gateway closed the line."""
        while not self._unread:
            if self.is_lost:
                raise ConnectionError("the gateway closed the line")
            self._news.clear()
            await self._news.wait()
        data = bytes(self._unread)
        self._unread.clear()
        return data


class Bus:
    """A transparent TCP gateway with meters behind it. Not shared between tasks: one bus, one task.

    `may_talk` is asked before every frame and raises when this process has lost its right to the bus.
    """

    def __init__(
        self, host: str, port: int, *, answer_s: float = ANSWER_S, may_talk: Callable[[], None] = _anybody
    ) -> None:
        self.host = host
        self.port = port
        self.answer_s = answer_s
        self._may_talk = may_talk
        self._line: _Line | None = None
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> None:
        """Open the socket if it is not open. Raise `GatewayDown` when the gateway cannot be reached."""
        if self._line is not None and not self._line.is_lost:
            return
        await self.close()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                self._transport, self._line = await loop.create_connection(_Line, self.host, self.port)
        except (OSError, TimeoutError) as fault:
            raise GatewayDown(f"gateway {self.host}:{self.port} cannot be reached: {fault}") from fault

    async def close(self) -> None:
        """Close the socket: what was still under way on it can no longer be taken for a later answer."""
        transport, self._transport, self._line = self._transport, None, None
        if transport is not None:
            transport.abort()

    async def ask(self, make: Callable[[], Exchange[T]], *, deframer: Callable[[], Deframer], tries: int = 1) -> T:
        """Run an exchange; only one that changes nothing may be given more than one try."""
        for attempt in range(1, tries + 1):
            try:
                return await self._run(make(), deframer)
            except LinkFault:
                if attempt == tries:
                    raise
        raise AssertionError("tries is at least 1")

    async def _run(self, exchange: Exchange[T], deframer: Callable[[], Deframer]) -> T:
        try:
            ask = next(exchange)
            for _ in range(ASKS_MAX):
                try:
                    answer = await self._answer(ask, deframer())
                except LinkFault as fault:
                    ask = exchange.throw(fault)
                else:
                    ask = exchange.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            exchange.close()
        raise LinkFault(f"an exchange asked more than {ASKS_MAX} times")

    async def _answer(self, ask: Ask, deframer: Deframer) -> bytes:
        await self.connect()
        assert self._line is not None and self._transport is not None
        self._may_talk()
        try:
            self._line.drain()
            self._transport.write(ask.frame)
            if not ask.expects_answer:
                return b""
            async with asyncio.timeout(self.answer_s):
                return await self._match(ask, self._line, deframer)
        except (OSError, TimeoutError) as fault:
            # A late answer must not be taken for the next one's: the socket is closed, and opened anew.
            await self.close()
            raise LinkFault(f"no answer to {ask.label or 'a request'}") from fault

    async def _match(self, ask: Ask, line: _Line, deframer: Deframer) -> bytes:
        seen = 0
        while seen < FRAMES_PER_ANSWER_MAX:
            for frame in deframer.feed(await line.read()):
                seen += 1
                if ask.accepts(frame):
                    return frame
        raise ConnectionError("too many frames that answer something else")
