"""Bring due credit to a meter, step by step, with the meter's own evidence before and after."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.lease import LeaseLost, claim, hold
from powertill.apps.ledger import flows as ledger
from powertill.apps.metering.models import Meter
from powertill.apps.people.models import User
from powertill.apps.sales.models import Delivery, DeliveryEvent
from powertill.apps.sites import roles
from powertill.apps.supply import flows as supply
from powertill.apps.supply import incidents
from powertill.apps.supply.models import Supply
from powertill.core import ledger as books
from powertill.core.delivery import MAX_TRIES, Event, State, advance, conclude
from powertill.core.errors import Refusal
from powertill.core.ports import CreditOrder, CreditSeen

OPEN = (State.DUE.value, State.SENT.value, State.UNKNOWN.value, State.REFUSED.value)
AGAIN_SECONDS = 5
AGAIN_SECONDS_MAX = 300
LATE = timedelta(minutes=15)  # paid and not on the meter: then a person is told (fault F59)
PRESET_LOOK_WITHIN = timedelta(hours=1)  # later an empty purse may also mean that the preset was used up


class NotSent(LeaseLost):
    """The order was put before a person instead of being sent: the meter's purchase count does not allow it."""


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
    first = list(rows.order_by("meter_id", "id").distinct("meter_id").values_list("pk", flat=True))
    taken = claim(Delivery.objects.filter(pk__in=first).select_related("meter__site"), now=now, limit=limit)
    return [Step(d.pk, d.lease_epoch, d.meter, d.state, d.kind, d.amount_minor) for d in taken]


def fix_order(*, step: Step, seen: CreditSeen, now: datetime) -> CreditOrder:
    """Write down what is about to be sent, with the picture before it; committed before the first byte leaves.

    A further try keeps the count and the picture of the first: should the first order have reached the meter late,
    after the look, the meter refuses the second one by its count, and the next look finds the credit.
    Raise `NotSent` when the meter's count was used before (a reset or exchanged meter): a person must look.
    """
    with transaction.atomic():
        row: Delivery = hold(Delivery, pk=step.delivery_id, epoch=step.epoch)
        if row.tries == 0 or row.before is None:
            _picture(row, seen)
        is_sent = not (_is_count_used(row, seen) or _is_unknown_credit(row, seen))
        if is_sent:
            row.tries += 1
            _move(row, Event.SEND, now=now, detail={"before": row.before, "count": row.count})
        else:
            detail = {"before": row.before, "count": row.count}
            row.count, row.lease_until = None, None
            _move(row, Event.GIVE_UP, now=now, detail=detail)
            _keep_picture(row.meter_id, seen)
            _ask_person(row, now=now)
        row.save()
    if not is_sent:
        raise NotSent(f"delivery {row.pk}")
    return CreditOrder(
        amount_minor=row.amount_minor,
        count=row.count or 0,
        customer_number=row.account.customer.number,
        opening=row.kind == Delivery.Kind.OPENING,
    )


def _picture(row: Delivery, seen: CreditSeen) -> None:
    preset = row.kind == Delivery.Kind.PRESET
    row.count = None if preset else seen.purchase_count + 1
    row.before = asdict(seen)
    if not preset and seen.purchase_count == 0:
        row.kind = Delivery.Kind.OPENING


def _is_count_used(row: Delivery, seen: CreditSeen) -> bool:
    if row.kind == Delivery.Kind.PRESET:
        return seen.purchase_count > 0  # the meter refuses a preset, or would forget what is in its purse
    others = Delivery.objects.filter(meter_id=row.meter_id, count__gte=row.count).exclude(pk=row.pk)
    return others.filter(state__in=(State.SENT, State.UNKNOWN, State.ON_METER)).exists()


def _is_unknown_credit(row: Delivery, seen: CreditSeen) -> bool:
    """Tell whether the meter took a purchase that we have no proof of: a frame came late, or another hand filled it."""
    if row.tries or row.kind == Delivery.Kind.PRESET:
        return False
    proven = Meter.objects.filter(pk=row.meter_id).values_list("proven_count", flat=True).get()
    return seen.purchase_count > proven


