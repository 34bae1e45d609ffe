"""The power limit of a supply: measured power against it, when to open, when to close again, and stepping it down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from powertill.core.errors import Sentence
from powertill.core.ports import Contact

# gettext messages; one per reason code of a decision.
REASONS: dict[str, str] = {
    "limit.none": "No power limit is set for this supply.",
    "limit.within": "The power is within the limit of %(limit_w)s W.",
    "limit.stale": "The power is not known: there is no fresh measurement.",
    "limit.short": "The power is above the limit of %(limit_w)s W; the supply stays on for a short time.",
    "limit.exceeded": "Supply is off: the power stayed above the limit of %(limit_w)s W. Switch appliances off first.",
    "limit.waiting": "Supply is off after too much power and may be switched on again soon.",
    "limit.again": "Supply may be switched on again: keep below %(limit_w)s W.",
    "limit.person": "Supply is off: the limit was passed %(trips)s times in a day. Please call us.",
}


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """How patient a limit is. `tolerance_per_mille` covers the meter's error and short peaks."""

    tolerance_per_mille: int = 50
    over_seconds: int = 120
    sample_age_seconds_max: int = 300
    reclose_after_seconds: int = 300
    trips_per_day_max: int = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Power measured at one instant, in W."""

    at: datetime
    power_w: int


@dataclass(frozen=True, slots=True)
class LimitFacts:
    """What is known: the limit (None: no limit), samples oldest first, trips of this reason, the relay as seen."""

    limit_w: int | None
    samples: tuple[Sample, ...] = ()
    trips: tuple[datetime, ...] = ()
    relay: Contact | None = None


@dataclass(frozen=True, slots=True)
class LimitDecision:
    """The wanted switch state for the power limit alone, with its reason; `next_step_at` is when to look again."""

    relay: Contact
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    next_step_at: datetime | None = None

    @property
    def reason(self) -> Sentence:
        """Return the reason as a sentence that can be translated."""
        return Sentence(REASONS[self.code], **self.params)


def decide(facts: LimitFacts, policy: LimitPolicy, *, now: datetime) -> LimitDecision:
    """Open when power stays above the limit; after a pause allow closing, and after too many trips ask a person.

    `facts.trips` must hold our own opening as soon as it happened: an open relay without one was opened for
    another reason, which this rule leaves alone.
    """
    if facts.limit_w is None:
        return LimitDecision(Contact.CLOSED, "limit.none")
    recent = [at for at in facts.trips if now - at < timedelta(days=1)]
    if facts.relay is Contact.OPEN and recent:
        return _while_open(facts.limit_w, recent, policy, now)
    return _while_closed(facts.limit_w, facts.samples, policy, now)


def stepped_limit(
    base_w: int, *, months_in_arrears: int, steps_per_mille: Sequence[int] = (1000, 700, 500), floor_w: int = 1000
) -> int:
    """Return the limit in W for a customer in arrears: it steps down month by month and keeps the basic need."""
    if months_in_arrears <= 0 or not steps_per_mille:
        return base_w
    step = steps_per_mille[min(months_in_arrears, len(steps_per_mille)) - 1]
    return min(base_w, max(floor_w, base_w * step // 1000))


def _while_open(limit_w: int, trips: list[datetime], policy: LimitPolicy, now: datetime) -> LimitDecision:
    if len(trips) >= policy.trips_per_day_max:
        again_at = min(trips) + timedelta(days=1)
        return LimitDecision(Contact.OPEN, "limit.person", {"trips": len(trips)}, again_at)
    again_at = max(trips) + timedelta(seconds=policy.reclose_after_seconds)
    if now < again_at:
        return LimitDecision(Contact.OPEN, "limit.waiting", {}, again_at)
    return LimitDecision(Contact.CLOSED, "limit.again", {"limit_w": limit_w})


def _while_closed(limit_w: int, samples: tuple[Sample, ...], policy: LimitPolicy, now: datetime) -> LimitDecision:
    params = {"limit_w": limit_w}
    if not samples or now - samples[-1].at > timedelta(seconds=policy.sample_age_seconds_max):
        return LimitDecision(Contact.CLOSED, "limit.stale")
    since = _above_since(limit_w + limit_w * policy.tolerance_per_mille // 1000, samples)
    if since is None:
        return LimitDecision(Contact.CLOSED, "limit.within", params)
    trip_at = since + timedelta(seconds=policy.over_seconds)
    if samples[-1].at < trip_at:
        return LimitDecision(Contact.CLOSED, "limit.short", params, trip_at)
    return LimitDecision(Contact.OPEN, "limit.exceeded", params)


def _above_since(allowed_w: int, samples: tuple[Sample, ...]) -> datetime | None:
    """Return when the unbroken run of samples above the limit began, or None when the last one is within it."""
    since = None
    for sample in reversed(samples):
        if sample.power_w <= allowed_w:
            break
        since = sample.at
    return since
