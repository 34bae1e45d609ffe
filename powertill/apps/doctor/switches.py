"""Proofs of the switches: each is as wanted, or it is known what it waits for; and no cut went unexplained."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from powertill.apps.doctor.check import Check
from powertill.apps.metering.queries import account_at, meter_at
from powertill.apps.supply.models import Incident, RelayOrder, Supply
from powertill.apps.supply.switching import agrees

ROWS_PER_READ = 1000
CUTTING = ("trip", "keep_off")  # a meter with its own empty purse opens as soon as keep-power is lifted
ORDERED_WITHIN = timedelta(days=1)  # a meter that is silent for longer has a case of its own


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
    if (
        row.order == Supply.Order.UNVERIFIED
        or meter is None
        or account_at(supply_point=row.supply_point, at=now) is None
    ):
        return ""
    cases = Incident.objects.filter(site=row.supply_point.site, closed_at=None)
    told = cases.filter(meter=meter).exists() or cases.filter(kind="cuts.limit").exists()
    if row.order == Supply.Order.STUCK:
        return "" if told else "stuck, and nobody was told"
    is_old = row.wanted_since is not None and row.wanted_since < now - ORDERED_WITHIN
    return f"ordered {row.wanted_relay} since {row.wanted_since:%Y-%m-%d %H:%M} UTC" if is_old and not told else ""


def cuts_lawful(now: datetime) -> Check:
    """Every automatic cut for want of credit carries its evidence: notice, last call, no credit, normal mode."""
    cuts = RelayOrder.objects.filter(command__in=CUTTING, code="supply.credit_used_up").order_by("id")
    rows = tuple(_without_evidence(cuts))
    return Check("supplies.evidence", "Every cut for want of credit carries its evidence", cuts.count(), rows)


def _without_evidence(cuts: QuerySet[RelayOrder]) -> Iterator[str]:
    for order in cuts.iterator(chunk_size=ROWS_PER_READ):
        evidence = order.evidence
        warned = {level for level, _at in evidence.get("notices", [])}
        proven = "low_2" in warned and evidence.get("last_call_at") and evidence.get("mode") == "normal"
        if not proven or evidence.get("available_minor", 1) > 0:
            yield f"order {order.pk} of {order.sent_at:%Y-%m-%d %H:%M} UTC"


PROOFS = (switches_explained, cuts_lawful)
