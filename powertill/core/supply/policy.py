"""A supply policy as dated terms: when to warn, when a cut is lawful, how supply comes back, and its text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, Literal, cast

from powertill.core.errors import Refusal, Sentence
from powertill.core.money import format_minor

Hours = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Policy:
    """What one jurisdiction or operator allows. The defaults are strict; amounts are minor units."""

    code: str
    name: str
    warn_minor: tuple[int, int] = (3000, 1000)
    overdraft_minor: int = 0
    protected: Hours | None = (time(18), time(10))  # nobody is cut in these daily hours, local time
    weekends: bool = True  # True: nobody is cut on Saturday and Sunday
    holidays: bool = True  # True: nobody is cut on a public holiday
    notice_hours: int = 12
    last_call_minutes: int = 30
    reading_age_minutes_max: int = 90
    reconnect_above_minor: int = 0
    reclose: Literal["permit", "direct"] = "permit"
    quiet: Hours | None = (time(21), time(8))  # ordinary messages wait until these hours end


FIELDS = frozenset(Policy.__dataclass_fields__)
COUNTS = ("overdraft_minor", "notice_hours", "last_call_minutes", "reading_age_minutes_max", "reconnect_above_minor")


def from_terms(terms: Mapping[str, Any]) -> Policy:
    """Build a policy from its terms (JSON or YAML); refuse what is not understood (`supply.policy`).

    Hours are written ["18:00", "10:00"], or null for none.
    """
    where = str(terms.get("code", "policy"))
    for field in terms:
        if field not in FIELDS:
            raise _refusal(where, field, terms[field])
    given = dict(terms)
    for field in ("protected", "quiet"):
        if field in given:
            given[field] = _hours(where, field, given[field])
    if "warn_minor" in given:
        given["warn_minor"] = _warn(where, given["warn_minor"])
    _check_simple(where, given)
    return Policy(**given)


def to_terms(policy: Policy) -> dict[str, Any]:
    """Return the terms that `from_terms` reads back to an equal policy."""
    terms: dict[str, Any] = {field: getattr(policy, field) for field in Policy.__dataclass_fields__}
    for field in ("protected", "quiet"):
        hours = cast(Hours | None, terms[field])
        terms[field] = [f"{at:%H:%M}" for at in hours] if hours else None
    terms["warn_minor"] = list(policy.warn_minor)
    return terms


def to_sentences(policy: Policy, *, exponent: int = 2) -> tuple[Sentence, ...]:
    """Return the policy as sentences that staff and customers read; each can be translated by its `msgid`."""
    first, second, above = (
        format_minor(minor, exponent=exponent) for minor in (*policy.warn_minor, policy.reconnect_above_minor)
    )
    minutes, age = policy.last_call_minutes, policy.reading_age_minutes_max
    said = [
        Sentence("We warn you when credit is below %(first)s and again below %(second)s.", first=first, second=second),
        _overdraft(policy, exponent),
        *_protected(policy),
        Sentence("A cut needs a warning delivered at least %(hours)s hours before.", hours=policy.notice_hours),
        Sentence("A last call is delivered at least %(minutes)s minutes before a cut.", minutes=minutes),
        Sentence(
            "Nobody is cut on a reading older than %(minutes)s minutes, or when we do not know the calendar.",
            minutes=age,
        ),
        Sentence("Supply comes back when credit is above %(above)s.", above=above),
        Sentence("For safety, a person at the meter switches the supply on again.")
        if policy.reclose == "permit"
        else Sentence("The supply switches on again by itself: keep appliances safe."),
    ]
    return tuple(said)


def _overdraft(policy: Policy, exponent: int) -> Sentence:
    if policy.overdraft_minor == 0:
        return Sentence("Supply may be cut when the credit is used up.")
    amount = format_minor(policy.overdraft_minor, exponent=exponent)
    return Sentence("Supply may be cut when the credit is overdrawn by %(amount)s.", amount=amount)


def _protected(policy: Policy) -> list[Sentence]:
    said = []
    if policy.protected:
        start, end = policy.protected
        said.append(
            Sentence("Nobody is cut between %(start)s and %(end)s.", start=f"{start:%H:%M}", end=f"{end:%H:%M}")
        )
    if policy.weekends:
        said.append(Sentence("Nobody is cut on a Saturday or Sunday."))
    if policy.holidays:
        said.append(Sentence("Nobody is cut on a public holiday."))
    return said


def _check_simple(where: str, given: Mapping[str, Any]) -> None:
    for field in ("code", "name"):
        if not isinstance(given.get(field), str) or not given[field]:
            raise _refusal(where, field, given.get(field))
    for field in COUNTS:
        if field in given and (type(given[field]) is not int or given[field] < 0):
            raise _refusal(where, field, given[field])
    for field in ("weekends", "holidays"):
        if field in given and not isinstance(given[field], bool):
            raise _refusal(where, field, given[field])
    if given.get("reclose", "permit") not in ("permit", "direct"):
        raise _refusal(where, "reclose", given["reclose"])


def _warn(where: str, value: object) -> tuple[int, int]:
    match value:
        case [int(first), int(second)] if first > second >= 0:
            return first, second
    raise _refusal(where, "warn_minor", value)


def _hours(where: str, field: str, value: object) -> Hours | None:
    if value is None:
        return None
    match value:
        case [str(start), str(end)]:
            if all(re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text) for text in (start, end)) and start != end:
                return time.fromisoformat(start), time.fromisoformat(end)
    raise _refusal(where, field, value)


def _refusal(where: str, field: str, value: object) -> Refusal:
    return Refusal("supply.policy", where=where, field=field, value=value)
