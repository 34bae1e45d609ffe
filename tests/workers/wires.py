"""A gateway that a test scripts by hand, and the smallest language a bus can speak: lines that begin with a word."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from powertill.core.ports import Ask, Exchange

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Lines:
    """Frames are lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *frames, self._rest = (self._rest + data).split(b"\n")
        return frames


def question(word: str, *, expects_answer: bool = True) -> Ask:
    """Return a request that takes the next frame that begins with the same word."""
    return Ask(f"{word}\n".encode(), lambda frame: frame.startswith(word.encode()), word, expects_answer)


def asking(*words: str) -> Callable[[], Exchange[list[str]]]:
    """Return an exchange that asks each word in turn and returns the answers."""

    def exchange() -> Exchange[list[str]]:
        answers = []
        for word in words:
            answers.append((yield question(word)).decode())
        return answers

    return exchange


class Peer:
    """What the gateway saw: connections, requests, and how many requests lay unanswered at once."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                self.asked.append(line.decode().strip())
                await self.answer(line.strip(), writer)
        except ConnectionError:
            pass  # the bus has hung up
        finally:
            writer.close()


@asynccontextmanager
async def gateway(answer: Answer) -> AsyncIterator[Peer]:
    """Serve on a free loopback port."""
    peer = Peer(answer)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()


async def echo(line: bytes, writer: asyncio.StreamWriter) -> None:
    """Answer with the word and its number of bytes."""
    writer.write(line + b" heard\n")
