"""Cases that a person must look at: opened once, closed by a person or by the proof that all is well."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.metering.models import Meter
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.supply.models import Incident, Supply
from powertill.core.errors import Refusal


def open_incident(*, meter: Meter, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Put a case before a person; an open case of the same kind and subject is not doubled."""
    Incident.objects.get_or_create(
        kind=kind,
        subject=subject[:80],
        closed_at=None,
        defaults={"site": meter.site, "meter": meter, "detail": detail[:200], "opened_at": now},
    )


def heal(*, kind: str, subject: str, now: datetime) -> None:
    """Close a case without a person, because evidence shows that it is over."""
    Incident.objects.filter(kind=kind, subject=subject[:80], closed_at=None).update(closed_at=now)


def is_open(*, kinds: Iterable[str], subject: str) -> bool:
    """Tell whether a case of one of these kinds and this subject waits for a person."""
    return Incident.objects.filter(kind__in=kinds, subject=subject[:80], closed_at=None).exists()


def close_incident(*, incident_id: int, reason: str, actor: User, now: datetime) -> None:
    """Close a case as a person who has looked; a switch that was stuck is tried again at once."""
    if not reason.strip():
        raise Refusal("supply.reason")
    with transaction.atomic():
        row = Incident.objects.select_for_update(no_key=True, of=("self",)).select_related("site").get(pk=incident_id)
        roles.require(actor, row.site, roles.SETTLE)
        if row.closed_at is not None:
            raise Refusal("incident.gone")
        row.closed_at, row.closed_by = now, actor
        row.save(update_fields=["closed_at", "closed_by"])
        if row.kind.startswith("relay."):
            rows = Supply.objects.filter(supply_point__installations__meter=row.meter, order=Supply.Order.STUCK)
            rows.update(order=Supply.Order.ORDERED, next_at=now, tries=0)
        audit.log(act="incident.closed", subject=f"{row.kind} {row.subject}", actor=actor, now=now, reason=reason)
