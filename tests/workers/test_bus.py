"""The bus: one request in flight, time-outs that close the line, and never an answer to another question."""

import asyncio
import socket

import pytest

from powertill.core.ports import LinkFault, MeterFault
from powertill.workers import bus as module
from powertill.workers.bus import Bus, GatewayDown
from tests.workers.wires import Lines, asking, echo, gateway, question

QUICK_S = 0.15


def run(play):
    return asyncio.run(asyncio.wait_for(play(), 20))


async def ask(bus, *words, **more):
    return await bus.ask(asking(*words), deframer=Lines, **more)


def test_questions_and_answers_in_turn_over_one_connection():
    async def play():
        async with gateway(echo) as peer:
            bus = Bus("127.0.0.1", peer.port)
            assert await ask(bus, "one", "two") == ["one heard", "two heard"]
            assert await ask(bus, "three") == ["three heard"]
            await bus.close()
            assert (peer.connections, peer.asked) == (1, ["one", "two", "three"])

    run(play)


def test_a_time_out_closes_the_line_and_the_next_question_opens_it_again():
    async def silent_once(line, writer):
        if len(peer_seen) and line == b"first":
            return
        await echo(line, writer)

    peer_seen = [1]

    async def play():
        async with gateway(silent_once) as peer:
            bus = Bus("127.0.0.1", peer.port, answer_s=QUICK_S)
            with pytest.raises(LinkFault, match="no answer to first"):
                await ask(bus, "first")
            peer_seen.clear()
            assert await ask(bus, "first") == ["first heard"]
            assert peer.connections == 2

    run(play)


def test_a_late_answer_to_an_earlier_question_is_never_taken():
    """The same question is asked twice; the answer to the first comes when the second waits for its own."""
    asked = []

    async def late(line, writer):
        asked.append(line)
        if len(asked) == 1:
            asyncio.get_running_loop().call_later(2 * QUICK_S, late_answer, writer)
        else:
            await asyncio.sleep(1.5 * QUICK_S)
            writer.write(b"purse new\n")

    def late_answer(writer):
        if not writer.is_closing():
            writer.write(b"purse old\n")

    async def play():
        async with gateway(late) as peer:
            bus = Bus("127.0.0.1", peer.port, answer_s=QUICK_S)
            with pytest.raises(LinkFault):
                await ask(bus, "purse")
            bus.answer_s = 5
            assert await ask(bus, "purse") == ["purse new"]

    run(play)


def test_a_twin_of_an_answer_is_not_taken_for_the_answer_to_the_same_question_asked_again():
    """A gateway repeats an answer; when the purse is asked again, the old picture already lies in the buffer."""
    pictures = iter((b"purse 1\npurse 1\n", b"purse 2\n"))

    async def twice(line, writer):
        writer.write(next(pictures))

    async def play():
        async with gateway(twice) as peer:
            bus = Bus("127.0.0.1", peer.port)
            assert await ask(bus, "purse") == ["purse 1"]
            await asyncio.sleep(0.05)
            assert await ask(bus, "purse") == ["purse 2"]

    run(play)


def test_foreign_frames_and_halves_are_skipped():
    async def crowd(line, writer):
        writer.write(b"another meter\n" * 5 + b"ra")
        await asyncio.sleep(0.02)
        writer.write(b"ther\n" + line[:2])
        await asyncio.sleep(0.02)
        writer.write(line[2:] + b" at last\n")

    async def play():
        async with gateway(crowd) as peer:
            assert await ask(Bus("127.0.0.1", peer.port), "mine") == ["mine at last"]

    run(play)


