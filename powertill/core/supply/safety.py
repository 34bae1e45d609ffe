"""Cuts for safety: dangers that open a supply at once, whatever its credit, and that a person must lift."""

from dataclasses import dataclass, field
from typing import Any

from powertill.core.errors import Sentence
from powertill.core.ports import Contact

# gettext messages; one per reason code of a decision.
REASONS: dict[str, str] = {
    "safety.ok": "No danger is known.",
    "safety.short_circuit": "Supply is off: a short circuit was reported. An electrician must look first.",
    "safety.fire": "Supply is off: fire or smoke was reported. An electrician must look first.",
    "safety.leakage": "Supply is off: current is leaking to earth. An electrician must look first.",
    "safety.over_current": "Supply is off: %(current_ma)s mA flowed, and the connection carries %(current_ma_max)s mA.",
    "safety.over_heat": "Supply is off: the terminals are at %(celsius)s °C. An electrician must look.",
    "safety.fed_from_behind": "Supply stays off: there is voltage on the customer's side, perhaps a generator.",
    "safety.still_live": "The switch reports open and current still flows: treat all as live; a person must look.",
    "safety.not_lifted": "Supply stays off until a person has inspected it and lifted the safety cut.",
}
ALARMS = ("short_circuit", "fire", "leakage")  # most dangerous first; the names are those of alarm events
STILL_LIVE_MA = 500  # below this a current transformer only hears noise
STILL_LIVE_W = 100  # the same, for meters of which only the power was read


@dataclass(frozen=True, slots=True)
class SafetyLimits:
    """What the connection carries: current per phase in mA, and the terminals' temperature."""

    current_ma_max: int
    over_per_mille: int = 1200
    celsius_max: int = 85


@dataclass(frozen=True, slots=True)
class SafetyFacts:
    """What was seen. `alarms` are names of reported events; `standing` is a safety cut that nobody has lifted."""

    current_ma: tuple[int | None, ...] = ()
    celsius: int | None = None
    alarms: frozenset[str] = frozenset()
    load_side_voltage: bool = False
    relay: Contact | None = None
    standing: bool = False


@dataclass(frozen=True, slots=True)
class SafetyDecision:
    """`relay` OPEN overrides every other rule; CLOSED only means that safety does not object."""

    relay: Contact
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    needs_person: bool = False

    @property
    def reason(self) -> Sentence:
        """Return the reason as a sentence that can be translated."""
        return Sentence(REASONS[self.code], **self.params)


def decide(facts: SafetyFacts, limits: SafetyLimits) -> SafetyDecision:
    """Return whether safety demands that the supply is open; the greatest danger gives the reason."""
    for alarm in ALARMS:
        if alarm in facts.alarms:
            return _open(f"safety.{alarm}")
    current_ma = max((abs(value) for value in facts.current_ma if value is not None), default=0)
    if is_still_live(facts.relay, current_ma=facts.current_ma):
        return _open("safety.still_live")
    if current_ma > limits.current_ma_max * limits.over_per_mille // 1000:
        return _open("safety.over_current", current_ma=current_ma, current_ma_max=limits.current_ma_max)
    if facts.celsius is not None and facts.celsius > limits.celsius_max:
        return _open("safety.over_heat", celsius=facts.celsius)
    if facts.relay is Contact.OPEN and facts.load_side_voltage:
        return _open("safety.fed_from_behind")
    return _open("safety.not_lifted") if facts.standing else SafetyDecision(Contact.CLOSED, "safety.ok")


def is_still_live(
    relay: Contact | None, *, current_ma: tuple[int | None, ...] = (), power_w: int | None = None
) -> bool:
    """Tell whether load flows through a switch that reads open: danger, or theft."""
    flows_ma = max((abs(value) for value in current_ma if value is not None), default=0)
    return relay is Contact.OPEN and (flows_ma > STILL_LIVE_MA or abs(power_w or 0) > STILL_LIVE_W)


def _open(code: str, **params: Any) -> SafetyDecision:
    return SafetyDecision(Contact.OPEN, code, params, needs_person=True)
