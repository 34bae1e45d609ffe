"""Two head-ends and one bus: one talks, the other waits; when the first dies, the second goes on where it was."""

# ruff: noqa: F811  pytest's fixtures are named by their argument

import asyncio
from datetime import timedelta

import pytest
from django.db import OperationalError

from powertill.apps.lease import LeaseLost
from powertill.apps.metering import buses
from powertill.apps.metering.models import Gateway, Meter
from powertill.workers import headend
from powertill.workers.database import db
from tests.flows.cast import START
from tests.flows.conftest import superuser_url, transactional_db  # noqa: F401
from tests.simulation.head_rig import events, rig

pytestmark = pytest.mark.usefixtures("transactional_db")
LEASE_S = 1.5


@pytest.fixture
def court(transactional_db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(buses, "BUS_LEASE", timedelta(seconds=LEASE_S))
    monkeypatch.setattr(headend, "RENEW_S", 0.3)
    with rig() as made:
        yield made


async def until(so, what: str, limit_s: float = 20) -> None:
    end = asyncio.get_running_loop().time() + limit_s
    while not await db(so):
        assert asyncio.get_running_loop().time() < end, what
        await asyncio.sleep(0.05)


def owner() -> str:
    return Gateway.objects.get().owner


def test_one_talks_the_other_waits_and_takes_over_when_the_first_is_dead(court):
    court.cast.sell(court.cast.open("B"), 5000)

    async def play() -> None:
        first, second = court.head(owner="first"), court.head(owner="second")
        one = asyncio.create_task(first.serve())
        await until(lambda: owner() == "first", "the first holds the bus")
        two = asyncio.create_task(second.serve())
        await until(lambda: bool(court.deliveries(state="on_meter")), "the first has brought the credit")
        await asyncio.sleep(2 * LEASE_S)  # the lease alone would have run out: the first renews it
        assert (await db(owner), len(court.gateway._connections), second.renewed_s) == ("first", 1, 0.0)
        one.cancel()  # dies: nothing is given back
        await asyncio.gather(one, return_exceptions=True)
        assert await db(owner) == "first"
        await db(lambda: court.cast.sell(court.deliveries()[0].account, 3000))
        await until(lambda: len(court.deliveries(state="on_meter")) == 2, "the second brings credit")
        assert await db(owner) == "second"
        assert await db(lambda: Gateway.objects.get().lease_epoch) == 2
        two.cancel()
        await asyncio.gather(two, return_exceptions=True)

    court.play(play)
    assert [events(delivery) for delivery in court.deliveries()] == [["send", "moved_as_ordered"]] * 2
    assert court.meter("B").state.balance_minor == 8000
    court.assert_sound()


def test_work_that_a_dead_one_had_taken_is_free_at_once(court):
    """The leases of its rows would run for minutes; whoever holds the bus need not wait for them."""
    court.cast.sell(court.cast.open("B"), 5000)
    headend.agenda(gateway_id=court.cast.gateway.pk, now=START)  # takes everything, and dies
    assert court.deliveries()[0].lease_until is not None
    court.settle()
    assert court.deliveries()[0].state == "on_meter"


def test_who_lost_the_bus_says_nothing_more_on_it(court):
    """It slept for longer than its lease: the order that it was about to send is not sent."""
    court.cast.sell(court.cast.open("B"), 5000)
    head = court.head()
    real = headend.conversations.delivering.fix_order

    def slept(*, step, seen, now):
        head.renewed_s -= headend.SILENT_S_MAX + 1
        return real(step=step, seen=seen, now=now)

    headend.conversations.delivering.fix_order = slept
    try:
        with pytest.raises(LeaseLost):
            court.rounds(head=head)
    finally:
        headend.conversations.delivering.fix_order = real
    assert (court.deliveries()[0].state, court.meter("B").state.purse_writes) == ("sent", 0)
    court.settle()
    court.clock.pass_by(minutes=1)
    court.settle()
    assert events(court.deliveries()[0]) == ["send", "not_moved", "send", "moved_as_ordered"]


def test_a_head_end_outlives_thousands_of_faults_and_says_so(court, monkeypatch):
    """The wait grows to its limit and no number overflows, however long the database is away."""
    head, waits = court.head(), []

    async def away() -> None:
        raise OperationalError("the database is away\nand this is the statement")

    async def count(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3000:
            head.stop.set()

    monkeypatch.setattr(head, "_hold_and_work", away)
    monkeypatch.setattr(head, "_rest", count)
    court.play(head.serve)
    assert waits[:5] == [1, 2, 4, 8, 10]
    assert set(waits[5:]) == {headend.TROUBLE_S_MAX}


def test_a_stop_gives_the_buses_back_and_new_gateways_are_found_while_running(court, monkeypatch):
    Meter.objects.update(next_poll_at=START)

    async def play() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(headend.run(clock=court.clock, stop=stop))
        await until(lambda: Meter.objects.filter(seen_at=None).count() == 0, "both meters are read")
        await db(another_gateway)
        await until(lambda: Gateway.objects.filter(owner="").count() == 0, "the new gateway is held")
        stop.set()
        await asyncio.wait_for(running, 10)

    court.play(play)
    assert set(Gateway.objects.values_list("owner", "lease_until", "connected")) == {("", None, False)}


def another_gateway() -> None:
    first = Gateway.objects.get()
    Gateway.objects.create(site=first.site, code="G2", host=first.host, port=first.port)


def test_a_gateway_that_moves_is_followed(court):
    """The address of a gateway is changed while it is held: the head-end connects to the new one."""

    async def play() -> None:
        head = court.head()
        serving = asyncio.create_task(head.serve())
        await until(lambda: Gateway.objects.get().connected, "it is connected")
        await db(lambda: Gateway.objects.update(port=1))
        await until(lambda: not Gateway.objects.get().connected, "nobody answers at the new address")
        await db(lambda: Gateway.objects.update(port=court.gateway.port))
        await until(lambda: Gateway.objects.get().connected, "it is connected again")
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    court.play(play)