def _keep_picture(meter_id: int, seen: CreditSeen) -> None:
    """Keep what the meter shows: a person decides on it, and the next order is counted from it."""
    meter = Meter.objects.select_for_update(no_key=True, of=("self",)).get(pk=meter_id)
    meter.live = {**meter.live, "credit": asdict(seen)}
    meter.save(update_fields=["live"])


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
        before = CreditSeen(**(row.before or {}))
        event = _conclude(row, before, after, now=now)
        _move(row, event, now=now, detail={"after": asdict(after)})
        if row.state == State.ON_METER:
            _prove(row, after, now=now)
        elif row.state == State.DUE and row.tries >= MAX_TRIES:
            _move(row, Event.GIVE_UP, now=now, detail={"tries": row.tries})
        if row.state == State.PERSON:
            _keep_picture(row.meter_id, after)
            _ask_person(row, now=now)
        row.lease_until, row.next_at = None, now + _wait(row.tries)
        row.save()
        return row.state


def _conclude(row: Delivery, before: CreditSeen, after: CreditSeen, *, now: datetime) -> Event:
    if row.kind != Delivery.Kind.PRESET:
        return conclude(before=before, after=after, amount_minor=row.amount_minor)
    # A preset leaves no purchase record; the purse itself is the evidence, and nothing else may fill it at count 0.
    if after.purchase_count != 0 or after.remaining_minor > row.amount_minor:
        return Event.MOVED_OTHERWISE
    # What was owed counts: a purse that was overdrawn may show nothing although it took all of it.
    if after.remaining_minor - after.overdraft_minor > before.remaining_minor - before.overdraft_minor:
        return Event.MOVED_AS_ORDERED
    sent = row.events.filter(event=Event.SEND.value).order_by("-id").first()
    is_fresh = sent is not None and now <= sent.at + PRESET_LOOK_WITHIN
    return Event.NOT_MOVED if is_fresh else Event.MOVED_OTHERWISE


def _prove(row: Delivery, after: CreditSeen | None, *, now: datetime) -> None:
    """Book that the credit is on the meter. `after` is None when a person proved it."""
    row.proven_at = now
    meter = Meter.objects.select_for_update(no_key=True, of=("self",)).get(pk=row.meter_id)
    if after is not None:
        meter.proven_count = after.purchase_count
        meter.live = {**meter.live, "credit": asdict(after)}
    elif "credit" in meter.live:
        meter.proven_count = meter.live["credit"]["purchase_count"]
    meter.save(update_fields=["proven_count", "live"])
    entry = books.credit_moved_to_meter(
        key=f"to_meter:{row.pk}", at=now, account=row.account_id, amount_minor=row.amount_minor
    )
    ledger.lock([row.account_id])
    ledger.post(entry, now=now)
    incidents.heal(site=meter.site, kind="delivery.late", subject=_subject(row), now=now)
    _look_at_switch(row, now=now)


def _look_at_switch(row: Delivery, *, now: datetime) -> None:
    """Have the head-end look at the switch at once: the purse has changed, and the contact may have moved with it."""
    here = Supply.objects.filter(
        supply_point__installations__meter_id=row.meter_id, supply_point__installations__to_at=None
    )
    for supply_id in here.order_by("pk").values_list("pk", flat=True):
        Supply.objects.filter(pk=supply_id).update(order=Supply.Order.ORDERED, next_at=now, tries=0)
        supply.review(supply_id=supply_id, now=now)


def _subject(row: Delivery) -> str:
    return f"delivery {row.pk}"


def _ask_person(row: Delivery, *, now: datetime) -> None:
    supply.open_incident(meter=row.meter, kind="delivery.person", subject=_subject(row), now=now)


