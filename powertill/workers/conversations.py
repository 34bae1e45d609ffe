"""What a head-end does with one meter: bring credit, move a switch, read. Each ends with what the meter shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from powertill import drivers
from powertill.apps.metering import buses
from powertill.apps.metering import flows as metering
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import supply_point_at
from powertill.apps.sales import delivering
from powertill.apps.supply import flows as supply
from powertill.apps.supply import switching
from powertill.apps.supply.models import Supply
from powertill.core.delivery import Event
from powertill.core.ports import (
    Capability,
    CreditSeen,
    Exchange,
    LinkFault,
    MeterConfig,
    MeterDriver,
    MeterFault,
    RelayAnswer,
    RelaySeen,
)
from powertill.workers import caution, relief
from powertill.workers.bus import Bus, GatewayDown
from powertill.workers.database import db

log = structlog.get_logger("powertill.headend")

READ_TRIES = 2
LOOK_TRIES = 3
ORDER_VALID = timedelta(minutes=5)  # of the meter's clock: an order that arrives later is refused by the meter


class Line:
    """One meter on one bus, spoken to in its own language."""

    def __init__(self, bus: Bus, meter: Meter, clock: Callable[[], datetime]) -> None:
        self.bus = bus
        self.meter = meter
        self.clock = clock
        self.driver: MeterDriver = drivers.meter_driver(meter.driver)
        self.config = MeterConfig(
            address=meter.number, phases=meter.phases, zone=meter.site.zone, settings=meter.settings
        )

    def can(self, capability: Capability) -> bool:
        """Tell whether the meter's driver promises this."""
        return capability in self.driver.info.capabilities

    async def look(self, *, tries: int = READ_TRIES) -> CreditSeen:
        """Return what the meter's purse shows."""
        return await self.bus.ask(
            lambda: self.driver.read_credit(self.config), deframer=self.driver.deframer, tries=tries
        )

    async def relay(self) -> RelaySeen:
        """Return what the meter's switch shows."""
        return await self.bus.ask(
            lambda: self.driver.read_relay(self.config), deframer=self.driver.deframer, tries=READ_TRIES
        )

    async def see_relay(self) -> None:
        """Read the switch back and store what it shows."""
        relay = await self.relay()
        await db(store_relay, meter_id=self.meter.pk, relay=relay, now=self.clock())


def store_relay(*, meter_id: int, relay: RelaySeen, now: datetime) -> None:
    """Hand over what a meter's switch showed to the supply that it switches now."""
    rows = Supply.objects.filter(
        supply_point__installations__meter_id=meter_id, supply_point__installations__to_at=None
    )
    # Nearly every reading finds the switch as it was and as it should be: then only the time of looking moves.
    as_before = rows.filter(
        order=Supply.Order.AGREED,
        seen_relay=relay.contact.value,
        seen_commanded=relay.commanded.value,
        seen_keep_power=relay.keep_power,
        seen_permitted=relay.permitted,
    )
    if as_before.update(seen_at=now):
        return
    for supply_id in rows.order_by("pk").values_list("pk", flat=True):
        switching.seen(supply_id=supply_id, relay=relay, now=now)


async def deliver(line: Line, step: delivering.Step) -> None:
    """Bring one delivery forward: picture before, order, and always a look afterwards."""
    try:
        if step.state == "due":
            if not await db(caution.may_order, meter=line.meter, now=line.clock()):
                raise MeterFault(caution.KIND, "left alone until a person has looked")
            await _send(line, step, await line.look())
        after = await line.look(tries=LOOK_TRIES)
    except (LinkFault, MeterFault) as fault:
        await db(delivering.postpone, step=step, fault=str(fault), now=line.clock())
        log.warning("credit waits", meter=line.meter.number, delivery=step.delivery_id, fault=str(fault))
        return
    state = await db(delivering.looked, step=step, after=after, now=line.clock())
    log.info(
        "credit looked at",
        meter=line.meter.number,
        delivery=step.delivery_id,
        state=state,
        count=after.purchase_count,
        remaining_minor=after.remaining_minor,
    )
    if line.can(Capability.READS_BACK_RELAY):
        await line.see_relay()


async def _send(line: Line, step: delivering.Step, before: CreditSeen) -> None:
    order = await db(delivering.fix_order, step=step, seen=before, now=line.clock())

    def exchange() -> Exchange[None]:
        if step.kind == "preset":
            return line.driver.preset_credit(line.config, order.amount_minor)
        return line.driver.write_credit(line.config, order)

    try:
        await line.bus.ask(exchange, deframer=line.driver.deframer)
    except LinkFault as fault:
        await db(delivering.note, step=step, event=Event.LOSE, detail=str(fault), now=line.clock())
        log.warning("credit answer lost; looking", meter=line.meter.number, delivery=step.delivery_id)
    except MeterFault as fault:
        await db(delivering.note, step=step, event=Event.REFUSE, detail=str(fault), now=line.clock())
        log.warning("credit refused; looking", meter=line.meter.number, code=fault.code)