def test_a_line_that_never_stops_talking_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "UNREAD_BYTES_MAX", 4096)
    flooded = []

    async def flood(line, writer):
        while not writer.is_closing():
            writer.write(b"noise\n" * 100)
            await writer.drain()
            flooded.append(1)

    async def play():
        async with gateway(flood) as peer:
            bus = Bus("127.0.0.1", peer.port, answer_s=5)
            began = asyncio.get_running_loop().time()
            with pytest.raises(LinkFault):
                await ask(bus, "mine")
            assert asyncio.get_running_loop().time() - began < 4  # the limit of frames, not the time-out
            await bus.close()

    run(play)


def test_an_exchange_that_asks_for_ever_is_stopped_and_closed(monkeypatch):
    monkeypatch.setattr(module, "ASKS_MAX", 7)
    closed = []

    def endless():
        try:
            while True:
                yield question("more")
        finally:
            closed.append(True)

    async def play():
        async with gateway(echo) as peer:
            with pytest.raises(LinkFault, match="more than 7 times"):
                await Bus("127.0.0.1", peer.port).ask(endless, deframer=Lines)
            assert peer.asked == ["more"] * 7
        assert closed == [True]

    run(play)


def test_a_gateway_that_closes_the_line_is_a_fault_at_once_and_is_called_again():
    async def hang_up(line, writer):
        if line == b"first":
            writer.close()
        else:
            await echo(line, writer)

    async def play():
        async with gateway(hang_up) as peer:
            bus = Bus("127.0.0.1", peer.port, answer_s=5)
            began = asyncio.get_running_loop().time()
            with pytest.raises(LinkFault):
                await ask(bus, "first")
            assert asyncio.get_running_loop().time() - began < 2
            assert await ask(bus, "second") == ["second heard"]
            assert peer.connections == 2

    run(play)


def test_a_line_that_was_closed_between_two_questions_is_opened_again():
    async def play():
        async with gateway(answer_and_close) as peer:
            bus = Bus("127.0.0.1", peer.port)
            assert await ask(bus, "one") == ["one heard"]
            await asyncio.sleep(0.05)
            assert await ask(bus, "two") == ["two heard"]
            assert peer.connections == 2

    run(play)


async def answer_and_close(line, writer):
    await echo(line, writer)
    await writer.drain()
    writer.close()


def test_nobody_at_the_address_is_a_gateway_that_is_down():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def play():
        with pytest.raises(GatewayDown, match="cannot be reached"):
            await Bus("127.0.0.1", port).connect()
        with pytest.raises(LinkFault):
            await ask(Bus("127.0.0.1", port), "one")

    run(play)


def test_only_questions_are_asked_again_and_only_as_often_as_allowed():
    async def play():
        async with gateway(third_time) as peer:
            bus = Bus("127.0.0.1", peer.port, answer_s=QUICK_S)
            assert await ask(bus, "purse", tries=3) == ["purse heard"]
            assert peer.asked == ["purse"] * 3
            asked.clear()
            with pytest.raises(LinkFault):
                await ask(bus, "order")
            assert peer.asked[3:] == ["order"]

    asked = []

    async def third_time(line, writer):
        asked.append(line)
        if len(asked) == 3:
            await echo(line, writer)

    run(play)


def test_the_answer_no_is_no_time_out_and_is_not_asked_again():
    def refused():
        yield question("order")
        raise MeterFault("meter.count", "seen before")

    async def play():
        async with gateway(echo) as peer:
            with pytest.raises(MeterFault):
                await Bus("127.0.0.1", peer.port).ask(refused, deframer=Lines, tries=3)
            assert peer.asked == ["order"]

    run(play)


def test_an_exchange_hears_of_a_lost_answer_and_may_go_on():
    def patient():
        try:
            yield question("deaf")
        except LinkFault:
            return (yield question("two")).decode()

    async def deaf_to_one(line, writer):
        if line != b"deaf":
            await echo(line, writer)

    async def play():
        async with gateway(deaf_to_one) as peer:
            bus = Bus("127.0.0.1", peer.port, answer_s=QUICK_S)
            assert await bus.ask(patient, deframer=Lines) == "two heard"

    run(play)
