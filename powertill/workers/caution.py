"""A meter that refuses our password or our keys is left alone, before it locks itself for a day."""

from datetime import datetime, timedelta

from django.db.models import Max, Q

from powertill.apps.metering.models import Meter
from powertill.apps.sales.models import DeliveryEvent
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident, RelayResult

KIND = "meter.password"
CODES = ("meter.password", "meter.authentication", "meter.security:")
REFUSALS_MAX = 2  # within a day; a meter locks itself after 5 wrong passwords or 15 authentications
DAY = timedelta(days=1)


def may_order(*, meter: Meter, now: datetime) -> bool:
    """Tell whether an order may be tried; otherwise the meter is put before a person.

    When the person closes the case, counting begins anew.
    """
    if _refusals(meter, now=now) < REFUSALS_MAX:
        return True
    supply.open_incident(meter=meter, kind=KIND, subject=meter.number, now=now)
    return False


def _refusals(meter: Meter, *, now: datetime) -> int:
    closed_at = Incident.objects.filter(meter=meter, kind=KIND).aggregate(at=Max("closed_at"))["at"]
    since = max(filter(None, (now - DAY, closed_at)))
    relay = RelayResult.objects.filter(_says("detail"), order__meter=meter, outcome="refused", at__gt=since)
    credit = DeliveryEvent.objects.filter(_says("detail__answer"), delivery__meter=meter, event="refuse", at__gt=since)
    return relay.count() + credit.count()


def _says(field: str) -> Q:
    starts = Q()
    for code in CODES:
        starts |= Q(**{f"{field}__startswith": code})
    return starts