def postpone(*, step: Step, fault: str, now: datetime) -> None:
    """Give a delivery back because the meter cannot be looked at now; nothing was sent, nothing is decided."""
    with transaction.atomic():
        row: Delivery = hold(Delivery, pk=step.delivery_id, epoch=step.epoch)
        row.lease_until, row.next_at = None, now + timedelta(seconds=30)
        row.save(update_fields=["lease_until", "next_at"])
        if not row.events.filter(event="no_contact").exists():
            _write(row, "no_contact", {"fault": fault[:160]}, now=now)


def late(*, now: datetime, limit: int = 100) -> int:
    """Tell a person about credit that is paid and not on the meter for too long; return how many there are."""
    rows = Delivery.objects.filter(state__in=OPEN, made_at__lte=now - LATE).select_related("meter__site")
    found = list(rows.order_by("id")[:limit])
    for row in found:
        supply.open_incident(meter=row.meter, kind="delivery.late", subject=_subject(row), now=now)
    return len(found)


def decide(*, op_id: str, delivery_id: int, moved: bool, reason: str, actor: User, now: datetime) -> dict[str, Any]:
    """End a delivery that waits for a person: its credit is on the meter, or it certainly is not and is due again."""
    if not reason.strip():
        raise Refusal("supply.reason")

    def run() -> dict[str, Any]:
        rows = Delivery.objects.select_for_update(no_key=True, of=("self",)).select_related("account__site")
        row = rows.get(pk=delivery_id)
        roles.require(actor, row.account.site, roles.SETTLE)
        if row.state != State.PERSON:
            raise Refusal("delivery.decided")
        event = Event.MOVED_AS_ORDERED if moved else Event.NOT_MOVED
        _move(row, event, now=now, detail={"by": actor.get_username(), "reason": reason.strip()[:200]})
        row.lease_epoch, row.lease_until, row.tries, row.next_at = row.lease_epoch + 1, None, 0, now
        if moved:
            row.count = None if _is_taken(row) else row.count
            _prove(row, None, now=now)
        else:
            _count_from_picture(row.meter_id)
        row.save()
        incidents.heal(site=row.meter.site, kind="delivery.person", subject=_subject(row), now=now)
        facts = {"moved": moved, "amount_minor": row.amount_minor}
        audit.log(
            act="delivery.decided",
            subject=_subject(row),
            actor=actor,
            now=now,
            facts=facts,
            reason=reason,
            op_id=op_id,
            site=row.account.site,
        )
        return {"delivery": row.pk, "state": row.state}

    body = {"delivery": delivery_id, "moved": moved, "reason": reason}
    return audit.once(op_id=op_id, kind="delivery.decide", body=body, actor=actor, now=now, run=run)[0]


def _count_from_picture(meter_id: int) -> None:
    """Go on from the count that the meter showed to the person: what it holds beyond our books they have seen to."""
    meter = Meter.objects.select_for_update(no_key=True, of=("self",)).get(pk=meter_id)
    if "credit" in meter.live:
        meter.proven_count = meter.live["credit"]["purchase_count"]
        meter.save(update_fields=["proven_count"])


def _is_taken(row: Delivery) -> bool:
    """Tell whether another delivery holds this purchase count; then the person's proof carries none."""
    others = Delivery.objects.filter(meter_id=row.meter_id, count=row.count).exclude(pk=row.pk)
    return others.filter(state__in=(State.SENT, State.UNKNOWN, State.ON_METER)).exists()


def _move(row: Delivery, event: Event, *, now: datetime, detail: dict[str, Any]) -> None:
    row.state = advance(State(row.state), event).value
    _write(row, event.value, detail, now=now)


def _write(row: Delivery, event: str, detail: dict[str, Any], *, now: datetime) -> None:
    DeliveryEvent.objects.create(delivery=row, at=now, event=event, state=row.state, detail=detail)


def _wait(tries: int) -> timedelta:
    return timedelta(seconds=min(AGAIN_SECONDS * 2 ** min(tries, 10), AGAIN_SECONDS_MAX))
