"""Which head-end holds which bus, and which meters on it are due: one poller per bus, fenced by an epoch."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from powertill.apps.metering.models import Gateway, Meter

BUS_LEASE = timedelta(seconds=15)  # renewed every few seconds while the head-end lives
POLL_MINUTES_MAX = 1440
RETRY_MINUTES_MAX = 15


@dataclass(frozen=True, slots=True)
class Held:
    """A bus that this head-end may talk on."""

    gateway_id: int
    code: str
    host: str
    port: int
    epoch: int


def hold(*, gateway_id: int, owner: str) -> Held | None:
    """Take or renew the lease of a bus; None while another head-end holds it."""
    free = Q(lease_until=None) | Q(lease_until__lte=Now()) | Q(owner=owner)
    with transaction.atomic():
        gateway = Gateway.objects.select_for_update().filter(free, pk=gateway_id).first()
        if gateway is None:
            return None
        epoch = gateway.lease_epoch if gateway.owner == owner else gateway.lease_epoch + 1
        Gateway.objects.filter(pk=gateway_id).update(owner=owner, lease_until=Now() + BUS_LEASE, lease_epoch=epoch)
        return Held(gateway.pk, gateway.code, gateway.host, gateway.port, epoch)


def release(*, gateway_id: int, owner: str) -> None:
    """Give a bus back at once, when a head-end stops in order."""
    Gateway.objects.filter(pk=gateway_id, owner=owner).update(owner="", lease_until=None, connected=False)


def link(*, gateway_id: int, connected: bool, now: datetime) -> None:
    """Store whether the gateway answers, for pages and alarms."""
    changes = {"connected": connected} | ({"seen_at": now} if connected else {})
    Gateway.objects.filter(pk=gateway_id).update(**changes)


def due(*, gateway_id: int, now: datetime, limit: int = 8) -> list[Meter]:
    """Return meters on one bus that should be read now, the longest waiting first."""
    rows = Meter.objects.filter(Q(next_poll_at=None) | Q(next_poll_at__lte=now), gateway_id=gateway_id)
    return list(rows.select_related("site").order_by(F("next_poll_at").asc(nulls_first=True), "number")[:limit])


def next_poll_at(meter: Meter, *, now: datetime) -> datetime:
    """Return the next multiple of the meter's poll interval after `now`, so that readings stand on the quarter hour."""
    minutes = min(max(meter.poll_minutes, 1), POLL_MINUTES_MAX)
    step = timedelta(minutes=minutes)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + step * ((now - midnight) // step + 1)


def retry_at(meter: Meter, *, now: datetime) -> datetime:
    """Return when a silent meter is tried again: sooner at first, then every quarter of an hour."""
    return now + timedelta(minutes=min(2 ** min(meter.failures, 10), RETRY_MINUTES_MAX))
