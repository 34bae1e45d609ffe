"""A delivery follows its table; only evidence ends what is unknown, and only what is due may be reversed."""

from itertools import product

import pytest

from powertill.core.delivery import NEXT, TERMINAL, Event, State, advance, conclude, may_reverse
from powertill.core.errors import Refusal
from powertill.core.ports import CreditSeen

EVIDENCE = {Event.MOVED_AS_ORDERED: State.ON_METER, Event.NOT_MOVED: State.DUE, Event.MOVED_OTHERWISE: State.PERSON}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_is_in_the_table_or_refused(state: State, event: Event) -> None:
    if (state, event) in NEXT:
        assert advance(state, event) is NEXT[state, event]
        return
    with pytest.raises(Refusal) as refusal:
        advance(state, event)
    assert refusal.value.code == "delivery.step"


def test_only_what_is_due_may_be_reversed() -> None:
    assert [state for state in State if may_reverse(state)] == [State.DUE]


def test_an_order_leaves_only_from_due() -> None:
    assert [state for state, event in NEXT if event is Event.SEND] == [State.DUE]


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN, State.REFUSED])
def test_what_left_ends_by_evidence(state: State) -> None:
    assert {event: advance(state, event) for event in EVIDENCE} == EVIDENCE


@pytest.mark.parametrize("state", list(TERMINAL))
def test_an_end_is_an_end(state: State) -> None:
    assert not [pair for pair in NEXT if pair[0] is state]


def test_every_state_can_reach_an_end() -> None:
    reached = set(TERMINAL)
    for _step in State:
        reached |= {state for (state, _event), after in NEXT.items() if after in reached}
    assert reached == set(State)


def seen(remaining: int, count: int, *, overdraft: int = 0, last: int | None = None, owner: str = "1") -> CreditSeen:
    return CreditSeen(remaining, overdraft, count, last_amount_minor=last, customer_number=owner)


BEFORE = seen(1000, 4, last=700)
CASES = [
    ("the count and the purse rose", seen(6000, 5, last=5000), Event.MOVED_AS_ORDERED),
    ("some was used in between", seen(5900, 5, last=5000), Event.MOVED_AS_ORDERED),
    ("all was used in between", seen(10, 5, last=5000), Event.MOVED_AS_ORDERED),
    ("the meter keeps no last amount", seen(5900, 5), Event.MOVED_AS_ORDERED),
    ("the meter keeps no last amount and the purse fell", seen(900, 5), Event.MOVED_OTHERWISE),
    ("nothing happened", seen(1000, 4, last=700), Event.NOT_MOVED),
    ("only use happened", seen(900, 4, last=700), Event.NOT_MOVED),
    ("the purse rose without a purchase", seen(1001, 4, last=700), Event.MOVED_OTHERWISE),
    ("another amount was bought", seen(6000, 5, last=4999), Event.MOVED_OTHERWISE),
    ("more arrived than was ordered", seen(6001, 5, last=5000), Event.MOVED_OTHERWISE),
    ("two purchases happened", seen(11000, 6, last=5000), Event.MOVED_OTHERWISE),
    ("the count fell", seen(1000, 3, last=700), Event.MOVED_OTHERWISE),
    ("another customer's meter answered", seen(6000, 5, last=5000, owner="2"), Event.MOVED_OTHERWISE),
]


@pytest.mark.parametrize(("what", "after", "event"), CASES, ids=[case[0] for case in CASES])
def test_the_purse_tells_what_happened(what: str, after: CreditSeen, event: Event) -> None:
    assert conclude(before=BEFORE, after=after, amount_minor=5000) is event


def test_an_overdraft_is_repaid_first() -> None:
    before, after = seen(0, 4, overdraft=800), seen(4200, 5, last=5000)
    assert conclude(before=before, after=after, amount_minor=5000) is Event.MOVED_AS_ORDERED


def test_the_first_purchase_teaches_the_meter_its_customer() -> None:
    before, after = seen(0, 0, owner="000000"), seen(5000, 1, last=5000, owner="77")
    assert conclude(before=before, after=after, amount_minor=5000) is Event.MOVED_AS_ORDERED
