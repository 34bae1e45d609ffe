"""Proofs of sales and of credit on its way: every payment has arrived, was undone, or a person knows of it."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, OuterRef

from powertill.apps.doctor.check import Check
from powertill.apps.ledger import queries as ledger
from powertill.apps.ledger.models import Entry, Posting
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import account_at, supply_point_at
from powertill.apps.sales.delivering import LATE, OPEN
from powertill.apps.sales.models import Delivery, Reversal, Sale
from powertill.apps.sites.models import SupplyPoint
from powertill.apps.supply.models import Incident
from powertill.core.delivery import State

ROWS_PER_READ = 1000
IN_FLIGHT = (State.SENT.value, State.UNKNOWN.value, State.REFUSED.value, State.PERSON.value)


def sale_parts(now: datetime) -> Check:
    """The parts of a sale sum to the payment, and the payment is in the books."""
    rows = tuple(_wrong_parts())
    return Check("sales.parts", "The parts of every sale sum to its booked payment", Sale.objects.count(), rows)


def _wrong_parts() -> Iterator[str]:
    payments = Entry.objects.filter(kind="payment", key__startswith="sale:")
    booked = dict(Posting.objects.filter(entry__in=payments, amount__gt=0).values_list("entry__key", "amount"))
    for sale in Sale.objects.order_by("id").iterator(chunk_size=ROWS_PER_READ):
        parts_minor = sum(part["minor"] for part in sale.parts)
        paid_minor = booked.get(f"sale:{sale.pk}:payment", 0)
        if not parts_minor == sale.amount_minor == paid_minor:
            yield f"{sale.number}: amount {sale.amount_minor}, parts {parts_minor}, booked {paid_minor}"


def sales_arrive(now: datetime) -> Check:
    """Each paid sale is delivered, reversed, on the account, under way for a short time, or before a person."""
    undone = Exists(Reversal.objects.filter(sale=OuterRef("pk")))
    carried = Exists(Delivery.objects.filter(sale=OuterRef("pk")))
    in_meter = Sale.objects.filter(supply_point__place=SupplyPoint.Place.METER, credit_minor__gt=0)
    rows = [f"{sale.number}: no delivery was made" for sale in in_meter.exclude(undone).exclude(carried)]
    rows += _lost_deliveries(now)
    title = "Every sale is delivered, reversed, on the account, under way, or before a person"
    return Check("sales.arrive", title, Sale.objects.count(), tuple(rows))


def _lost_deliveries(now: datetime) -> Iterator[str]:
    known = set(
        Incident.objects.filter(kind__in=("delivery.late", "delivery.person"), closed_at=None).values_list(
            "subject", flat=True
        )
    )
    for row in Delivery.objects.filter(state__in=(*OPEN, State.PERSON.value)).order_by("id"):
        subject = f"delivery {row.pk}"
        if subject in known or (row.state != State.PERSON and now < row.made_at + LATE):
            continue
        yield f"{subject}: {row.state} since {row.made_at:%Y-%m-%d %H:%M} UTC, and nobody was told"
    undone = Exists(Reversal.objects.filter(sale=OuterRef("sale")))
    for row in Delivery.objects.filter(state=State.REVERSED, sale__isnull=False).exclude(undone):
        yield f"delivery {row.pk}: reversed, but its sale stands"
    for row in Delivery.objects.exclude(state=State.REVERSED).filter(undone):
        yield f"delivery {row.pk}: {row.state}, but its sale was reversed"


def deliveries_booked(now: datetime) -> Check:
    """Credit on a meter has exactly one entry, of its amount; credit that is not there has none."""
    rows = tuple(_wrongly_booked())
    return Check("deliveries.booked", "Credit proven on a meter is booked once", Delivery.objects.count(), rows)


def _wrongly_booked() -> Iterator[str]:
    found = Posting.objects.filter(entry__kind="to_meter", entry__reversed_by=None, account__startswith="onmeter:")
    booked: dict[str, list[int]] = {}
    for key, amount in found.values_list("entry__key", "amount"):
        booked.setdefault(key, []).append(-amount)
    for row in Delivery.objects.order_by("id").iterator(chunk_size=ROWS_PER_READ):
        amounts = booked.pop(f"to_meter:{row.pk}", [])
        expected = [row.amount_minor] if row.state == State.ON_METER else []
        if amounts != expected:
            yield f"delivery {row.pk}: {row.state}, {row.amount_minor} ordered, booked {amounts}"
    for key in booked:
        yield f"entry {key}: moves credit of no delivery"


def counts_once(now: datetime) -> Check:
    """A meter's purchase count belongs to one delivery."""
    used = (
        Delivery.objects.filter(state=State.ON_METER, count__isnull=False).order_by().values("meter__number", "count")
    )
    rows = tuple(
        f"meter {row['meter__number']}: count {row['count']}" for row in used.annotate(n=Count("id")).filter(n__gt=1)
    )
    return Check("deliveries.counts", "Every purchase count of a meter belongs to one delivery", used.count(), rows)


def meter_purses(now: datetime) -> Check:
    """No meter holds more credit than our books say was brought to it."""
    meters = Meter.objects.filter(live__has_key="credit").select_related("site").order_by("number")
    rows = tuple(text for meter in meters.iterator(chunk_size=ROWS_PER_READ) if (text := _more_than_booked(meter, now)))
    return Check("purses.meter", "No meter holds more credit than was brought to it", meters.count(), rows)


def _more_than_booked(meter: Meter, now: datetime) -> str:
    supply_point = supply_point_at(meter=meter, at=now)
    account = account_at(supply_point=supply_point, at=now) if supply_point else None
    if supply_point is None or account is None or supply_point.place != SupplyPoint.Place.METER:
        return ""
    if Delivery.objects.filter(meter=meter, state__in=IN_FLIGHT).exists():
        return ""  # What is on its way is counted by the other proofs.
    seen = meter.live["credit"]
    shown_minor = seen["remaining_minor"] - seen["overdraft_minor"]
    booked_minor = ledger.balance_minor(account_id=account.pk, place="meter")
    return f"meter {meter.number}: shows {shown_minor}, booked {booked_minor}" if shown_minor > booked_minor else ""


PROOFS = (sale_parts, sales_arrive, deliveries_booked, counts_once, meter_purses)
