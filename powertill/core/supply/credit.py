"""Whether a supply is on or cut for want of credit: one decision, with the reason that people will read."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Literal

from powertill.core.errors import Sentence
from powertill.core.notify import in_daily_hours
from powertill.core.ports import Contact
from powertill.core.span import day_start
from powertill.core.supply.policy import Policy

CLOCK_DOUBT = timedelta(minutes=5)
SEARCH_STEPS_MAX = 120  # a window is left at most twice a day: two months of holidays in a row

# gettext messages; one per reason code of a decision.
REASONS: dict[str, str] = {
    "supply.credit_good": "Supply is on: there is credit.",
    "supply.overdraft": "Supply is on: the agreed overdraft is in use.",
    "supply.waiting_for_credit": "Supply stays off until the credit is above the amount for switching on again.",
    "supply.off_until_paid": "Supply was cut because the credit is used up; it comes back after a payment.",
    "supply.credit_used_up": "Supply is cut: the credit is used up, warnings were delivered and the hour is allowed.",
    "supply.protected_customer": "Supply stays on: this customer is protected, for example by medical equipment.",
    "supply.no_cut_mode": "Supply stays on: nobody is cut at present, by order or because of a fault.",
    "supply.stale_reading": "Supply stays on: the last reading is missing, too old or dated in the future.",
    "supply.unknown_calendar": "Supply stays on: the calendar of public holidays is not known.",
    "supply.holiday": "Supply stays on: today is a public holiday.",
    "supply.weekend": "Supply stays on: nobody is cut at the weekend.",
    "supply.protected_hours": "Supply stays on: nobody is cut between %(start)s and %(end)s.",
    "supply.unverified_driver": "Supply stays on: this meter cannot prove the position of its switch.",
    "supply.no_notice": "Supply stays on: no warning has been proven delivered yet.",
    "supply.notice_period": "Supply stays on: the warning was delivered less than %(hours)s hours ago.",
    "supply.no_last_call": "Supply stays on: the last call has not been proven delivered yet.",
    "supply.last_call_period": "Supply stays on: the last call was delivered less than %(minutes)s minutes ago.",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning whose delivery is proven: its level ("low_1", "low_2", "empty") and when it arrived."""

    level: str
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """What is known about one supply. Notices are those of the present episode of low credit only."""

    place: Literal["account", "meter"]
    available_minor: int
    reading_at: datetime | None
    protected_supply: bool = False
    warned: tuple[Notice, ...] = ()
    last_call_at: datetime | None = None
    relay: Contact | None = None
    mode: Literal["normal", "no_cut"] = "normal"
    driver_reads_back: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """The wanted switch state and why. `next_step_at`: the earliest lawful cut, None when none is near."""

    relay: Contact
    keep_power: bool
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    next_step_at: datetime | None = None
    messages: tuple[str, ...] = ()

    @property
    def reason(self) -> Sentence:
        """Return the reason as a sentence that can be translated."""
        return Sentence(REASONS[self.code], **self.params)


