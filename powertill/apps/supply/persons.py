"""What persons order: hold a supply open or closed, protect it, and lift that as two."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.audit.models import Approval
from powertill.apps.metering.queries import meter_at
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.sites.models import SupplyPoint
from powertill.apps.supply import facts as cases
from powertill.apps.supply import policies
from powertill.apps.supply.models import SiteMode, Supply
from powertill.apps.supply.reviewing import review
from powertill.core.errors import Refusal
from powertill.core.supply import credit

HOLD_ACTS = {"open": "supply.cut", "closed": "supply.kept", "": "supply.released"}
UNPROTECT = "supply.unprotect"


def hold(
    *,
    supply_point_id: int,
    relay: str,
    reason: str,
    actor: User,
    now: datetime,
    op_id: str,
    danger: bool = False,
) -> None:
    """Let a person overrule the rules for one supply ("open", "closed"), or release it (""), with a reason.

    An order to cut keeps to the hours and to the no-cut mode, and needs a switch that can be proven, unless the
    person declares danger to life or property. Nobody's order cuts a protected supply.
    """
    if relay not in HOLD_ACTS or not reason.strip():
        raise Refusal("supply.reason")

    def run() -> dict[str, str]:
        supply_point = _locked(supply_point_id)
        roles.require(actor, supply_point.site, roles.SWITCH)
        if relay == "open" and supply_point.protected:
            raise Refusal("supply.protected")
        rows = Supply.objects.select_for_update(no_key=True, of=("self",)).select_related("policy")
        supply = rows.filter(supply_point=supply_point).first()
        if supply is None:
            raise Refusal("supply.none", room=supply_point.label)
        if relay == "open" and not danger:
            _check_cut(supply, supply_point, now=now)
        supply.hold_relay, supply.hold_reason = relay, reason.strip()[:160]
        supply.hold_danger = danger and relay == "open"
        supply.save(update_fields=["hold_relay", "hold_reason", "hold_danger"])
        review(supply_id=supply.pk, now=now)
        _log(HOLD_ACTS[relay], supply_point, actor, reason, now=now, op_id=op_id, facts={"danger": supply.hold_danger})
        return {"relay": relay}

    body = {"supply_point": supply_point_id, "relay": relay, "reason": reason, "danger": danger}
    audit.once(op_id=op_id, kind="supply.hold", body=body, actor=actor, now=now, run=run)


def _check_cut(supply: Supply, supply_point: SupplyPoint, *, now: datetime) -> None:
    site = supply_point.site
    if cases.mode_of(site) == SiteMode.Mode.NO_CUT:
        raise Refusal("supply.no_cut")
    calendar, zone = cases.calendar(site, now=now), ZoneInfo(site.zone)
    if credit.closed_hours(policies.compiled(supply.policy), now=now, zone=zone, holidays=calendar):
        raise Refusal("supply.hours")
    meter = meter_at(supply_point=supply_point, at=now)
    if meter is not None and not cases.reads_back(meter):
        raise Refusal("supply.unproven")


def _locked(supply_point_id: int) -> SupplyPoint:
    rows = SupplyPoint.objects.select_for_update(no_key=True, of=("self",)).select_related("site")
    return rows.get(pk=supply_point_id)


def _log(
    act: str,
    supply_point: SupplyPoint,
    actor: User,
    reason: str,
    *,
    now: datetime,
    op_id: str,
    facts: dict[str, Any] | None = None,
) -> None:
    subject, site = supply_point.label, supply_point.site
    audit.log(act=act, subject=subject, actor=actor, now=now, reason=reason, op_id=op_id, site=site, facts=facts)


def request_unprotect(*, supply_point_id: int, reason: str, maker: User, now: datetime, op_id: str = "") -> int:
    """Ask to lift the protection of a supply; a second person must approve. Return the request's id."""

    def run() -> dict[str, Any]:
        supply_point = _locked(supply_point_id)
        roles.require(maker, supply_point.site, roles.PROTECT)
        if not supply_point.protected:
            raise Refusal("supply.not_protected")
        row = audit.request_approval(
            kind=UNPROTECT,
            subject=supply_point.label,
            payload={"supply_point": supply_point_id, "protected_reason": supply_point.protected_reason},
            reason=reason,
            maker=maker,
            now=now,
            site=supply_point.site,
        )
        return {"approval": row.pk}

    body = {"supply_point": supply_point_id, "reason": reason}
    return int(_once(op_id, "supply.unprotect.ask", body, actor=maker, now=now, run=run)["approval"])


def _once(
    op_id: str, kind: str, body: dict[str, Any], *, actor: User, now: datetime, run: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Run an act once per operation id; without one, as often as it is called."""
    if op_id:
        return audit.once(op_id=op_id, kind=kind, body=body, actor=actor, now=now, run=run)[0]
    with transaction.atomic():
        return run()


def unprotect(*, approval_id: int, checker: User, now: datetime) -> None:
    """Approve and lift the protection of a supply, as a second person; only the protection that was asked about."""
    with transaction.atomic():
        asked = Approval.objects.filter(pk=approval_id, kind=UNPROTECT).first()
        if asked is None:
            raise Refusal("approval.gone")
        supply_point = _locked(asked.payload["supply_point"])
        roles.require(checker, supply_point.site, roles.APPROVE)
        supplies = list(Supply.objects.select_for_update(no_key=True, of=("self",)).filter(supply_point=supply_point))
        if not supply_point.protected or supply_point.protected_reason != asked.payload["protected_reason"]:
            raise Refusal("approval.gone")
        approval = audit.approve(approval_id=approval_id, checker=checker, now=now)
        audit.apply_once(approval=approval, now=now)
        supply_point.protected, supply_point.protected_reason = False, ""
        supply_point.save(update_fields=["protected", "protected_reason"])
        for supply in supplies:
            review(supply_id=supply.pk, now=now)


def protect(*, supply_point_id: int, reason: str, actor: User, now: datetime, op_id: str = "") -> None:
    """Protect a supply: from now on no rule and no person cuts it. One person is enough to be kind.

    What is protected already stays as it is, but open requests to lift the protection end: somebody wants it kept.
    """
    if not reason.strip():
        raise Refusal("supply.reason")

    def run() -> dict[str, Any]:
        supply_point = _locked(supply_point_id)
        roles.require(actor, supply_point.site, roles.PROTECT)
        site, subject = supply_point.site, supply_point.label
        voided = audit.void_requests(kind=UNPROTECT, subject=subject, site=site, now=now)
        was_protected = supply_point.protected
        if not was_protected:
            _protect(supply_point, reason.strip()[:120], now=now)
        if voided or not was_protected:
            _log("supply.protected", supply_point, actor, reason, now=now, op_id=op_id, facts={"voided": voided})
        return {"protected": True}

    body = {"supply_point": supply_point_id, "reason": reason}
    _once(op_id, "supply.protect", body, actor=actor, now=now, run=run)


def _protect(supply_point: SupplyPoint, reason: str, *, now: datetime) -> None:
    supply_point.protected, supply_point.protected_reason = True, reason
    supply_point.save(update_fields=["protected", "protected_reason"])
    for supply in Supply.objects.select_for_update(no_key=True, of=("self",)).filter(supply_point=supply_point):
        if supply.hold_relay == "open":
            supply.hold_relay = supply.hold_reason = ""
            supply.hold_danger = False
            supply.save(update_fields=["hold_relay", "hold_reason", "hold_danger"])
        review(supply_id=supply.pk, now=now)
