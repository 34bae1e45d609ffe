"""The loop of a simple worker, and its calls into the database from asyncio."""

import asyncio
import os
import signal
import threading

import pytest
from django.db import DatabaseError, InterfaceError

from powertill.workers import database, loop

TOO_LONG_S = 10


class Stop(threading.Event):
    """An event that notes for how long it was waited for, and never really waits."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after, self.waits = after, []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        if len(self.waits) >= self.after:
            self.set()
        return self.is_set()


@pytest.fixture(autouse=True)
def looked_after(request, monkeypatch):
    """Count how often stale connections were closed, without a database."""
    calls = []
    if "db" not in request.fixturenames:
        monkeypatch.setattr(loop, "close_old_connections", lambda: calls.append(1))
    return calls


def test_it_goes_on_at_once_while_there_is_work_and_rests_when_there_is_none(looked_after):
    stop, work = Stop(after=2), iter((3, 1, 0, 2, 0))
    loop.run("test", lambda: next(work), stop=stop)
    assert stop.waits == [loop.IDLE_S] * 2
    assert next(work, None) is None
    assert len(looked_after) == 5  # before each step


@pytest.mark.parametrize("fault", [DatabaseError("away\nstatement"), InterfaceError(), ValueError("ours")])
def test_after_faults_it_waits_longer_and_longer_and_never_gives_up(fault):
    stop = Stop(after=1200)  # a wait that doubles each time would overflow by then

    def step():
        raise type(fault)(*fault.args)

    loop.run("test", step, stop=stop)
    assert stop.waits[:5] == [1, 2, 4, 8, 10]
    assert set(stop.waits[5:]) == {loop.TROUBLE_S_MAX}


def test_a_good_step_forgets_the_trouble():
    stop, outcomes = Stop(after=4), iter((ValueError(), ValueError(), 0, ValueError()))

    def step():
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    loop.run("test", step, stop=stop)
    assert stop.waits == [1, 2, loop.IDLE_S, 1]


def test_a_stop_while_it_rests_ends_it_at_once():
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=("test", lambda: 0), kwargs={"stop": stop})
    thread.start()
    stop.set()
    thread.join(TOO_LONG_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_set_the_stop(number):
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop = loop.stopper()
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(TOO_LONG_S)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_calls_run_in_a_few_threads_and_bring_back_results_and_faults(db):
    names, gate = set(), threading.Barrier(database.THREADS)

    def who(number):
        names.add(threading.current_thread().name)
        gate.wait(TOO_LONG_S)
        return number

    def wrong():
        raise LookupError("no such row")

    async def play():
        calls = [database.db(who, number=number) for number in range(2 * database.THREADS)]
        assert await asyncio.gather(*calls) == list(range(2 * database.THREADS))
        with pytest.raises(LookupError):
            await database.db(wrong)

    asyncio.run(asyncio.wait_for(play(), 2 * TOO_LONG_S))
    assert len(names) == database.THREADS
    assert all(name.startswith("database") for name in names)
