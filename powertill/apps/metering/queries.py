"""Which meter hangs where, who pays for it, and what it has said."""

from datetime import datetime

from django.db.models import QuerySet, Sum

from powertill.apps.metering.models import Charge, Installation, Meter, Reading
from powertill.apps.sites.models import Account, Occupancy, SupplyPoint


def supply_point_at(*, meter: Meter, at: datetime) -> SupplyPoint | None:
    """Return where the meter hung at that moment."""
    rows = Installation.objects.filter(meter=meter, from_at__lte=at).exclude(to_at__lte=at)
    row = rows.select_related("supply_point__site").order_by("-from_at").first()
    return row.supply_point if row else None


def meter_at(*, supply_point: SupplyPoint, at: datetime) -> Meter | None:
    """Return the meter that hung at the supply point at that moment."""
    rows = Installation.objects.filter(supply_point=supply_point, from_at__lte=at).exclude(to_at__lte=at)
    row = rows.select_related("meter__gateway", "meter__site").order_by("-from_at").first()
    return row.meter if row else None


def account_at(*, supply_point: SupplyPoint, at: datetime) -> Account | None:
    """Return the account that had the supply point at that moment."""
    rows = Occupancy.objects.filter(supply_point=supply_point, from_at__lte=at).exclude(to_at__lte=at)
    row = rows.select_related("account__customer", "account__site").order_by("-from_at").first()
    return row.account if row else None


def readings(*, meter: Meter, since: datetime) -> QuerySet[Reading]:
    """Return readings of a meter from `since` on, oldest first."""
    return Reading.objects.filter(meter=meter, taken_at__gte=since).order_by("taken_at")


def charges(*, supply_point: SupplyPoint, since: datetime) -> QuerySet[Charge]:
    """Return charged intervals from `since` on, oldest first."""
    return (
        Charge.objects.filter(supply_point=supply_point, to_at__gt=since).select_related("version").order_by("from_at")
    )


def used_wh(*, supply_point: SupplyPoint, since: datetime, until: datetime) -> int:
    """Return the energy charged in a period, in Wh."""
    rows = Charge.objects.filter(supply_point=supply_point, from_at__gte=since, from_at__lt=until)
    return int(rows.aggregate(n=Sum("wh"))["n"] or 0)
