"""What a head-end leaves behind when it dies or loses its way is taken over without waiting for leases to run out."""

from datetime import datetime, timedelta

from django.db.models.functions import Now

from powertill.apps.sales.models import Delivery
from powertill.apps.supply import switching
from powertill.apps.supply.models import Supply

SWITCH_AGAIN = timedelta(seconds=30)  # for a meter that did not answer when its switch was to be looked at


def relieve(*, gateway_id: int) -> int:
    """Free the work of whoever held this bus before; return how many rows.

    Only the holder of a bus works on its rows, so a lease that is still open belongs to one who is gone. Should it
    come back after all, the epochs of the rows stop what it would store, and `Bus.may_talk` what it would send.
    """
    deliveries = Delivery.objects.filter(meter__gateway_id=gateway_id, lease_until__gt=Now())
    supplies = Supply.objects.filter(
        supply_point__installations__meter__gateway_id=gateway_id,
        supply_point__installations__to_at=None,
        lease_until__gt=Now(),
    )
    freed = deliveries.update(lease_until=None)
    return freed + Supply.objects.filter(pk__in=supplies.values("pk")).update(lease_until=None)


def put_off(*, task: switching.Task, now: datetime) -> None:
    """Give a switch back that could not be looked at; nothing was ordered, nothing is decided."""
    mine = Supply.objects.filter(pk=task.supply_id, lease_epoch=task.epoch)
    mine.update(lease_until=None, next_at=now + SWITCH_AGAIN)
