"""Who may talk on a bus, and when: one request in flight, and nothing from one who lost it."""

import asyncio

import pytest

from powertill.workers.bus import Bus
from tests.workers.wires import Lines, asking, echo, gateway, question

QUICK_S = 0.15


def run(play):
    return asyncio.run(asyncio.wait_for(play(), 20))


async def ask(bus, *words, **more):
    return await bus.ask(asking(*words), deframer=Lines, **more)


def test_a_call_to_everybody_waits_for_no_answer():
    def call():
        answer = yield question("everybody", expects_answer=False)
        return answer

    async def play():
        async with gateway(echo) as peer:
            bus = Bus("127.0.0.1", peer.port)
            assert await bus.ask(call, deframer=Lines) == b""
            assert await ask(bus, "one") == ["one heard"]
            assert peer.asked == ["everybody", "one"]

    run(play)


def test_never_two_requests_in_flight():
    """The gateway counts what it was asked and has not answered, whatever is lost meanwhile."""
    open_now, most = [], []

    async def slow(line, writer):
        open_now.append(line)
        most.append(len(open_now))
        await asyncio.sleep(0.01)
        open_now.pop()
        await echo(line, writer)

    async def play():
        async with gateway(slow) as peer:
            bus = Bus("127.0.0.1", peer.port)
            for number in range(10):
                await ask(bus, f"a{number}", f"b{number}")
        assert (len(most), max(most)) == (20, 1)

    run(play)


def test_who_may_not_talk_sends_nothing():
    class NotOurs(Exception):
        pass

    def no():
        raise NotOurs

    async def play():
        async with gateway(echo) as peer:
            bus = Bus("127.0.0.1", peer.port, may_talk=no)
            with pytest.raises(NotOurs):
                await ask(bus, "one", tries=3)
            await asyncio.sleep(0.05)
            assert peer.asked == []

    run(play)
