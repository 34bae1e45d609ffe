"""Cases that a person must look at: opened once, closed by a person or by the proof that all is well."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_noop as _

from powertill.apps.audit import flows as audit
from powertill.apps.metering.models import Meter
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.sites.models import Site
from powertill.apps.supply.models import Incident, Supply
from powertill.core.errors import Refusal, Sentence

# Every kind of case and what people read of it; the parameters are kept with the case.
INCIDENTS: Final[dict[str, str]] = {
    "reading.jump": _("%(wh)s Wh is more than this connection can deliver in the time; a person must look."),
    "reading.backwards": _("The register went backwards; a person must look before anything is charged."),
    "reading.reset": _("The register began again near zero; a person must look before anything is charged."),
    "reading.future": _("The reading's time lies in the future; the clocks must be checked."),
    "reading.export": _("The register of energy fed back is not believable; that energy is held."),
    "meter.silent": _("No answer for a day: visit the meter."),
    "meter.password": _("It refused our password or keys twice: correct its settings, then close this case."),
    "relay.still_live": _("%(power_w)s W flow through a switch that reads open: treat the lines as live."),
    "relay.not_moved": _("The switch was ordered %(tries)s times and did not move."),
    "relay.protected": _("The meter keeps power on and refuses to switch off."),
    "cuts.limit": _(
        "More than %(allowed)s cuts in one hour: the others wait; look at the reason before the next hour."
    ),
    "limit.exceeded": _("More than %(limit_w)s W was used for too long."),
    "delivery.person": _("The meter's purse does not fit the order; look at the steps before anything is sent again."),
    "delivery.late": _("Paid for a quarter of an hour and not on the meter: see to the meter or its gateway."),
    "supply.review": _("The rules cannot decide about this supply (%(fault)s); nobody is cut, and nobody is told."),
}


def incident_sentence(row: Incident) -> Sentence:
    """Return what a case is about, as a sentence that can be translated."""
    return Sentence(INCIDENTS[row.kind], **row.params)


def open_incident(
    *,
    meter: Meter | None,
    kind: str,
    subject: str,
    now: datetime,
    params: Mapping[str, Any] | None = None,
    site: Site | None = None,
) -> None:
    """Put a case before a person; an open case of the same kind and subject at the same site is not doubled.

    The site is the meter's; a case without a meter names its own.
    """
    where = site or (meter.site if meter else None)
    assert where is not None, "a case belongs to a site"
    told = dict(params or {})
    assert INCIDENTS[kind] % told, "a kind or a parameter without a sentence is our mistake"
    Incident.objects.get_or_create(
        site=where,
        kind=kind,
        subject=subject[:80],
        closed_at=None,
        defaults={"meter": meter, "params": told, "opened_at": now},
    )


def heal(*, site: Site, kind: str, subject: str, now: datetime) -> None:
    """Close a case without a person, because evidence shows that it is over."""
    Incident.objects.filter(site=site, kind=kind, subject=subject[:80], closed_at=None).update(closed_at=now)


def is_open(*, site: Site, kinds: Iterable[str], subject: str) -> bool:
    """Tell whether a case of one of these kinds and this subject waits for a person at the site."""
    return Incident.objects.filter(site=site, kind__in=kinds, subject=subject[:80], closed_at=None).exists()


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
        subject = f"{row.kind} {row.subject}"
        audit.log(act="incident.closed", subject=subject, actor=actor, now=now, reason=reason, site=row.site)
