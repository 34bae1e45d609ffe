"""What readings do to a supply: charge it, review it, and wait for a person where they are not believable."""

from datetime import datetime
from typing import Any

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.metering import flows as metering
from powertill.apps.metering.flows import Heard, Outcome
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import supply_point_at
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.supply import incidents
from powertill.apps.supply.incidents import close_incident, open_incident
from powertill.apps.supply.models import Incident, Supply
from powertill.apps.supply.modes import set_mode
from powertill.apps.supply.persons import hold, protect, request_unprotect, unprotect
from powertill.apps.supply.reviewing import review, review_due, tell
from powertill.core.errors import Refusal
from powertill.core.ports import Contact
from powertill.core.supply import safety

__all__ = [
    "close_incident",
    "hold",
    "open_incident",
    "protect",
    "request_unprotect",
    "review",
    "review_due",
    "set_mode",
    "settle_reading",
    "take_reading",
    "tell",
    "unprotect",
]


def take_reading(*, meter_id: int, heard: Heard, now: datetime, next_poll_at: datetime) -> Outcome:
    """Accept a reading, charge it and review the supply that it belongs to, in one transaction."""
    with transaction.atomic():
        outcome = metering.accept_reading(meter_id=meter_id, heard=heard, now=now)
        Meter.objects.filter(pk=meter_id).update(next_poll_at=next_poll_at)
        meter = Meter.objects.select_related("site").get(pk=meter_id)
        if outcome.verdict in metering.HELD:
            kind, params = f"reading.{outcome.verdict}", outcome.reason.params
            open_incident(meter=meter, kind=kind, subject=meter.number, params=params, now=now)
        if outcome.export_held:
            open_incident(meter=meter, kind="reading.export", subject=meter.number, now=now)
        incidents.heal(site=meter.site, kind="meter.silent", subject=meter.number, now=now)
        for supply in _supplies_of(meter, now=now):
            review(supply_id=supply.pk, now=now)
            _check_live(supply, meter, heard, now=now)
        return outcome


def _supplies_of(meter: Meter, *, now: datetime) -> list[Supply]:
    supply_point = supply_point_at(meter=meter, at=now)
    return list(Supply.objects.filter(supply_point=supply_point).order_by("pk")) if supply_point else []


def _check_live(supply: Supply, meter: Meter, heard: Heard, *, now: datetime) -> None:
    """Put a switch that reads open, is meant to be open, and still carries load before a person: danger or theft."""
    is_off = supply.seen_relay == supply.wanted_relay == "open" and supply.order == Supply.Order.AGREED
    shown = heard.snapshot
    if is_off and safety.is_still_live(Contact.OPEN, current_ma=shown.current_ma, power_w=shown.power_w):
        params = {"power_w": "–" if shown.power_w is None else shown.power_w}
        open_incident(meter=meter, kind="relay.still_live", subject=meter.number, params=params, now=now)


def settle_reading(
    *, op_id: str, meter_id: int, charge: bool, reason: str, actor: User, now: datetime
) -> dict[str, Any]:
    """End the wait of a held reading as a person: charge what lies between, or start again from the register."""
    if not reason.strip():
        raise Refusal("supply.reason")

    def run() -> dict[str, Any]:
        meter = Meter.objects.select_related("site").get(pk=meter_id)
        roles.require(actor, meter.site, roles.SETTLE)
        outcome = metering.settle_held(meter_id=meter_id, charge=charge, now=now)
        Incident.objects.filter(meter=meter, kind__startswith="reading.", closed_at=None).update(
            closed_at=now, closed_by=actor
        )
        for supply in _supplies_of(meter, now=now):
            review(supply_id=supply.pk, now=now)
        facts = {"charge": charge, "wh": outcome.wh, "charged_minor": outcome.charged_minor}
        audit.log(
            act="reading.settled",
            subject=meter.number,
            actor=actor,
            now=now,
            facts=facts,
            reason=reason,
            op_id=op_id,
            site=meter.site,
        )
        return facts

    body = {"meter": meter_id, "charge": charge, "reason": reason}
    return audit.once(op_id=op_id, kind="reading.settle", body=body, actor=actor, now=now, run=run)[0]
