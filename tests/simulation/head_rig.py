"""The head-end on a real database and real sockets: the cast's flats, each with a simulated meter on one bus."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connections

from powertill.apps import doctor
from powertill.apps.metering.models import Gateway, Meter
from powertill.apps.sales.models import Delivery
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident, Supply
from powertill.simulators.faults import Faults
from powertill.simulators.gateway import SimulatedGateway
from powertill.simulators.meter import MeterSetup, SimulatedMeter
from powertill.workers import database
from powertill.workers.bus import Bus
from powertill.workers.headend import Head
from powertill.workers.relief import relieve
from tests.contracts.talk import Moment, serving
from tests.flows.cast import START, Cast, add_flat, build, deliver_messages

T = TypeVar("T")
PASSWORD = "000000"
SETTINGS = {"password": PASSWORD, "write_password": PASSWORD, "security": "simulated"}
ANSWER_S = 0.3  # short, so that lost answers cost little; simulated meters answer within milliseconds
LATER = START + timedelta(days=300)
WATT = 1000


@dataclass
class Rig:
    """What a test can name, move and look at. Meters are found by their flat."""

    cast: Cast
    clock: Moment
    faults: Faults
    gateway: SimulatedGateway
    watts: dict[str, int] = field(default_factory=dict)
    owners: int = 0

    def meter(self, flat: str) -> SimulatedMeter:
        """Return the simulated meter of a flat: what is really so."""
        return self.gateway.meters[self.number(flat)]

    def number(self, flat: str) -> str:
        return self.cast.meters[flat].number

    def row(self, flat: str) -> Meter:
        return Meter.objects.get(pk=self.cast.meters[flat].pk)

    def supply(self, flat: str) -> Supply:
        return self.cast.supply(flat)

    def head(self, stop: asyncio.Event | None = None, *, owner: str = "") -> Head:
        """Return a head-end that nobody has been before."""
        self.owners += 1
        name = owner or f"head {self.owners}"
        return Head(self.cast.gateway.pk, owner=name, clock=self.clock, stop=stop or asyncio.Event())

    def play(self, work: Callable[[], Awaitable[T]], *, limit_s: float = 60) -> T:
        """Run something asynchronous, with a limit."""

        async def limited() -> T:
            return await asyncio.wait_for(work(), limit_s)

        return asyncio.run(limited())

    def rounds(self, count: int = 1, *, head: Head | None = None) -> bool:
        """Let one head-end do some rounds; return whether the last one had anything to do."""
        head = head or self.head()

        async def work() -> bool:
            await database.db(self._forget_lease)
            held = await head.hold()
            assert held is not None
            await database.db(relieve, gateway_id=self.cast.gateway.pk)
            keeping = asyncio.create_task(head._keep(held))
            bus, did = Bus(held.host, held.port, answer_s=ANSWER_S, may_talk=head.may_talk), False
            try:
                for _ in range(count):
                    did = await head.round(bus)
            finally:
                keeping.cancel()
                await bus.close()
            return did

        return self.play(work)

    def _forget_lease(self) -> None:
        Gateway.objects.update(lease_until=None)

    def settle(self, *, rounds_max: int = 20) -> None:
        """Let the head-end work until nothing is due at this moment."""
        for _ in range(rounds_max):
            if not self.rounds():
                return
        raise AssertionError(f"still busy after {rounds_max} rounds")

    def live(self, until: datetime, *, step: timedelta = timedelta(minutes=30)) -> None:
        """Let time pass, with a head-end, a clock and a dispatcher that do their work at each step."""
        while self.clock.now < until:
            self.clock.now = min(self.clock.now + step, until)
            self.settle()
            supply.review_due(now=self.clock.now)
            self.settle()
            deliver_messages(at=self.clock.now)

    def deliveries(self, **wanted: object) -> list[Delivery]:
        return list(Delivery.objects.filter(**wanted).order_by("pk"))

    def incidents(self) -> list[str]:
        return list(Incident.objects.filter(closed_at=None).order_by("kind").values_list("kind", flat=True))

    def assert_sound(self) -> None:
        """Let the doctor look at everything."""
        wrong = {check.code: check.rows for check in doctor.checks(now=self.clock.now) if not check.holds}
        assert not wrong


def events(delivery: Delivery) -> list[str]:
    """Return what happened to a delivery, in order."""
    return list(delivery.events.values_list("event", flat=True))


@contextmanager
def rig(*places: str, faults: Faults | None = None) -> Iterator[Rig]:
    """Build the cast with one more flat for each place given, and serve all their meters on one gateway."""
    cast, clock, faults = build(), Moment(START), faults or Faults(seed=1)
    for number, place in enumerate(places):
        add_flat(cast, f"X{number:02d}", place=place, node=cast.points["A"].node)
    Meter.objects.update(settings=SETTINGS, next_poll_at=LATER)
    made = Rig(cast, clock, faults, SimulatedGateway([], clock, faults))
    for flat, row in cast.meters.items():
        meter = SimulatedMeter(_setup(row.number, cast.points[flat].place), lambda at, f=flat: (made.watts.get(f, 0),))
        meter.advance(clock.now)
        made.gateway.meters[meter.address] = meter
    with serving(made.gateway) as port:
        Gateway.objects.update(port=port)
        try:
            yield made
        finally:
            hang_up()


def _setup(number: str, place: str) -> MeterSetup:
    return MeterSetup(number, zone="Asia/Shanghai", prepaid=place == "meter", password=PASSWORD)


def hang_up() -> None:
    """Close the connections of the database threads, so that the test database can be emptied and dropped."""
    gate = threading.Barrier(database.THREADS)

    def close() -> None:
        gate.wait(10)  # so that each thread takes one
        connections.close_all()

    for done in [database.POOL.submit(close) for _ in range(database.THREADS)]:
        done.result(20)
