"""Review a supply whenever money, a reading or time has moved: decide, store what is wanted, tell people."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from powertill.apps.metering.queries import meter_at
from powertill.apps.notices import flows as notices
from powertill.apps.sites.models import SupplyPoint
from powertill.apps.supply import facts as cases
from powertill.apps.supply import incidents, policies
from powertill.apps.supply.models import Incident, Supply
from powertill.core import money, notify
from powertill.core.ports import Contact
from powertill.core.supply import credit, limits

log = structlog.get_logger("powertill.supply")

FAULTY = "supply.review"
CLOSE_WATCH = timedelta(minutes=5)  # while credit is low: a last call has a narrow window
WATCH = timedelta(hours=1)
LIMITS = limits.LimitPolicy()


@dataclass(frozen=True, slots=True)
class Wish:
    """What one supply should be, and why."""

    relay: str
    keep_power: bool
    code: str
    params: dict[str, Any] = field(default_factory=dict)


def review(*, supply_id: int, now: datetime) -> None:
    """Decide again what one supply should be, store it with its reason and write the messages that fall due."""
    with transaction.atomic():
        rows = Supply.objects.select_for_update(no_key=True, of=("self",))
        supply = rows.select_related("supply_point__site", "policy").get(pk=supply_id)
        case = cases.load(supply, now=now)
        if case is None:
            _review_empty(supply, now=now)
            return
        decision = credit.decide(
            case.facts,
            policies.compiled(supply.policy),
            now=now,
            zone=ZoneInfo(case.site.zone),
            holidays=cases.calendar(case.site, now=now),
        )
        power = limits.decide(case.power, LIMITS, now=now)
        _store(supply, _wish(case, decision, power, now=now), now=now)
        supply.next_step_at, supply.review_at = decision.next_step_at, _look_again(case, decision, power, now=now)
        supply.save()
        _tell_due(case, decision, now=now)
        if supply.code in ("limit.exceeded", "limit.person"):
            params, subject = {"limit_w": case.power.limit_w}, case.supply_point.label
            incidents.open_incident(meter=case.meter, kind="limit.exceeded", subject=subject, params=params, now=now)


def _review_empty(supply: Supply, *, now: datetime) -> None:
    """Nobody has the place, or no meter hangs there: only a person's order counts."""
    if supply.hold_relay:
        _store(supply, Wish(supply.hold_relay, keep_power=False, code="supply.held"), now=now)
    supply.next_step_at, supply.review_at, supply.reviewed_at = None, now + WATCH, now
    supply.save()


def _wish(case: cases.Case, decision: credit.Decision, power: limits.LimitDecision, *, now: datetime) -> Wish:
    """Return the wish of the strongest rule: a person's order, the power limit, credit."""
    supply, in_meter = case.supply, case.facts.place == "meter"
    may_hold_open = supply.hold_relay and not case.facts.protected_supply
    if may_hold_open and _must_wait(case, now=now):
        return Wish(Contact.CLOSED.value, in_meter, "supply.held_later")
    if supply.hold_relay == Contact.CLOSED.value or may_hold_open:
        # A meter with its own purse would cut by itself at zero, whatever a person ordered.
        keep = supply.hold_relay == Contact.CLOSED.value and in_meter
        return Wish(supply.hold_relay, keep, "supply.held")
    may_limit = not case.facts.protected_supply and case.facts.mode == "normal" and case.facts.driver_reads_back
    if power.relay is Contact.OPEN and decision.relay is Contact.CLOSED and may_limit:
        return Wish(Contact.OPEN.value, keep_power=False, code=power.code, params=power.params)
    keep = decision.keep_power or (in_meter and decision.relay is Contact.CLOSED and _is_bridged(case))
    return Wish(decision.relay.value, keep, decision.code, decision.params)


def _must_wait(case: cases.Case, *, now: datetime) -> bool:
    """Tell whether a person's order to cut waits: without danger it keeps to the hours and the mode, as rules do."""
    supply = case.supply
    if supply.hold_relay != Contact.OPEN.value or supply.hold_danger or supply.seen_relay == Contact.OPEN.value:
        return False
    policy, zone = policies.compiled(supply.policy), ZoneInfo(case.site.zone)
    holidays = cases.calendar(case.site, now=now)
    return case.facts.mode != "normal" or bool(credit.closed_hours(policy, now=now, zone=zone, holidays=holidays))


def _is_bridged(case: cases.Case) -> bool:
    """Tell whether paid credit has not reached a meter that is about to cut: our delay must not cost the light."""
    under_way_minor = case.facts.available_minor - case.purse_minor
    low_minor = policies.compiled(case.supply.policy).warn_minor[1]
    return under_way_minor > 0 and case.purse_minor < low_minor and case.supply.seen_relay != Contact.OPEN.value


