"""One gateway's socket: runs drivers' exchanges with one request in flight, a time-out for each and no late answers."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

from powertill.core.ports import Ask, Deframer, Exchange, LinkFault

T = TypeVar("T")

CONNECT_S = 3
ANSWER_S = 2  # a meter answers within 0.5 s; the rest is the gateway and the network
ASKS_MAX = 200  # in one exchange
READ_BYTES = 4096
FRAMES_PER_ANSWER_MAX = 64  # stale or foreign frames skipped before the answer counts as lost


class Bus:
    """A transparent TCP gateway with meters behind it. Not shared between tasks: one bus, one task."""

    def __init__(self, host: str, port: int, *, answer_s: float = ANSWER_S) -> None:
        self.host = host
        self.port = port
        self.answer_s = answer_s
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Open the socket if it is not open. Raise `LinkFault` when the gateway cannot be reached."""
        if self._writer is not None:
            return
        try:
            opening = asyncio.open_connection(self.host, self.port)
            self._reader, self._writer = await asyncio.wait_for(opening, CONNECT_S)
        except (OSError, TimeoutError) as fault:
            raise LinkFault(f"gateway {self.host}:{self.port} cannot be reached: {fault}") from fault

    async def close(self) -> None:
        """Close the socket: what was still under way on it can no longer be taken for a later answer."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), CONNECT_S)

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
        exchange.close()
        raise LinkFault(f"an exchange asked more than {ASKS_MAX} times")

    async def _answer(self, ask: Ask, deframer: Deframer) -> bytes:
        await self.connect()
        assert self._reader is not None and self._writer is not None
        try:
            self._writer.write(ask.frame)
            await asyncio.wait_for(self._writer.drain(), self.answer_s)
            if not ask.expects_answer:
                return b""
            return await asyncio.wait_for(self._match(ask, deframer), self.answer_s)
        except (OSError, TimeoutError) as fault:
            # A late answer must not be taken for the next one's: the socket is closed, and opened anew.
            await self.close()
            raise LinkFault(f"no answer to {ask.label or 'a request'}") from fault

    async def _match(self, ask: Ask, deframer: Deframer) -> bytes:
        assert self._reader is not None
        seen = 0
        while seen < FRAMES_PER_ANSWER_MAX:
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise ConnectionError("the gateway closed the line")
            for frame in deframer.feed(data):
                seen += 1
                if ask.accepts(frame):
                    return frame
        raise ConnectionError("too many frames that answer something else")
