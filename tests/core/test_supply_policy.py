"""A policy is read strictly, written back equal, and told in sentences."""

from datetime import time
from typing import Any

import pytest

from powertill.core.errors import Refusal
from powertill.core.supply.policy import Policy, from_terms, to_sentences, to_terms

TERMS: dict[str, Any] = {
    "code": "cn-home",
    "name": "Homes",
    "warn_minor": [3000, 1000],
    "overdraft_minor": 500,
    "protected": ["18:00", "08:00"],
    "weekends": False,
    "quiet": None,
    "reclose": "direct",
}


def test_terms_become_a_policy_and_back() -> None:
    policy = from_terms(TERMS)
    assert policy.protected == (time(18), time(8))
    assert (policy.overdraft_minor, policy.quiet, policy.weekends, policy.holidays) == (500, None, False, True)
    assert from_terms(to_terms(policy)) == policy


def test_the_default_is_strict() -> None:
    policy = Policy("x", "X")
    assert (policy.weekends, policy.holidays, policy.overdraft_minor, policy.reclose) == (True, True, 0, "permit")


@pytest.mark.parametrize(
    "change",
    [
        {"warn_minor": [1000, 3000]},
        {"warn_minor": [1000]},
        {"protected": ["18:00"]},
        {"protected": ["24:00", "08:00"]},
        {"protected": ["08:00", "08:00"]},
        {"quiet": "night"},
        {"notice_hours": -1},
        {"notice_hours": 1.5},
        {"notice_hours": True},
        {"weekends": "yes"},
        {"reclose": "perhaps"},
        {"name": ""},
        {"code": None},
        {"protectd": None},
    ],
)
def test_bad_terms_are_refused_with_their_field(change: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refusal:
        from_terms(TERMS | change)
    assert refusal.value.params["field"] in change


def test_the_policy_is_told_in_sentences() -> None:
    text = " ".join(to_sentences(from_terms(TERMS)))
    assert "below 30.00 and again below 10.00" in text
    assert "Nobody is cut between 18:00 and 08:00." in text
    assert "overdrawn by 5.00" in text
    assert "%(" not in text
    assert all(sentence.msgid for sentence in to_sentences(Policy("x", "X")))
