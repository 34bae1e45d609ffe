"""The head-end: one task per gateway, credit and switches before readings, so that light never waits for a poll."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError

from powertill.apps.lease import LeaseLost
from powertill.apps.metering import buses
from powertill.apps.metering.models import Gateway, Meter
from powertill.apps.sales import delivering
from powertill.apps.supply import switching
from powertill.core.ports import LinkFault, MeterFault
from powertill.workers import conversations, relief
from powertill.workers.bus import Bus, GatewayDown
from powertill.workers.database import db

log = structlog.get_logger("powertill.headend")

IDLE_S = 0.2
RENEW_S = 5
SILENT_S_MAX = 12  # after the last renewal, less than the lease of a bus: then nothing more is said on it
TROUBLE_S_MAX = 10
TROUBLE_MAX = 10  # counted no further: the wait is at its longest long before
GATEWAYS_MAX = 5000
READINGS_PER_ROUND = 4  # then credit and switches are looked at again


def owner_name() -> str:
    """Return a name for this process that no other head-end has."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is due on one bus."""

    steps: list[delivering.Step]
    tasks: list[switching.Task]
    meters: list[Meter]


def agenda(*, gateway_id: int, now: datetime) -> Agenda:
    """Lease the credit and the switches that are due on a bus, and name the meters to read."""
    return Agenda(
        delivering.steps(gateway_id=gateway_id, now=now),
        switching.tasks(gateway_id=gateway_id, now=now),
        buses.due(gateway_id=gateway_id, now=now, limit=READINGS_PER_ROUND),
    )


class Head:
    """Serves one gateway until it is told to stop."""

    def __init__(self, gateway_id: int, *, owner: str, clock: Callable[[], datetime], stop: asyncio.Event) -> None:
        self.gateway_id = gateway_id
        self.owner = owner
        self.clock = clock
        self.stop = stop
        self.trouble = 0
        self.renewed_s = 0.0

    async def serve(self) -> None:
        """Hold the bus and work on it; every fault is logged, waited for, and tried again."""
        while not self.stop.is_set():
            try:
                await self._hold_and_work()
                self.trouble = 0
            except (DatabaseError, InterfaceError, LinkFault, LeaseLost) as fault:
                self.trouble = min(self.trouble + 1, TROUBLE_MAX)
                log.warning("gateway trouble", gateway=self.gateway_id, fault=first_line(fault))
            except Exception:
                self.trouble = min(self.trouble + 1, TROUBLE_MAX)
                log.exception("head-end fault", gateway=self.gateway_id)
            await self._rest(min(2**self.trouble / 2, TROUBLE_S_MAX))

    async def hold(self) -> buses.Held | None:
        """Take or renew the lease of the bus, and remember when."""
        asked_s = _real_s()
        held = await db(buses.hold, gateway_id=self.gateway_id, owner=self.owner)
        if held is not None:
            self.renewed_s = asked_s
        return held

    def may_talk(self) -> None:
        """Raise `LeaseLost` when the lease may have run out: somebody else may be talking on this bus."""
        if _real_s() - self.renewed_s > SILENT_S_MAX:
            raise LeaseLost(f"gateway {self.gateway_id}")

    async def _hold_and_work(self) -> None:
        held = await self.hold()
        if held is None:
            return
        freed = await db(relief.relieve, gateway_id=self.gateway_id)
        log.info("bus held", gateway=held.code, epoch=held.epoch, taken_over=freed)
        bus = Bus(held.host, held.port, may_talk=self.may_talk)
        try:
            await bus.connect()
            await db(buses.link, gateway_id=self.gateway_id, connected=True, now=self.clock())
            await self._first_end(self._work(bus), self._keep(held))
        except LinkFault:
            await db(buses.link, gateway_id=self.gateway_id, connected=False, now=self.clock())
            raise
        finally:
            await bus.close()

    async def _first_end(self, *works: Coroutine[Any, Any, None]) -> None:
        """Run works side by side until one of them ends, then end the others."""
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _keep(self, held: buses.Held) -> None:
        """Renew the lease, also during a long conversation; end when the bus is somebody else's or elsewhere."""
        while True:  # ends: with the work that it keeps the bus for
            await asyncio.sleep(RENEW_S)
            if await self.hold() != held:
                log.warning("bus lost or changed", gateway=held.code)
                return

    async def _work(self, bus: Bus) -> None:
        while not self.stop.is_set():
            if not await self.round(bus):
                await self._rest(IDLE_S)

    async def round(self, bus: Bus) -> bool:
        """Do what is due on this bus, most urgent first; return whether there was anything.

        However much there is to bring and to switch, some readings are taken in each round.
        """
        due = await db(agenda, gateway_id=self.gateway_id, now=self.clock())
        for step in due.steps:
            await self._guarded(bus, step.meter, partial(conversations.deliver, step=step))
        for task in due.tasks:
            await self._guarded(bus, task.meter, partial(conversations.switch, task=task))
        urgent = bool(due.steps or due.tasks)
        for meter in due.meters[: 1 if urgent else READINGS_PER_ROUND]:
            await self._guarded(bus, meter, conversations.poll)
        return urgent or bool(due.meters)

    async def _guarded(
        self, bus: Bus, meter: Meter, talk: Callable[[conversations.Line], Coroutine[Any, Any, None]]
    ) -> None:
        """Talk with one meter; what is wrong with it alone must not keep the others on the bus waiting.

        A gateway that is gone and a database that is gone concern all of them, and end the round.
        """
        if self.stop.is_set():
            return
        await bus.connect()
        try:
            await talk(conversations.Line(bus, meter, self.clock))
        except (GatewayDown, OperationalError, InterfaceError):
            raise
        except (LinkFault, MeterFault) as fault:
            log.warning("meter does not answer", meter=meter.number, fault=str(fault))
        except LeaseLost as lost:
            log.warning("not ours any more, or a person's", meter=meter.number, what=str(lost))
            self.may_talk()
        except Exception as wrong:  # of ours, or of this meter's settings; it is tried again like a silent one
            log.exception("conversation failed", meter=meter.number)
            why = f"{type(wrong).__name__}: {wrong}"
            await db(conversations.unserved, meter=meter, fault=why, now=self.clock())

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return


async def run(*, clock: Callable[[], datetime], stop: asyncio.Event) -> None:
    """Serve every gateway of the installation; new gateways are found while running."""
    owner = owner_name()
    heads: dict[int, asyncio.Task[None]] = {}
    while not stop.is_set():
        try:
            for gateway_id in await db(_gateway_ids):
                if gateway_id not in heads:
                    head = Head(gateway_id, owner=owner, clock=clock, stop=stop)
                    heads[gateway_id] = asyncio.create_task(head.serve())
        except (DatabaseError, InterfaceError) as fault:
            log.warning("database trouble", fault=first_line(fault))
        try:
            async with asyncio.timeout(RENEW_S):
                await stop.wait()
        except TimeoutError:
            continue
    await asyncio.gather(*heads.values())
    for gateway_id in heads:
        await db(buses.release, gateway_id=gateway_id, owner=owner)


def first_line(fault: Exception) -> str:
    """Return what a database says about its trouble, without the statement under it."""
    return (str(fault).splitlines() or [type(fault).__name__])[0][:160]


def _real_s() -> float:
    return asyncio.get_running_loop().time()


def _gateway_ids() -> list[int]:
    return list(Gateway.objects.order_by("pk").values_list("pk", flat=True)[:GATEWAYS_MAX])