def _store(supply: Supply, wish: Wish, *, now: datetime) -> None:
    if (wish.relay, wish.keep_power) != (supply.wanted_relay, supply.wanted_keep_power) or not supply.wanted_since:
        supply.wanted_relay, supply.wanted_keep_power, supply.wanted_since = wish.relay, wish.keep_power, now
        supply.next_at, supply.tries = now, 0  # A new wish is urgent; old tries do not count against it.
        supply.order = Supply.Order.ORDERED
    supply.code = wish.code
    supply.params = {name: str(value) for name, value in wish.params.items()}
    supply.reviewed_at = now


def _look_again(case: cases.Case, decision: credit.Decision, power: limits.LimitDecision, *, now: datetime) -> datetime:
    is_low = case.facts.available_minor < policies.compiled(case.supply.policy).warn_minor[0]
    steps = [now + (CLOSE_WATCH if is_low else WATCH), decision.next_step_at, power.next_step_at]
    return min(step for step in steps if step is not None and step > now)


def _tell_due(case: cases.Case, decision: credit.Decision, *, now: datetime) -> None:
    if case.is_new and case.facts.available_minor >= 0:
        return  # An account that was just opened has not used anything up.
    policy = policies.compiled(case.supply.policy)
    not_before = notify.next_allowed(now, ZoneInfo(case.site.zone), policy.quiet)
    for topic in decision.messages:
        tell(case, topic=topic, now=now, not_before=not_before, until=decision.next_step_at)


def tell(
    case: cases.Case,
    *,
    topic: str,
    now: datetime,
    not_before: datetime | None = None,
    until: datetime | None = None,
    mark: str = "",
) -> None:
    """Write a message about this supply, once per credit that came in; `mark` tells repeated events apart."""
    policy = policies.compiled(case.supply.policy)
    levels = {"low_1": policy.warn_minor[0], "low_2": policy.warn_minor[1]}
    zone = ZoneInfo(case.site.zone)
    facts = {
        "room": case.supply_point.label,
        "balance": amount_text(case.facts.available_minor, case),
        "level": amount_text(levels.get(topic, 0), case),
        "hours": str(policy.notice_hours),
        "until": until.astimezone(zone).strftime("%m-%d %H:%M") if until else "",
        "limit": str(case.supply_point.power_limit_w),
    }
    key = f"{case.prefix}{topic}{mark}"
    notices.tell(account=case.account, topic=topic, key=key, facts=facts, now=now, not_before=not_before)


def amount_text(minor: int, case: cases.Case) -> str:
    """Return an amount of the case's currency as people read it."""
    return f"{money.format_minor(minor, exponent=case.site.exponent)} {case.site.currency}"


def review_due(*, now: datetime, limit: int = 200) -> int:
    """Review supplies whose time to be looked at has come; return how many."""
    rows = Supply.objects.filter(Q(review_at__lte=now) | Q(review_at=None)).order_by("review_at", "pk")
    ids = list(rows.values_list("pk", flat=True)[:limit])
    faulty = set(Incident.objects.filter(kind=FAULTY, closed_at=None).values_list("site_id", "subject"))
    for supply_id in ids:
        _review_guarded(supply_id, faulty, now=now)
    return len(ids)


def _review_guarded(supply_id: int, faulty: set[tuple[int, str]], *, now: datetime) -> None:
    """Review one supply; what is wrong with it alone goes before a person and keeps no other waiting."""
    try:
        review(supply_id=supply_id, now=now)
    except (OperationalError, InterfaceError):
        raise  # The database is gone: that concerns all of them.
    except Exception as wrong:
        log.exception("review failed", supply=supply_id)
        _put_aside(supply_id, f"{type(wrong).__name__}: {wrong}"[:80], now=now)
        return
    if faulty:
        place = SupplyPoint.objects.select_related("site").get(supply=supply_id)
        if (place.site_id, place.label) in faulty:
            incidents.heal(site=place.site, kind=FAULTY, subject=place.label, now=now)


def _put_aside(supply_id: int, fault: str, *, now: datetime) -> None:
    with transaction.atomic():
        Supply.objects.filter(pk=supply_id).update(review_at=now + WATCH)
        place = SupplyPoint.objects.select_related("site").get(supply=supply_id)
        meter = meter_at(supply_point=place, at=now)
        params = {"fault": fault}
        incidents.open_incident(site=place.site, meter=meter, kind=FAULTY, subject=place.label, params=params, now=now)