async def switch(line: Line, task: switching.Task) -> None:
    """Bring one switch to what is wanted: look, order if it differs, look again."""
    reads_back = line.can(Capability.READS_BACK_RELAY)
    try:
        if not await db(caution.may_order, meter=line.meter, now=line.clock()):
            raise MeterFault(caution.KIND, "left alone until a person has looked")
        await line.bus.connect()  # What takes long comes before the decision, not between it and the frame.
        if reads_back:
            await line.see_relay()
    except (LinkFault, MeterFault):
        await db(relief.put_off, task=task, now=line.clock())
        raise
    command = await db(switching.next_command, **_mine(task), now=line.clock())
    if command is None or not await db(switching.confirm, **_mine(task), now=line.clock()):
        return
    outcome, detail = await _order(line, command)
    await db(switching.answered, supply_id=task.supply_id, outcome=outcome, detail=detail, now=line.clock())
    log.info("switch ordered", meter=line.meter.number, command=command, answer=outcome)
    if reads_back:
        await line.see_relay()


def _mine(task: switching.Task) -> dict[str, int]:
    return {"supply_id": task.supply_id, "epoch": task.epoch}


async def _order(line: Line, command: str) -> tuple[str, str]:
    until = line.clock() + ORDER_VALID
    driver, config = line.driver, line.config
    exchanges: dict[str, Callable[[], Exchange[RelayAnswer]]] = {
        "trip": lambda: driver.trip(config, valid_until=until),
        "permit": lambda: driver.permit_close(config, valid_until=until),
        "close": lambda: driver.direct_close(config, valid_until=until),
        "keep_on": lambda: driver.keep_power(config, on=True, valid_until=until),
        "keep_off": lambda: driver.keep_power(config, on=False, valid_until=until),
    }
    try:
        answer = await line.bus.ask(exchanges[command], deframer=driver.deframer)
    except LinkFault as fault:
        return "unknown", str(fault)
    except MeterFault as fault:
        return "refused", str(fault)
    return answer.value, ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a meter said in one reading; `fault` is why its switch was not read."""

    heard: metering.Heard
    relay: RelaySeen | None = None
    fault: str = ""


async def poll(line: Line) -> None:
    """Read registers, purse and switch, and hand them over; a silent meter is noted and tried again later."""
    try:
        told = await _listen(line)
        fault = await db(_store, meter=line.meter, told=told, now=line.clock())
    except GatewayDown:
        raise
    except (LinkFault, MeterFault) as silence:
        fault = str(silence)
    if fault:
        failures = await db(unserved, meter=line.meter, fault=fault, now=line.clock())
        log.warning("meter silent", meter=line.meter.number, fault=fault, failures=failures)


def unserved(*, meter: Meter, fault: str, now: datetime) -> int:
    """Note why a meter could not be served; it is tried again, at first soon. Return how often in a row."""
    return metering.missed(meter_id=meter.pk, fault=fault, now=now, next_poll_at=buses.retry_at(meter, now=now))


async def _listen(line: Line) -> Told:
    driver = line.driver
    snapshot = await line.bus.ask(lambda: driver.read(line.config), deframer=driver.deframer, tries=READ_TRIES)
    credit = await line.look() if await db(has_purse, meter=line.meter, now=line.clock()) else None
    heard = metering.Heard(snapshot=snapshot, credit=credit, taken_at=line.clock())
    if not line.can(Capability.READS_BACK_RELAY):
        return Told(heard)
    try:
        return Told(heard, await line.relay())
    except (LinkFault, MeterFault) as fault:
        return Told(heard, fault=str(fault))  # What was measured counts all the same.


def _store(*, meter: Meter, told: Told, now: datetime) -> str:
    """Take a reading, then what the switch showed; return why the switch was not read, if it was not."""
    supply.take_reading(meter_id=meter.pk, heard=told.heard, now=now, next_poll_at=buses.next_poll_at(meter, now=now))
    if told.relay is not None:
        store_relay(meter_id=meter.pk, relay=told.relay, now=now)
    return told.fault


def has_purse(*, meter: Meter, now: datetime) -> bool:
    """Tell whether the customer's money lies in this meter."""
    supply_point = supply_point_at(meter=meter, at=now)
    return supply_point is not None and supply_point.place == "meter"
