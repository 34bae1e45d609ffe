"""Review a supply whenever money, a reading or time has moved: decide, store what is wanted, tell people."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.metering import flows as metering
from powertill.apps.metering.flows import Heard, Outcome
from powertill.apps.metering.models import Meter
from powertill.apps.notices import flows as notices
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.sites.models import SupplyPoint
from powertill.apps.supply import facts as cases
from powertill.apps.supply import policies
from powertill.apps.supply.models import Incident, SiteMode, Supply
from powertill.core import money, notify
from powertill.core.errors import Refusal
from powertill.core.supply import credit


def take_reading(*, meter_id: int, heard: Heard, now: datetime, next_poll_at: datetime) -> Outcome:
    """Accept a reading, charge it and review the supply that it belongs to, in one transaction."""
    with transaction.atomic():
        outcome = metering.accept_reading(meter_id=meter_id, heard=heard, now=now)
        Meter.objects.filter(pk=meter_id).update(next_poll_at=next_poll_at)
        if outcome.verdict in metering.HELD:
            meter = Meter.objects.get(pk=meter_id)
            open_incident(
                meter=meter, kind=f"reading.{outcome.verdict}", subject=meter.number, detail=outcome.reason, now=now
            )
        for supply in Supply.objects.filter(supply_point__installations__meter_id=meter_id).distinct():
            review(supply_id=supply.pk, now=now)
        return outcome


def review(*, supply_id: int, now: datetime) -> None:
    """Decide again what one supply should be, store it with its reason and write the messages that fall due."""
    with transaction.atomic():
        supply = (
            Supply.objects.select_for_update(of=("self",))
            .select_related("supply_point__site", "policy")
            .get(pk=supply_id)
        )
        case = cases.load(supply, now=now)
        if case is None:
            return
        policy = policies.compiled(supply.policy)
        decision = credit.decide(
            case.facts,
            policy,
            now=now,
            zone=ZoneInfo(case.site.zone),
            holidays=cases.calendar(case.site, now=now),
        )
        _store(supply, decision, now=now)
        _tell(case, decision, now=now)


def _store(supply: Supply, decision: credit.Decision, *, now: datetime) -> None:
    relay = supply.hold_relay or decision.relay.value
    if (relay, decision.keep_power) != (supply.wanted_relay, supply.wanted_keep_power):
        supply.wanted_relay, supply.wanted_keep_power, supply.wanted_since = relay, decision.keep_power, now
        supply.next_at, supply.tries = now, 0  # A new wish is urgent; old tries do not count against it.
        supply.order = Supply.Order.ORDERED
    supply.code = "supply.held" if supply.hold_relay else decision.code
    supply.params = {name: str(value) for name, value in decision.params.items()}
    supply.next_step_at, supply.reviewed_at = decision.next_step_at, now
    supply.save()


def _tell(case: cases.Case, decision: credit.Decision, *, now: datetime) -> None:
    policy = policies.compiled(case.supply.policy)
    for topic in decision.messages:
        not_before = notify.next_allowed(now, ZoneInfo(case.site.zone), policy.quiet)
        tell(case, topic=topic, now=now, not_before=not_before, until=decision.next_step_at)


def tell(
    case: cases.Case, *, topic: str, now: datetime, not_before: datetime | None = None, until: datetime | None = None
) -> None:
    """Write a message about this supply, once per credit epoch."""
    policy = policies.compiled(case.supply.policy)
    levels = {"low_1": policy.warn_minor[0], "low_2": policy.warn_minor[1]}
    zone = ZoneInfo(case.site.zone)
    facts = {
        "room": case.supply_point.label,
        "balance": amount_text(case.facts.available_minor, case),
        "level": amount_text(levels.get(topic, 0), case),
        "hours": str(policy.notice_hours),
        "until": until.astimezone(zone).strftime("%m-%d %H:%M") if until else "–",
    }
    notices.tell(
        account=case.account, topic=topic, key=f"{case.prefix}{topic}", facts=facts, now=now, not_before=not_before
    )


def amount_text(minor: int, case: cases.Case) -> str:
    """Return an amount of the case's currency as people read it."""
    return f"{money.format_minor(minor, exponent=case.site.exponent)} {case.site.currency}"


