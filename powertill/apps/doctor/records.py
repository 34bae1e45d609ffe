"""Proofs of what is told and written down: the log of acts is whole, messages move, readings were charged once."""

from datetime import datetime, timedelta

from powertill.apps.audit import queries as audit
from powertill.apps.audit.models import LogEntry
from powertill.apps.doctor.check import Check
from powertill.apps.metering.models import Charge
from powertill.apps.notices.models import Message

STUCK_AFTER = timedelta(hours=1)


def chain(now: datetime) -> Check:
    """The log of acts is whole: no row was changed, removed or put in between."""
    rows = tuple(f"log row {pk}" for pk in audit.broken_links())
    return Check("audit.chain", "The log of acts is whole", LogEntry.objects.count(), rows)


def messages_move(now: datetime) -> Check:
    """No message waits to be handed over for longer than an hour after its time."""
    stuck = Message.objects.filter(state=Message.State.DUE, next_at__lte=now - STUCK_AFTER).order_by("id")
    rows = tuple(
        f"message {row.pk} {row.topic} to {row.channel}: due {row.next_at:%Y-%m-%d %H:%M} UTC" for row in stuck
    )
    return Check("messages.stuck", "No message is stuck", Message.objects.count(), rows)


def charges_touch(now: datetime) -> Check:
    """No energy was charged twice: intervals of one meter never overlap."""
    rows, last = [], None
    fields = Charge.objects.order_by("meter_id", "from_at").values_list("id", "meter_id", "from_at", "to_at")
    count = 0
    for pk, meter_id, from_at, to_at in fields.iterator(chunk_size=2000):
        count += 1
        if last is not None and last[0] == meter_id and from_at < last[1]:
            rows.append(f"charge {pk} of meter {meter_id}")
        last = (meter_id, to_at)
    return Check("charges.once", "No interval was charged twice", count, tuple(rows))


PROOFS = (chain, messages_move, charges_touch)
