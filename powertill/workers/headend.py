"""The head-end: one task per gateway, credit and switches before readings, so that light never waits for a poll."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from django.db import DatabaseError

from powertill.apps.lease import LeaseLost
from powertill.apps.metering import buses
from powertill.apps.metering.models import Gateway, Meter
from powertill.apps.sales import delivering
from powertill.apps.supply import switching
from powertill.core.ports import LinkFault, MeterFault
from powertill.workers import conversations
from powertill.workers.bus import Bus
from powertill.workers.database import db

log = structlog.get_logger("powertill.headend")

IDLE_S = 0.2
RENEW_S = 5
TROUBLE_S_MAX = 10
GATEWAYS_MAX = 5000
READINGS_PER_ROUND = 4  # then credit and switches are looked at again


def owner_name() -> str:
    """Return a name for this process that no other head-end has."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


class Head:
    """Serves one gateway until it is told to stop."""

    def __init__(self, gateway_id: int, *, owner: str, clock: Callable[[], datetime], stop: asyncio.Event) -> None:
        self.gateway_id = gateway_id
        self.owner = owner
        self.clock = clock
        self.stop = stop
        self.trouble = 0

    async def serve(self) -> None:
        """Hold the bus and work on it; every fault is logged, waited for, and tried again."""
        while not self.stop.is_set():
            try:
                await self._hold_and_work()
                self.trouble = 0
            except (DatabaseError, LinkFault) as fault:
                self.trouble += 1
                log.warning("gateway trouble", gateway=self.gateway_id, fault=str(fault).splitlines()[0][:160])
            except Exception:
                self.trouble += 1
                log.exception("head-end fault", gateway=self.gateway_id)
            await self._rest(min(2**self.trouble / 2, TROUBLE_S_MAX))

    async def _hold_and_work(self) -> None:
        held = await db(buses.hold, gateway_id=self.gateway_id, owner=self.owner)
        if held is None:
            return
        bus = Bus(held.host, held.port)
        try:
            await bus.connect()
            await db(buses.link, gateway_id=self.gateway_id, connected=True, now=self.clock())
            await self._work(bus)
        except LinkFault:
            await db(buses.link, gateway_id=self.gateway_id, connected=False, now=self.clock())
            raise
        finally:
            await bus.close()

    async def _work(self, bus: Bus) -> None:
        renewed = asyncio.get_running_loop().time()
        while not self.stop.is_set():
            if asyncio.get_running_loop().time() - renewed > RENEW_S:
                if await db(buses.hold, gateway_id=self.gateway_id, owner=self.owner) is None:
                    return
                renewed = asyncio.get_running_loop().time()
            if not await self.round(bus):
                await self._rest(IDLE_S)

    async def round(self, bus: Bus) -> bool:
        """Do what is due on this bus, most urgent first; return whether there was anything.

        However much there is to bring and to switch, some readings are taken in each round.
        """
        urgent = [await self._credit(bus), await self._switches(bus)]
        return await self._readings(bus, limit=1 if any(urgent) else READINGS_PER_ROUND) or any(urgent)

    async def _credit(self, bus: Bus) -> bool:
        steps = await db(delivering.steps, gateway_id=self.gateway_id, now=self.clock())
        for step in steps:
            line = await self._line(bus, step.meter)
            await self._guarded(conversations.deliver(line, step), step.meter.number)
        return bool(steps)

    async def _switches(self, bus: Bus) -> bool:
        tasks = await db(switching.tasks, gateway_id=self.gateway_id, now=self.clock())
        for task in tasks:
            line = await self._line(bus, task.meter)
            await self._guarded(conversations.switch(line, task), task.meter.number)
        return bool(tasks)

    async def _readings(self, bus: Bus, *, limit: int) -> bool:
        meters = await db(buses.due, gateway_id=self.gateway_id, now=self.clock(), limit=limit)
        for meter in meters:
            await conversations.poll(await self._line(bus, meter))
        return bool(meters)

    async def _line(self, bus: Bus, meter: Meter) -> conversations.Line:
        fresh = await db(_with_site, meter_id=meter.pk)
        return conversations.Line(bus, fresh, self.clock)

    async def _guarded(self, work: Awaitable[None], meter: str) -> None:
        try:
            await work
        except (LinkFault, MeterFault) as fault:
            log.warning("meter does not answer", meter=meter, fault=str(fault))
        except LeaseLost:
            log.warning("another worker took this over", meter=meter)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return


async def run(*, clock: Callable[[], datetime], stop: asyncio.Event) -> None:
    """Serve every gateway of the installation; new gateways are found while running."""
    owner, heads = owner_name(), {}
    while not stop.is_set():
        try:
            for gateway_id in await db(_gateway_ids):
                if gateway_id not in heads:
                    head = Head(gateway_id, owner=owner, clock=clock, stop=stop)
                    heads[gateway_id] = asyncio.create_task(head.serve())
        except DatabaseError as fault:
            log.warning("database trouble", fault=str(fault).splitlines()[0][:160])
        try:
            await asyncio.wait_for(stop.wait(), RENEW_S)
        except TimeoutError:
            continue
    await asyncio.gather(*heads.values())
    for gateway_id in heads:
        await db(buses.release, gateway_id=gateway_id, owner=owner)


def _gateway_ids() -> list[int]:
    return list(Gateway.objects.order_by("pk").values_list("pk", flat=True)[:GATEWAYS_MAX])


def _with_site(*, meter_id: int) -> Meter:
    return Meter.objects.select_related("site").get(pk=meter_id)
