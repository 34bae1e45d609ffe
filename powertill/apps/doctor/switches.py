"""Proofs of the switches: each is as wanted, or it is known what it waits for; and no cut went unexplained."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from powertill.apps.doctor.check import Check
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import account_at, meter_at
from powertill.apps.sales.delivering import OPEN
from powertill.apps.supply.facts import reads_back
from powertill.apps.supply.models import Incident, RelayOrder, Supply
from powertill.apps.supply.switching import agrees
from powertill.core.errors import Refusal
from powertill.core.ports import Contact
from powertill.core.supply import credit
from powertill.core.supply.policy import from_terms

ROWS_PER_READ = 1000
LOOKED_AT_WITHIN = timedelta(hours=1)  # after the moment at which a switch is to be looked at
SENT_WITHIN = timedelta(days=1)


def switches_explained(now: datetime) -> Check:
    """Wanted is seen, or the difference is ordered, waits for a person at the meter, or is before a person."""
    supplies = Supply.objects.select_related("supply_point__site").order_by("supply_point_id")
    rows = tuple(f"{row.supply_point.label}: {why}" for row in supplies if (why := _unexplained(row, now)))
    return Check("supplies.explained", "Every switch is as wanted, or it is known why not", supplies.count(), rows)


def _unexplained(row: Supply, now: datetime) -> str:
    meter = meter_at(supply_point=row.supply_point, at=now)
    if row.order == Supply.Order.AGREED:
        return (
            "" if agrees(row) else f"called agreed, but wanted {row.wanted_relay} and seen {row.seen_relay or 'never'}"
        )
    if row.order == Supply.Order.WAITS:
        return "" if row.seen_permitted else "called waiting for the button, but nothing is permitted"
    if meter is None or account_at(supply_point=row.supply_point, at=now) is None:
        return ""
    if row.order == Supply.Order.UNVERIFIED:
        return "called unverified, but the meter's driver reads the switch back" if reads_back(meter) else ""
    return _unfinished(row, meter, now)


def _unfinished(row: Supply, meter: Meter, now: datetime) -> str:
    cases = Incident.objects.filter(site=row.supply_point.site, closed_at=None)
    told = cases.filter(meter=meter).exists() or cases.filter(kind="cuts.limit").exists()
    if row.order == Supply.Order.STUCK:
        return "" if told else "stuck, and nobody was told"
    if told or not (_is_overdue(row, now) or _was_never_sent(row, now)) or _may_wait(row, meter, now):
        return ""
    return f"ordered {row.wanted_relay} since {row.wanted_since:%Y-%m-%d %H:%M} UTC, and nobody acts"


def _is_overdue(row: Supply, now: datetime) -> bool:
    return row.next_at < now - LOOKED_AT_WITHIN


def _was_never_sent(row: Supply, now: datetime) -> bool:
    since = now - SENT_WITHIN
    is_old = row.wanted_since is not None and row.wanted_since < since
    return is_old and not row.orders.filter(sent_at__gte=since).exists()


def _may_wait(row: Supply, meter: Meter, now: datetime) -> bool:
    """Tell whether nothing can be sent: the meter is silent, or its empty purse waits for credit on its way.

    Both have proofs and cases of their own.
    """
    is_silent = meter.failures > 0 or meter.seen_at is None or meter.seen_at < now - LOOKED_AT_WITHIN
    return is_silent or (row.wanted_relay == "closed" and meter.deliveries.filter(state__in=OPEN).exists())


def cuts_lawful(now: datetime) -> Check:
    """Every cut by itself was lawful: the rules, asked again with the evidence that was kept, say the same."""
    cuts = RelayOrder.objects.filter(is_cut=True).exclude(code="supply.held").exclude(code__startswith="limit.")
    cuts = cuts.select_related("supply__supply_point__site").order_by("id")
    rows = tuple(_unlawful(cuts))
    return Check("supplies.evidence", "Every cut for want of credit was lawful by its evidence", cuts.count(), rows)


def _unlawful(cuts: QuerySet[RelayOrder]) -> Iterator[str]:
    for order in cuts.iterator(chunk_size=ROWS_PER_READ):
        try:
            code = _decided_again(order)
        except (KeyError, TypeError, ValueError, Refusal) as fault:
            code = f"evidence that cannot be read ({type(fault).__name__})"
        if code:
            yield f"order {order.pk} of {order.sent_at:%Y-%m-%d %H:%M} UTC: {code}"


def _decided_again(order: RelayOrder) -> str:
    evidence, site = order.evidence, order.supply.supply_point.site
    notices = [credit.Notice(level, datetime.fromisoformat(at)) for level, at in evidence["notices"]]
    facts = credit.SupplyFacts(
        place=evidence["place"],
        available_minor=evidence["available_minor"],
        reading_at=_moment(evidence["reading_at"]),
        protected_supply=evidence["protected"],
        warned=tuple(notices),
        last_call_at=_moment(evidence["last_call_at"]),
        relay=Contact(evidence["relay"]) if evidence["relay"] else None,
        mode=evidence["mode"],
        driver_reads_back=evidence["reads_back"],
    )
    policy, known = from_terms(evidence["policy"]), evidence["holidays_near"]
    holidays = None if known is None else frozenset(date.fromisoformat(day) for day in known)
    decision = credit.decide(facts, policy, now=order.sent_at, zone=ZoneInfo(site.zone), holidays=holidays)
    return "" if decision.relay is Contact.OPEN else decision.code


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


PROOFS = (switches_explained, cuts_lawful)
