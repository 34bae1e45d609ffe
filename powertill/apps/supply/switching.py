"""Bring a switch from what is seen to what is wanted: level, not edge, so that a lost command heals itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from powertill.apps.lease import claim, hold
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import meter_at
from powertill.apps.supply import facts as cases
from powertill.apps.supply import flows, policies
from powertill.apps.supply.models import RelayOrder, RelayResult, Supply
from powertill.core.ports import RelaySeen

TRIES_MAX = 3  # identical commands before a person must look: a welded contact is not hammered
AGAIN = timedelta(seconds=20)  # a real relay takes seconds; look again after this
STUCK_AGAIN = timedelta(minutes=30)
CUTS_PER_HOUR_MIN = 5
CUTS_PER_MILLE = 5  # or 0.5 % of the site's supplies, whichever is more (fault F51)


@dataclass(frozen=True, slots=True)
class Task:
    """A switch that a head-end should look at, and the command to give if it is not as wanted."""

    supply_id: int
    epoch: int
    meter: Meter
    wanted_relay: str
    wanted_keep_power: bool


def tasks(*, gateway_id: int, now: datetime, limit: int = 10) -> list[Task]:
    """Lease switches on one bus that are not as wanted, or whose state was never seen."""
    rows = Supply.objects.filter(
        supply_point__installations__meter__gateway_id=gateway_id, supply_point__installations__to_at=None
    ).exclude(order=Supply.Order.AGREED)
    found = []
    for supply in claim(Supply.objects.filter(pk__in=rows.values("pk")), now=now, limit=limit):
        meter = meter_at(supply_point=supply.supply_point, at=now)
        if meter is not None:
            found.append(Task(supply.pk, supply.lease_epoch, meter, supply.wanted_relay, supply.wanted_keep_power))
    return found


def seen(*, supply_id: int, relay: RelaySeen, now: datetime) -> None:
    """Store what the meter showed; where it is as wanted, the order is fulfilled and people are told."""
    with transaction.atomic():
        supply = Supply.objects.select_for_update().get(pk=supply_id)
        changed = bool(supply.seen_relay) and supply.seen_relay != relay.contact.value
        supply.seen_relay, supply.seen_commanded = relay.contact.value, relay.commanded.value
        supply.seen_keep_power, supply.seen_permitted, supply.seen_at = relay.keep_power, relay.permitted, now
        was_agreed = supply.order == Supply.Order.AGREED
        if agrees(supply):
            supply.order, supply.tries, supply.lease_until = Supply.Order.AGREED, 0, None
        elif was_agreed:
            supply.order, supply.next_at = Supply.Order.ORDERED, now
        supply.save()
        if changed or (supply.order == Supply.Order.AGREED and not was_agreed):
            _prove(supply, relay, changed=changed, now=now)


def agrees(supply: Supply) -> bool:
    """Tell whether what was seen is what is wanted."""
    relay = supply.seen_relay == supply.wanted_relay
    # A meter that keeps its own purse opens by itself at zero; keep-power is what we order.
    keep = supply.seen_keep_power is None or supply.seen_keep_power == supply.wanted_keep_power
    return relay and keep


def _prove(supply: Supply, relay: RelaySeen, *, changed: bool, now: datetime) -> None:
    order = supply.orders.order_by("-id").first()
    if order is not None:
        RelayResult.objects.create(order=order, at=now, outcome=relay.contact.value, detail=f"read back {relay.raw}")
    case = cases.load(supply, now=now)
    if case is None or not changed:
        return
    flows.tell(case, topic="cut" if relay.contact.value == "open" else "restored", now=now)


def next_command(*, supply_id: int, epoch: int, now: datetime) -> str | None:
    """Fix and record the next command for a leased switch, with its evidence, before the first byte leaves.

    The wish is read again under the lock, so that money which came in meanwhile always wins over a cut.
    """
    with transaction.atomic():
        hold(Supply, pk=supply_id, epoch=epoch)
        flows.review(supply_id=supply_id, now=now)
        supply = Supply.objects.select_related("supply_point__site", "policy").get(pk=supply_id)
        if agrees(supply):
            supply.order, supply.lease_until = Supply.Order.AGREED, None
            supply.save(update_fields=["order", "lease_until"])
            return None
        command = _command(supply)
        case = cases.load(supply, now=now)
        if case is not None and command == "permit" and supply.seen_permitted:
            flows.tell(case, topic="permit", now=now)
            _rest(supply, now=now, wait=AGAIN, order=Supply.Order.WAITS)
            return None
        if supply.tries >= TRIES_MAX:
            return _stuck(supply, command, now=now)
        if case is None or (command == "trip" and not _may_cut_one_more(supply, now=now)):
            _rest(supply, now=now, wait=STUCK_AGAIN, order=Supply.Order.STUCK)
            return None
        RelayOrder.objects.create(
            supply=supply,
            meter=case.meter,
            command=command,
            code=supply.code,
            params=supply.params,
            evidence=_evidence(case),
            sent_at=now,
        )
        _rest(supply, now=now, wait=AGAIN, order=Supply.Order.ORDERED, tries=supply.tries + 1)
        return command


def _command(supply: Supply) -> str:
    if supply.seen_keep_power is not None and supply.seen_keep_power != supply.wanted_keep_power:
        return "keep_on" if supply.wanted_keep_power else "keep_off"
    if supply.wanted_relay == "open":
        return "trip"
    return "close" if policies.compiled(supply.policy).reclose == "direct" else "permit"


def _evidence(case: cases.Case) -> dict[str, object]:
    facts = case.facts
    return {
        "available_minor": facts.available_minor,
        "reading_at": facts.reading_at.isoformat() if facts.reading_at else None,
        "notices": [[notice.level, notice.delivered_at.isoformat()] for notice in facts.warned],
        "last_call_at": facts.last_call_at.isoformat() if facts.last_call_at else None,
        "policy": case.supply.policy.terms,
        "mode": facts.mode,
    }


def _may_cut_one_more(supply: Supply, *, now: datetime) -> bool:
    site = supply.supply_point.site
    total = Supply.objects.filter(supply_point__site=site).count()
    allowed = max(CUTS_PER_HOUR_MIN, total * CUTS_PER_MILLE // 1000)
    sent = RelayOrder.objects.filter(
        supply__supply_point__site=site, command="trip", sent_at__gt=now - timedelta(hours=1)
    )
    if sent.values("supply_id").distinct().count() < allowed:
        return True
    meter = meter_at(supply_point=supply.supply_point, at=now)
    if meter is not None:
        flows.open_incident(
            meter=meter, kind="cuts.limit", subject=site.code, detail="more cuts than one hour may see", now=now
        )
    return False


def _stuck(supply: Supply, command: str, *, now: datetime) -> None:
    meter = meter_at(supply_point=supply.supply_point, at=now)
    if meter is not None:
        flows.open_incident(
            meter=meter,
            kind="relay.not_moved",
            subject=supply.supply_point.label,
            detail=f"{command} was given {supply.tries} times; the meter still shows {supply.seen_relay or 'nothing'}",
            now=now,
        )
    _rest(supply, now=now, wait=STUCK_AGAIN, order=Supply.Order.STUCK, tries=0)


def _rest(supply: Supply, *, now: datetime, wait: timedelta, order: str, tries: int | None = None) -> None:
    supply.order, supply.next_at, supply.lease_until = order, now + wait, None
    if tries is not None:
        supply.tries = tries
    supply.save(update_fields=["order", "next_at", "lease_until", "tries"])


def answered(*, supply_id: int, outcome: str, detail: str, now: datetime) -> None:
    """Record what the meter said at once to the last command; it proves nothing about the contact."""
    with transaction.atomic():
        supply = Supply.objects.select_for_update().get(pk=supply_id)
        order = supply.orders.order_by("-id").first()
        if order is not None:
            RelayResult.objects.create(order=order, at=now, outcome=outcome[:20], detail=detail[:200])
        supply.last_answer = f"{outcome} {detail}".strip()[:160]
        supply.save(update_fields=["last_answer"])