@dataclass(frozen=True, slots=True)
class _Block:
    """Why a cut would not be lawful now; `until` is when this reason ends by itself."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None


def decide(
    facts: SupplyFacts, policy: Policy, *, now: datetime, zone: tzinfo, holidays: frozenset[Any] | None
) -> Decision:
    """Return the one wanted state for now. `holidays` are local dates; None means that the calendar is not known.

    Protection forbids cutting; it does not switch on again what was lawfully cut before, except for a
    protected customer.
    """
    block = _block(facts, policy, now, zone, holidays)
    messages = _messages(facts, policy, now, zone, holidays)
    keep_power = facts.protected_supply or _meter_must_wait(facts, policy, block)
    relay, code, params = _wanted(facts, policy, block)
    next_step_at = None
    if relay is Contact.CLOSED and facts.available_minor <= -policy.overdraft_minor:
        next_step_at = _earliest_cut(facts, policy, now, zone, holidays)
    return Decision(relay, keep_power, code, params, next_step_at, messages)


def _wanted(facts: SupplyFacts, policy: Policy, block: _Block | None) -> tuple[Contact, str, dict[str, Any]]:
    available = facts.available_minor
    is_off = facts.relay is Contact.OPEN
    if facts.protected_supply and available <= max(-policy.overdraft_minor, policy.reconnect_above_minor):
        return Contact.CLOSED, "supply.protected_customer", {}
    if available <= -policy.overdraft_minor:
        if is_off:
            return Contact.OPEN, "supply.off_until_paid", {}
        return (Contact.CLOSED, block.code, block.params) if block else (Contact.OPEN, "supply.credit_used_up", {})
    if is_off and available <= policy.reconnect_above_minor:
        return Contact.OPEN, "supply.waiting_for_credit", {}
    return Contact.CLOSED, "supply.credit_good" if available > 0 else "supply.overdraft", {}


def _meter_must_wait(facts: SupplyFacts, policy: Policy, block: _Block | None) -> bool:
    """A meter that counts its own credit cuts at zero by itself, so it is told beforehand to keep the power on."""
    return facts.place == "meter" and facts.available_minor < policy.warn_minor[1] and block is not None


def _block(
    facts: SupplyFacts, policy: Policy, now: datetime, zone: tzinfo, holidays: frozenset[Any] | None
) -> _Block | None:
    return (
        _standing_block(facts, policy, now, holidays)
        or _calendar_block(policy, now, zone, holidays or frozenset())
        or _notice_block(facts, policy, now)
        or _last_call_block(facts, policy, now)
    )


def closed_hours(policy: Policy, *, now: datetime, zone: tzinfo, holidays: frozenset[Any] | None) -> str:
    """Return the reason code of why nobody is cut at this hour of this day, or nothing where cuts are allowed."""
    if holidays is None:
        return "supply.unknown_calendar"
    block = _calendar_block(policy, now, zone, holidays)
    return block.code if block else ""


def _standing_block(
    facts: SupplyFacts, policy: Policy, now: datetime, holidays: frozenset[Any] | None
) -> _Block | None:
    if facts.protected_supply:
        return _Block("supply.protected_customer")
    if facts.mode != "normal":
        return _Block("supply.no_cut_mode")
    oldest = now - timedelta(minutes=policy.reading_age_minutes_max)
    if facts.reading_at is None or not oldest <= facts.reading_at <= now + CLOCK_DOUBT:
        return _Block("supply.stale_reading")
    if holidays is None:
        return _Block("supply.unknown_calendar")
    return None if facts.driver_reads_back else _Block("supply.unverified_driver")


def _calendar_block(policy: Policy, at: datetime, zone: tzinfo, holidays: frozenset[Any]) -> _Block | None:
    local = at.astimezone(zone)
    tomorrow = day_start(local.date() + timedelta(days=1), zone)
    if policy.holidays and local.date() in holidays:
        return _Block("supply.holiday", until=tomorrow)
    if policy.weekends and local.weekday() >= 5:
        return _Block("supply.weekend", until=tomorrow)
    if policy.protected and in_daily_hours(local.time(), policy.protected):
        start, end = policy.protected
        params = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
        return _Block("supply.protected_hours", params, _end_of_hours(local, end, zone))
    return None


def _end_of_hours(local: datetime, end: time, zone: tzinfo) -> datetime:
    day = local.date() if local.time() < end else local.date() + timedelta(days=1)
    # A clock change can put the written end before `local`; one minute on, the search looks again.
    return max(datetime.combine(day, end, zone).astimezone(UTC), local.astimezone(UTC) + timedelta(minutes=1))


def _notice_block(facts: SupplyFacts, policy: Policy, now: datetime) -> _Block | None:
    delivered = [notice.delivered_at for notice in facts.warned if notice.level == "low_2"]
    if not delivered:
        return _Block("supply.no_notice")
    until = min(delivered) + timedelta(hours=policy.notice_hours)
    return _Block("supply.notice_period", {"hours": policy.notice_hours}, until) if now < until else None


def _last_call_block(facts: SupplyFacts, policy: Policy, now: datetime) -> _Block | None:
    if facts.last_call_at is None:
        return _Block("supply.no_last_call")
    until = facts.last_call_at + timedelta(minutes=policy.last_call_minutes)
    return _Block("supply.last_call_period", {"minutes": policy.last_call_minutes}, until) if now < until else None


def _earliest_cut(
    facts: SupplyFacts, policy: Policy, now: datetime, zone: tzinfo, holidays: frozenset[Any] | None
) -> datetime | None:
    """Return the earliest lawful cut if what still has to be delivered were delivered now; None while a standing
    reason forbids cutting."""
    if _standing_block(facts, policy, now, holidays):
        return None
    noticed = _notice_block(facts, policy, now)
    called = _last_call_block(facts, policy, now)
    at = now
    if noticed:
        at = noticed.until or now + timedelta(hours=policy.notice_hours)
    if called:
        at = max(at, called.until or now + timedelta(minutes=policy.last_call_minutes))
    return _first_open_hour(policy, at, zone, holidays or frozenset())


def _first_open_hour(policy: Policy, at: datetime, zone: tzinfo, holidays: frozenset[Any]) -> datetime | None:
    for _step in range(SEARCH_STEPS_MAX):
        block = _calendar_block(policy, at, zone, holidays)
        if block is None or block.until is None:
            return at
        at = block.until
    return None


def _messages(
    facts: SupplyFacts, policy: Policy, now: datetime, zone: tzinfo, holidays: frozenset[Any] | None
) -> tuple[str, ...]:
    """Return the topics due at this balance that are not proven delivered yet, the most basic first."""
    delivered = {notice.level for notice in facts.warned}
    first, second = policy.warn_minor
    due = []
    if facts.available_minor < second:
        due.append("low_2")
    elif facts.available_minor < first:
        due.append("low_1")
    if facts.available_minor <= 0:
        due.append("empty")
    if _last_call_due(facts, policy, now, zone, holidays):
        due.append("last_call")
    return tuple(topic for topic in due if topic not in delivered)


def _last_call_due(
    facts: SupplyFacts, policy: Policy, now: datetime, zone: tzinfo, holidays: frozenset[Any] | None
) -> bool:
    """A last call is due when it is the only thing missing, at the right distance before the first allowed minute."""
    is_cut_near = facts.available_minor <= -policy.overdraft_minor and facts.relay is not Contact.OPEN
    if not is_cut_near or facts.last_call_at is not None or _standing_block(facts, policy, now, holidays):
        return False
    ready_at = now + timedelta(minutes=policy.last_call_minutes)
    if _notice_block(facts, policy, ready_at):
        return False
    return _calendar_block(policy, ready_at, zone, holidays or frozenset()) is None
