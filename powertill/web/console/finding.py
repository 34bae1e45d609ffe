"""Find a customer by whatever was typed: meter, room, name, phone tail, account or customer number."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from powertill.apps.metering.models import Installation, Meter
from powertill.apps.people import queries as people
from powertill.apps.sites.models import Occupancy, Site, SupplyPoint
from powertill.core import check_digit
from powertill.core.errors import Refusal
from powertill.web.console import standing
from powertill.web.console.standing import Standing

TEXT_LENGTH_MAX = 100
HITS_MAX = 8
METER_DIGITS = 12


def clean(text: str) -> str:
    """Return what was typed, bounded and without what PostgreSQL cannot hold."""
    return " ".join(text.replace("\0", "").split())[:TEXT_LENGTH_MAX]


@dataclass(frozen=True, slots=True)
class Candidate:
    """The few words of an occupancy that the order of hits needs."""

    pk: int
    label: str
    name: str
    numbers: tuple[str, ...]


def rooms(site: Site, text: str, *, now: datetime, limit: int = HITS_MAX) -> list[Standing]:
    """Return accounts with a room that fit the text, the best first."""
    text = clean(text)
    if not text:
        return []
    meters = _points_of_meters(site, text, now=now)
    fits = (
        Q(supply_point__label__icontains=text)
        | Q(account__number=text)
        | Q(account__customer__in=people.find(text).values("pk"))
        | Q(supply_point__in=meters)
    )
    rows = Occupancy.objects.filter(fits, supply_point__site=site, from_at__lte=now).exclude(to_at__lte=now)
    fields = ("pk", "supply_point__label", "account__customer__name", "account__number", "account__customer__number")
    found = [Candidate(pk, label, name, tuple(numbers)) for pk, label, name, *numbers in rows.values_list(*fields)]
    best = sorted(found, key=lambda hit: rank(hit, text))[:limit]
    loaded = {
        row.account.number: row
        for row in standing.load(Occupancy.objects.filter(pk__in=[hit.pk for hit in best]), now=now)
    }
    return [loaded[hit.numbers[0]] for hit in best]


def rank(hit: Candidate, text: str) -> tuple[int, str]:
    """Order hits: exact first, then rooms that begin or end so, then names that begin so, then the rest."""
    label, name, text = hit.label.casefold(), hit.name.casefold(), text.casefold()
    exact = text in {label, name, *hit.numbers}
    steps = (exact, label.startswith(text), label.endswith(text), name.startswith(text), True)
    return steps.index(True), label


def vacant(site: Site, text: str, *, now: datetime, limit: int = HITS_MAX) -> list[SupplyPoint]:
    """Return rooms without an account that fit a room or meter number."""
    text = clean(text)
    taken = Occupancy.objects.filter(from_at__lte=now).exclude(to_at__lte=now).values("supply_point")
    fits = Q(label__icontains=text) | Q(pk__in=_points_of_meters(site, text, now=now))
    return list(SupplyPoint.objects.filter(fits, site=site).exclude(pk__in=taken)[:limit]) if text else []


def _points_of_meters(site: Site, text: str, *, now: datetime) -> list[int]:
    if not (text.isascii() and text.isdigit() and len(text) >= 4):
        return []
    rows = Installation.objects.filter(meter__site=site, meter__number__contains=text, from_at__lte=now)
    return list(rows.exclude(to_at__lte=now).values_list("supply_point_id", flat=True)[: HITS_MAX * 4])


def explain_nothing(site: Site, text: str) -> None:
    """Refuse a whole meter number that fits nobody: tell a misread digit from a meter that is not here."""
    text = clean(text)
    if not (text.isascii() and text.isdigit() and len(text) == METER_DIGITS):
        return
    if not check_digit.valid(text):
        raise Refusal("meter.check_digit")
    if not Meter.objects.filter(site=site, number=text).exists():
        raise Refusal("meter.unknown")