def review_due(*, now: datetime, limit: int = 200) -> int:
    """Review supplies whose next lawful step has come, or that were not looked at for an hour."""
    stale = now - timedelta(hours=1)
    ids = list(
        Supply.objects.filter(next_step_at__lte=now).exclude(reviewed_at__gte=now).values_list("pk", flat=True)[:limit]
    )
    ids += Supply.objects.filter(reviewed_at__lt=stale).values_list("pk", flat=True)[:limit]
    for supply_id in sorted(set(ids)):
        review(supply_id=supply_id, now=now)
    return len(ids)


def hold(*, supply_point_id: int, relay: str, reason: str, actor: User, now: datetime, op_id: str) -> None:
    """Let a person overrule the rules for one supply ("open", "closed"), or release it (""), with a reason."""
    if relay not in {"open", "closed", ""} or not reason.strip():
        raise Refusal("supply.reason")
    supply_point = SupplyPoint.objects.select_related("site").get(pk=supply_point_id)
    roles.require(actor, supply_point.site, roles.SWITCH)
    if relay == "open" and supply_point.protected:
        raise Refusal("supply.protected")

    def run() -> dict[str, str]:
        supply = Supply.objects.select_for_update().get(supply_point=supply_point)
        supply.hold_relay, supply.hold_reason = relay, reason.strip()[:160]
        supply.save(update_fields=["hold_relay", "hold_reason"])
        act = {"open": "supply.cut", "closed": "supply.kept", "": "supply.released"}[relay]
        audit.log(act=act, subject=supply_point.label, actor=actor, now=now, reason=reason, op_id=op_id)
        review(supply_id=supply.pk, now=now)
        return {"relay": relay}

    audit.once(
        op_id=op_id,
        kind="supply.hold",
        body={"supply_point": supply_point_id, "relay": relay, "reason": reason},
        actor=actor,
        now=now,
        run=run,
    )


def request_unprotect(*, supply_point_id: int, reason: str, maker: User, now: datetime) -> int:
    """Ask to lift the protection of a supply; a second person must approve."""
    supply_point = SupplyPoint.objects.select_related("site").get(pk=supply_point_id)
    roles.require(maker, supply_point.site, roles.PROTECT)
    if not supply_point.protected:
        raise Refusal("supply.not_protected")
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
        approval = audit.approve(approval_id=approval_id, checker=checker, now=now)
        payload = audit.apply_once(approval=approval, now=now)
        supply_point = SupplyPoint.objects.select_for_update().select_related("site").get(pk=payload["supply_point"])
        roles.require(checker, supply_point.site, roles.APPROVE)
        supply_point.protected, supply_point.protected_reason = False, ""
        supply_point.save(update_fields=["protected", "protected_reason"])
        for supply in Supply.objects.filter(supply_point=supply_point):
            review(supply_id=supply.pk, now=now)


def protect(*, supply_point_id: int, reason: str, actor: User, now: datetime) -> None:
    """Protect a supply: from now on no rule and no person cuts it. One person is enough to be kind."""
    with transaction.atomic():
        supply_point = SupplyPoint.objects.select_for_update().select_related("site").get(pk=supply_point_id)
        roles.require(actor, supply_point.site, roles.PROTECT)
        if not reason.strip():
            raise Refusal("supply.reason")
        supply_point.protected, supply_point.protected_reason = True, reason.strip()[:120]
        supply_point.save(update_fields=["protected", "protected_reason"])
        audit.log(act="supply.protected", subject=supply_point.label, actor=actor, now=now, reason=reason)
        for supply in Supply.objects.filter(supply_point=supply_point):
            review(supply_id=supply.pk, now=now)


def set_mode(*, site_id: int, mode: str, reason: str, actor: User | None, now: datetime) -> None:
    """Stop all cuts of a site, or allow them again; only a person allows them again."""
    if mode == SiteMode.Mode.NORMAL and actor is None:
        raise Refusal("supply.mode")
    with transaction.atomic():
        row, _ = SiteMode.objects.select_for_update().get_or_create(site_id=site_id)
        if row.mode == mode:
            return
        if actor is not None:
            roles.require(actor, row.site, roles.SWITCH)
        row.mode, row.reason, row.since = mode, reason[:160], now
        row.save()
        audit.log(act=f"mode.{mode}", subject=row.site.code, actor=actor, now=now, reason=reason)


def open_incident(*, meter: Meter, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Put a case before a person; an open case of the same kind and subject is not doubled."""
    Incident.objects.get_or_create(
        kind=kind,
        subject=subject,
        closed_at=None,
        defaults={"site": meter.site, "meter": meter, "detail": detail[:200], "opened_at": now},
    )
