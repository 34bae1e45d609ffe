"""What people and readings do to a supply: readings charge and review it, persons hold, protect and settle."""

from datetime import datetime
from typing import Any

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.audit.models import Approval
from powertill.apps.metering import flows as metering
from powertill.apps.metering.flows import Heard, Outcome
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import supply_point_at
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.sites.models import Site, SupplyPoint
from powertill.apps.supply import incidents
from powertill.apps.supply.incidents import close_incident, open_incident
from powertill.apps.supply.models import Incident, SiteMode, Supply
from powertill.apps.supply.reviewing import review, review_due, tell
from powertill.core.errors import Refusal

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

STILL_LIVE_W = 100  # through a switch that reads open
HOLD_ACTS = {"open": "supply.cut", "closed": "supply.kept", "": "supply.released"}


def take_reading(*, meter_id: int, heard: Heard, now: datetime, next_poll_at: datetime) -> Outcome:
    """Accept a reading, charge it and review the supply that it belongs to, in one transaction."""
    with transaction.atomic():
        outcome = metering.accept_reading(meter_id=meter_id, heard=heard, now=now)
        Meter.objects.filter(pk=meter_id).update(next_poll_at=next_poll_at)
        meter = Meter.objects.select_related("site").get(pk=meter_id)
        if outcome.verdict in metering.HELD:
            kind, detail = f"reading.{outcome.verdict}", outcome.reason
            open_incident(meter=meter, kind=kind, subject=meter.number, detail=detail, now=now)
        if outcome.export_held:
            detail = f"energy fed back: {outcome.export_held}"
            open_incident(meter=meter, kind="reading.export", subject=meter.number, detail=detail, now=now)
        incidents.heal(kind="meter.silent", subject=meter.number, now=now)
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
    if is_off and abs(heard.snapshot.power_w or 0) > STILL_LIVE_W:
        detail = f"{heard.snapshot.power_w} W flow through a switch that reads open: treat the lines as live"
        open_incident(meter=meter, kind="relay.still_live", subject=meter.number, detail=detail, now=now)


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
        act = "reading.settled"
        audit.log(act=act, subject=meter.number, actor=actor, now=now, facts=facts, reason=reason, op_id=op_id)
        return facts

    body = {"meter": meter_id, "charge": charge, "reason": reason}
    return audit.once(op_id=op_id, kind="reading.settle", body=body, actor=actor, now=now, run=run)[0]


def hold(*, supply_point_id: int, relay: str, reason: str, actor: User, now: datetime, op_id: str) -> None:
    """Let a person overrule the rules for one supply ("open", "closed"), or release it (""), with a reason."""
    if relay not in HOLD_ACTS or not reason.strip():
        raise Refusal("supply.reason")

    def run() -> dict[str, str]:
        supply_point = _locked(supply_point_id)
        roles.require(actor, supply_point.site, roles.SWITCH)
        if relay == "open" and supply_point.protected:
            raise Refusal("supply.protected")
        supply = Supply.objects.select_for_update(no_key=True, of=("self",)).filter(supply_point=supply_point).first()
        if supply is None:
            raise Refusal("supply.none", room=supply_point.label)
        supply.hold_relay, supply.hold_reason = relay, reason.strip()[:160]
        supply.save(update_fields=["hold_relay", "hold_reason"])
        review(supply_id=supply.pk, now=now)
        act = HOLD_ACTS[relay]
        audit.log(act=act, subject=supply_point.label, actor=actor, now=now, reason=reason, op_id=op_id)
        return {"relay": relay}

    body = {"supply_point": supply_point_id, "relay": relay, "reason": reason}
    audit.once(op_id=op_id, kind="supply.hold", body=body, actor=actor, now=now, run=run)


def _locked(supply_point_id: int) -> SupplyPoint:
    rows = SupplyPoint.objects.select_for_update(no_key=True, of=("self",)).select_related("site")
    return rows.get(pk=supply_point_id)


def request_unprotect(*, supply_point_id: int, reason: str, maker: User, now: datetime) -> int:
    """Ask to lift the protection of a supply; a second person must approve."""
    supply_point = SupplyPoint.objects.select_related("site").get(pk=supply_point_id)
    roles.require(maker, supply_point.site, roles.PROTECT)
    if not supply_point.protected:
        raise Refusal("supply.not_protected")
    with transaction.atomic():
        row = audit.request_approval(
            kind="supply.unprotect",
            subject=supply_point.label,
            payload={"supply_point": supply_point_id},
            reason=reason,
            maker=maker,
            now=now,
        )
    return row.pk


def unprotect(*, approval_id: int, checker: User, now: datetime) -> None:
    """Approve and lift the protection of a supply, as a second person."""
    with transaction.atomic():
        asked = Approval.objects.filter(pk=approval_id, kind="supply.unprotect").first()
        if asked is None:
            raise Refusal("approval.gone")
        supply_point = _locked(asked.payload["supply_point"])
        roles.require(checker, supply_point.site, roles.APPROVE)
        supplies = list(Supply.objects.select_for_update(no_key=True, of=("self",)).filter(supply_point=supply_point))
        approval = audit.approve(approval_id=approval_id, checker=checker, now=now)
        audit.apply_once(approval=approval, now=now)
        supply_point.protected, supply_point.protected_reason = False, ""
        supply_point.save(update_fields=["protected", "protected_reason"])
        for supply in supplies:
            review(supply_id=supply.pk, now=now)


def protect(*, supply_point_id: int, reason: str, actor: User, now: datetime) -> None:
    """Protect a supply: from now on no rule and no person cuts it. One person is enough to be kind."""
    if not reason.strip():
        raise Refusal("supply.reason")
    with transaction.atomic():
        supply_point = _locked(supply_point_id)
        roles.require(actor, supply_point.site, roles.PROTECT)
        supply_point.protected, supply_point.protected_reason = True, reason.strip()[:120]
        supply_point.save(update_fields=["protected", "protected_reason"])
        for supply in Supply.objects.select_for_update(no_key=True, of=("self",)).filter(supply_point=supply_point):
            if supply.hold_relay == "open":
                supply.hold_relay = supply.hold_reason = ""
                supply.save(update_fields=["hold_relay", "hold_reason"])
            review(supply_id=supply.pk, now=now)
        audit.log(act="supply.protected", subject=supply_point.label, actor=actor, now=now, reason=reason)


def set_mode(*, site_id: int, mode: str, reason: str, actor: User | None, now: datetime) -> None:
    """Stop all cuts of a site, or allow them again; only a person allows them again.

    The wish of each supply follows at its next review, and in any case before the next command to its switch.
    """
    if mode not in SiteMode.Mode.values or not reason.strip():
        raise Refusal("supply.reason")
    if mode == SiteMode.Mode.NORMAL and actor is None:
        raise Refusal("supply.mode")
    with transaction.atomic():
        if actor is not None:
            roles.require(actor, Site.objects.get(pk=site_id), roles.SWITCH)
        row, _ = SiteMode.objects.select_for_update(no_key=True, of=("self",)).get_or_create(site_id=site_id)
        if row.mode == mode:
            return
        row.mode, row.reason, row.since = mode, reason.strip()[:160], now
        row.save()
        Supply.objects.filter(supply_point__site_id=site_id).update(review_at=now)
        audit.log(act=f"mode.{mode}", subject=row.site.code, actor=actor, now=now, reason=reason)
