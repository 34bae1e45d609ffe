"""Bring due credit to a meter, step by step, with the meter's own evidence before and after."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from powertill.apps.lease import claim, hold
from powertill.apps.ledger import flows as ledger
from powertill.apps.metering.models import Meter
from powertill.apps.sales.models import Delivery, DeliveryEvent
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Supply
from powertill.core import ledger as books
from powertill.core.delivery import MAX_TRIES, Event, State, advance, conclude
from powertill.core.ports import CreditOrder, CreditSeen

OPEN = (State.DUE.value, State.SENT.value, State.UNKNOWN.value, State.REFUSED.value)
AGAIN_SECONDS = 5
AGAIN_SECONDS_MAX = 300


@dataclass(frozen=True, slots=True)
class Step:
    """A leased delivery: what a head-end must do next with it."""

    delivery_id: int
    epoch: int
    meter: Meter
    state: str
    kind: str
    amount_minor: int


def steps(*, gateway_id: int, now: datetime, limit: int = 10) -> list[Step]:
    """Lease open deliveries on one bus, oldest first and one per meter."""
    rows = Delivery.objects.filter(meter__gateway_id=gateway_id, state__in=OPEN)
    first = rows.order_by("meter_id", "id").distinct("meter_id").values("pk")
    taken = claim(Delivery.objects.filter(pk__in=list(first.values_list("pk", flat=True))), now=now, limit=limit)
    return [Step(d.pk, d.lease_epoch, d.meter, d.state, d.kind, d.amount_minor) for d in taken]


def fix_order(*, step: Step, seen: CreditSeen, now: datetime) -> CreditOrder:
    """Write down what is about to be sent, with the picture before it; committed before the first byte leaves."""
    with transaction.atomic():
        row: Delivery = hold(Delivery, pk=step.delivery_id, epoch=step.epoch)
        preset = row.kind == Delivery.Kind.PRESET
        row.count = None if preset else seen.purchase_count + 1
        row.before = asdict(seen)
        if not preset and seen.purchase_count == 0:
            row.kind = Delivery.Kind.OPENING
        row.tries += 1
        _move(row, Event.SEND, now=now, detail={"before": row.before, "count": row.count})
        row.save()
        return CreditOrder(
            amount_minor=row.amount_minor,
            count=row.count or 0,
            customer_number=row.account.customer.number,
            opening=row.kind == Delivery.Kind.OPENING,
        )


def note(*, step: Step, event: Event, detail: str, now: datetime) -> None:
    """Store that an order got no usable answer, or a no: the meter must be looked at before anything else."""
    with transaction.atomic():
        row: Delivery = hold(Delivery, pk=step.delivery_id, epoch=step.epoch)
        _move(row, event, now=now, detail={"answer": detail})
        row.save()


def looked(*, step: Step, after: CreditSeen, now: datetime) -> str:
    """Compare the meter with the picture before the order and decide; return the new state."""
    with transaction.atomic():
        row: Delivery = hold(Delivery, pk=step.delivery_id, epoch=step.epoch)
        before = CreditSeen(**row.before)
        event = _conclude(row, before, after)
        _move(row, event, now=now, detail={"after": asdict(after)})
        if row.state == State.ON_METER:
            _prove(row, after, now=now)
        elif row.state == State.DUE and row.tries >= MAX_TRIES:
            _move(row, Event.GIVE_UP, now=now, detail={"tries": row.tries})
        if row.state == State.PERSON:
            _ask_person(row, now=now)
        row.lease_until, row.next_at = None, now + _wait(row.tries)
        row.save()
        return row.state


def _conclude(row: Delivery, before: CreditSeen, after: CreditSeen) -> Event:
    if row.kind != Delivery.Kind.PRESET:
        return conclude(before=before, after=after, amount_minor=row.amount_minor)
    # A preset leaves no purchase record; the purse itself is the evidence, and nothing else may fill it at count 0.
    if after.purchase_count != 0 or after.remaining_minor > row.amount_minor:
        return Event.MOVED_OTHERWISE
    return Event.MOVED_AS_ORDERED if after.remaining_minor > before.remaining_minor else Event.NOT_MOVED


def _prove(row: Delivery, after: CreditSeen, *, now: datetime) -> None:
    row.proven_at = now
    meter = Meter.objects.select_for_update().get(pk=row.meter_id)
    meter.proven_count = after.purchase_count
    meter.live = {**meter.live, "credit": asdict(after)}
    meter.save(update_fields=["proven_count", "live"])
    entry = books.credit_moved_to_meter(
        key=f"to_meter:{row.pk}", at=now, account=row.account_id, amount_minor=row.amount_minor
    )
    ledger.lock([row.account_id])
    ledger.post(entry, now=now)
    for supply_id in Supply.objects.filter(supply_point__installations__meter_id=row.meter_id).values_list(
        "pk", flat=True
    ):
        # The purse and with it the switch may have changed: have the head-end look again at once.
        Supply.objects.filter(pk=supply_id).update(order=Supply.Order.ORDERED, next_at=now, lease_until=None, tries=0)
        supply.review(supply_id=supply_id, now=now)


def _ask_person(row: Delivery, *, now: datetime) -> None:
    supply.open_incident(
        meter=row.meter,
        kind="delivery.person",
        subject=f"delivery {row.pk}",
        detail="the meter's purse does not fit the order; look at the steps before anything is sent again",
        now=now,
    )


def postpone(*, step: Step, fault: str, now: datetime) -> None:
    """Give a delivery back because the meter cannot be looked at now; nothing was sent, nothing is decided."""
    with transaction.atomic():
        row: Delivery = hold(Delivery, pk=step.delivery_id, epoch=step.epoch)
        row.lease_until, row.next_at = None, now + timedelta(seconds=30)
        row.save(update_fields=["lease_until", "next_at"])
        if not row.events.filter(event="no_contact").exists():
            _write(row, "no_contact", {"fault": fault[:160]}, now=now)


def _move(row: Delivery, event: Event, *, now: datetime, detail: dict[str, Any]) -> None:
    row.state = advance(State(row.state), event).value
    _write(row, event.value, detail, now=now)


def _write(row: Delivery, event: str, detail: dict[str, Any], *, now: datetime) -> None:
    DeliveryEvent.objects.create(delivery=row, at=now, event=event, state=row.state, detail=detail)


def _wait(tries: int) -> timedelta:
    return timedelta(seconds=min(AGAIN_SECONDS * 2 ** min(tries, 10), AGAIN_SECONDS_MAX))
