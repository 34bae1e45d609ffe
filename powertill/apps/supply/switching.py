"""Bring a switch from what is seen to what is wanted: level, not edge, so that a lost command heals itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from powertill.apps.lease import claim, hold
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import meter_at
from powertill.apps.supply import facts as cases
from powertill.apps.supply import incidents, policies, reviewing
from powertill.apps.supply.models import RelayOrder, RelayResult, Supply
from powertill.core.ports import Capability, RelaySeen

TRIES_MAX = 3  # identical commands before a person must look: a welded contact is not hammered
AGAIN = timedelta(seconds=20)  # a real relay takes seconds; look again after this
PERSON_AGAIN = timedelta(seconds=5)  # while the button on the meter is waited for: someone sits in the dark
STUCK_AGAIN = timedelta(minutes=30)
PATIENCE = timedelta(minutes=10)  # for a trip that the meter took and delays, or defers while current is high
CUTS_PER_HOUR_MIN = 5
CUTS_PER_MILLE = 5  # or 0.5 % of the site's supplies, whichever is more (fault F51)
HOLIDAYS_NEAR = timedelta(days=7)  # those that a person may ask about when a cut is disputed
TO_BE_LOOKED_AT = (Supply.Order.ORDERED, Supply.Order.WAITS, Supply.Order.STUCK)
STUCK_KINDS = ("relay.not_moved", "relay.protected")
_CUTS_LOCK = 0x43555453
_INT_MAX = 2**31


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
        supply_point__installations__meter__gateway_id=gateway_id,
        supply_point__installations__to_at=None,
        order__in=TO_BE_LOOKED_AT,
    )
    found = []
    for supply in claim(Supply.objects.filter(pk__in=rows.values("pk")), now=now, limit=limit):
        meter = meter_at(supply_point=supply.supply_point, at=now)
        if meter is not None:
            found.append(Task(supply.pk, supply.lease_epoch, meter, supply.wanted_relay, supply.wanted_keep_power))
    return found


def seen(*, supply_id: int, relay: RelaySeen, now: datetime) -> None:
    """Store what the meter showed; where it is as wanted, the order is fulfilled and people are told."""
    with transaction.atomic():
        supply = Supply.objects.select_for_update(no_key=True, of=("self",)).get(pk=supply_id)
        changed = bool(supply.seen_relay) and supply.seen_relay != relay.contact.value
        was_agreed = supply.order == Supply.Order.AGREED
        supply.seen_relay, supply.seen_commanded = relay.contact.value, relay.commanded.value
        supply.seen_keep_power, supply.seen_permitted, supply.seen_at = relay.keep_power, relay.permitted, now
        if agrees(supply):
            supply.order, supply.tries, supply.lease_until = Supply.Order.AGREED, 0, None
            place = supply.supply_point
            incidents.heal(site=place.site, kind="relay.not_moved", subject=place.label, now=now)
        elif was_agreed:
            supply.order, supply.next_at, supply.tries = Supply.Order.ORDERED, now, 0
        supply.save()
        if not was_agreed and (changed or supply.order == Supply.Order.AGREED):
            _prove(supply, relay, now=now)
        if changed:
            _tell(supply, relay, now=now)
            reviewing.review(supply_id=supply_id, now=now)  # The position of the switch is one of the facts.


def agrees(supply: Supply) -> bool:
    """Tell whether what was seen is what is wanted, for the contact, the pending order and keep-power."""
    if supply.wanted_relay == "closed":
        # A trip that the meter took and delays would still open a closed contact.
        relay = supply.seen_relay == "closed" and supply.seen_commanded != "open"
    else:
        # An open contact with permission to close is one push of a button away from closed.
        relay = supply.seen_relay == "open" and not supply.seen_permitted
    keep = supply.seen_keep_power is None or supply.seen_keep_power == supply.wanted_keep_power
    return relay and keep


def _prove(supply: Supply, relay: RelaySeen, *, now: datetime) -> None:
    order = supply.orders.order_by("-id").first()
    if order is not None:
        RelayResult.objects.create(order=order, at=now, outcome=relay.contact.value, detail=f"read back {relay.raw}")


def _tell(supply: Supply, relay: RelaySeen, *, now: datetime) -> None:
    case = cases.load(supply, now=now)
    topic = _topic(supply, relay)
    if case is not None and topic:
        reviewing.tell(case, topic=topic, now=now, mark=f":{int(now.timestamp())}")


def _topic(supply: Supply, relay: RelaySeen) -> str:
    if relay.contact.value == "closed":
        return "restored"
    if supply.wanted_relay == "closed" or supply.code == "supply.held":
        return ""  # It opened by itself, or a person did it and talks to people.
    return "limited" if supply.code.startswith("limit.") else "cut"


def next_command(*, supply_id: int, epoch: int, now: datetime) -> str | None:
    """Fix and record the next command for a leased switch, with its evidence, before the first byte leaves.

    The wish is read again under the lock, so that money which came in meanwhile always wins over a cut.
    """
    with transaction.atomic():
        hold(Supply, pk=supply_id, epoch=epoch)
        reviewing.review(supply_id=supply_id, now=now)
        supply = Supply.objects.select_related("supply_point__site", "policy").get(pk=supply_id)
        meter = meter_at(supply_point=supply.supply_point, at=now)
        if agrees(supply):
            _rest(supply, now=now, wait=AGAIN, order=Supply.Order.AGREED)
            return None
        case = cases.load(supply, now=now)
        if meter is None or (case is None and not supply.hold_relay):
            _rest(supply, now=now, wait=STUCK_AGAIN, order=supply.order)
            return None
        return _choose(supply, meter, case, now=now)


def _choose(supply: Supply, meter: Meter, case: cases.Case | None, *, now: datetime) -> str | None:
    if not cases.can(meter, Capability.RELAY):
        _rest(supply, now=now, wait=STUCK_AGAIN, order=Supply.Order.UNVERIFIED)
        return None
    command = _command(supply)
    if _must_wait(supply, case, command, now=now):
        return None
    if supply.tries >= TRIES_MAX:
        _stuck(supply, meter, command, now=now)
        return None
    if _is_cut(supply, command) and not _may_cut_one_more(supply, meter, now=now):
        _rest(supply, now=now, wait=STUCK_AGAIN, order=Supply.Order.STUCK)
        return None
    return _give(supply, meter, case, command, now=now)


def _give(supply: Supply, meter: Meter, case: cases.Case | None, command: str, *, now: datetime) -> str:
    RelayOrder.objects.create(
        supply=supply,
        meter=meter,
        command=command,
        is_cut=_is_cut(supply, command),
        code=supply.code,
        params=supply.params,
        evidence=_evidence(case, now=now) if case else {"hold": supply.hold_reason},
        sent_at=now,
    )
    proven = cases.can(meter, Capability.READS_BACK_RELAY)
    order = Supply.Order.ORDERED if proven else Supply.Order.UNVERIFIED
    _rest(supply, now=now, wait=AGAIN, order=order, tries=supply.tries + 1)
    return command


def _is_cut(supply: Supply, command: str) -> bool:
    """Tell whether a command takes the light: an empty meter opens by itself as soon as keep-power is lifted."""
    return command == "trip" or (command == "keep_off" and supply.wanted_relay == "open")


def _command(supply: Supply) -> str:
    if supply.seen_keep_power is not None and supply.seen_keep_power != supply.wanted_keep_power:
        return "keep_on" if supply.wanted_keep_power else "keep_off"
    if supply.wanted_relay == "open":
        return "trip"
    if supply.seen_relay == "closed":
        return "permit"  # Only the pending trip has to go; nothing may be closed that is not.
    return "close" if policies.compiled(supply.policy).reclose == "direct" else "permit"


def _must_wait(supply: Supply, case: cases.Case | None, command: str, *, now: datetime) -> bool:
    """Tell whether a command would be useless now, and rest the switch until it is looked at again."""
    if not supply.seen_relay and case is not None and case.facts.driver_reads_back:
        _rest(supply, now=now, wait=AGAIN, order=supply.order)
        return True
    if command == "permit" and supply.seen_permitted:
        if case is not None:
            mark = f":{int(supply.wanted_since.timestamp())}" if supply.wanted_since else ""
            reviewing.tell(case, topic="permit", now=now, mark=mark)
        _rest(supply, now=now, wait=PERSON_AGAIN, order=Supply.Order.WAITS)
        return True
    if command in ("permit", "close") and case is not None and _purse_is_empty(supply, case):
        _rest(supply, now=now, wait=AGAIN, order=supply.order)
        return True
    if command == "trip" and supply.seen_commanded == "open" and supply.seen_relay == "closed":
        last = supply.orders.filter(command="trip").order_by("-id").first()
        if last is not None and now < last.sent_at + PATIENCE:
            _rest(supply, now=now, wait=AGAIN, order=Supply.Order.ORDERED)
            return True
    return False


def _purse_is_empty(supply: Supply, case: cases.Case) -> bool:
    """Tell whether the meter itself forbids closing: its purse is empty, and only the credit on its way helps."""
    credit = case.meter.live.get("credit")
    is_empty = credit is not None and credit["remaining_minor"] <= credit["overdraft_minor"]
    return case.facts.place == "meter" and is_empty and not supply.seen_keep_power


def _evidence(case: cases.Case, *, now: datetime) -> dict[str, object]:
    facts = case.facts
    holidays = cases.calendar(case.site, now=now)
    near = [day.isoformat() for day in sorted(holidays or ()) if abs(day - now.date()) <= HOLIDAYS_NEAR]
    return {
        "place": facts.place,
        "protected": facts.protected_supply,
        "relay": facts.relay.value if facts.relay else None,
        "reads_back": facts.driver_reads_back,
        "holidays_near": near if holidays is not None else None,
        "available_minor": facts.available_minor,
        "reading_at": facts.reading_at.isoformat() if facts.reading_at else None,
        "notices": [[notice.level, notice.delivered_at.isoformat()] for notice in facts.warned],
        "last_call_at": facts.last_call_at.isoformat() if facts.last_call_at else None,
        "policy": case.supply.policy.terms,
        "mode": facts.mode,
        "power": [[sample.at.isoformat(), sample.power_w] for sample in case.power.samples[-3:]],
        "hold": case.supply.hold_reason,
    }


def _may_cut_one_more(supply: Supply, meter: Meter, *, now: datetime) -> bool:
    site = supply.supply_point.site
    with connection.cursor() as cursor:  # Counting and cutting are one act: two head-ends must not both see room.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_CUTS_LOCK, site.pk % _INT_MAX])
    total = Supply.objects.filter(supply_point__site=site).count()
    allowed = max(CUTS_PER_HOUR_MIN, total * CUTS_PER_MILLE // 1000)
    sent = RelayOrder.objects.filter(supply__supply_point__site=site, is_cut=True, sent_at__gt=now - timedelta(hours=1))
    others = sent.exclude(supply=supply).order_by().values("supply_id").distinct().count()
    if others < allowed:
        return True
    params = {"allowed": allowed}
    incidents.open_incident(meter=meter, kind="cuts.limit", subject=site.code, params=params, now=now)
    return False


def _stuck(supply: Supply, meter: Meter, command: str, *, now: datetime) -> None:
    """Ask a person. A cut is not tried again before that; what brings light is, once per half hour."""
    label = supply.supply_point.label
    is_told = incidents.is_open(site=meter.site, kinds=STUCK_KINDS, subject=label)
    if supply.order == Supply.Order.STUCK and not is_told:
        _rest(supply, now=now, wait=AGAIN, order=Supply.Order.ORDERED, tries=0)
        return
    if not is_told:
        params = {"tries": supply.tries}
        incidents.open_incident(meter=meter, kind="relay.not_moved", subject=label, params=params, now=now)
    tries = supply.tries if command in ("trip", "keep_off") else TRIES_MAX - 1
    _rest(supply, now=now, wait=STUCK_AGAIN, order=Supply.Order.STUCK, tries=tries)


def _rest(supply: Supply, *, now: datetime, wait: timedelta, order: str, tries: int | None = None) -> None:
    supply.order, supply.next_at, supply.lease_until = order, now + wait, None
    if tries is not None:
        supply.tries = tries
    supply.save(update_fields=["order", "next_at", "lease_until", "tries"])


def confirm(*, supply_id: int, epoch: int, now: datetime) -> bool:
    """Ask again, directly before a command leaves, whether a cut is still wanted; withdraw it where it is not.

    Commands that bring light are always confirmed: they do no harm when they come too late.
    """
    with transaction.atomic():
        hold(Supply, pk=supply_id, epoch=epoch)
        order = RelayOrder.objects.filter(supply_id=supply_id).order_by("-id").first()
        if order is None or not order.is_cut:
            return True
        reviewing.review(supply_id=supply_id, now=now)
        supply = Supply.objects.get(pk=supply_id)
        if supply.wanted_relay == "open":
            return True
        RelayResult.objects.create(order=order, at=now, outcome="withdrawn", detail=supply.code)
        _rest(supply, now=now, wait=timedelta(0), order=Supply.Order.ORDERED)
        return False


def answered(*, supply_id: int, outcome: str, detail: str, now: datetime) -> None:
    """Record what the meter said at once to the last command; it proves nothing about the contact."""
    with transaction.atomic():
        supply = Supply.objects.select_for_update(no_key=True, of=("self",)).get(pk=supply_id)
        order = supply.orders.order_by("-id").first()
        if order is not None:
            RelayResult.objects.create(order=order, at=now, outcome=outcome[:20], detail=detail[:200])
        supply.last_answer = f"{outcome} {detail}".strip()[:160]
        supply.save(update_fields=["last_answer"])
        if outcome == "refused_protected" and order is not None:
            # The meter keeps the power on: asking again cannot help, a person must find out who ordered that.
            label = supply.supply_point.label
            incidents.open_incident(meter=order.meter, kind="relay.protected", subject=label, now=now)
            _rest(supply, now=now, wait=STUCK_AGAIN, order=Supply.Order.STUCK, tries=TRIES_MAX)
