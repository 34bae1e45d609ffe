"""The state table of bringing credit to a meter: a lost answer is unknown, and only evidence ends it."""

from enum import StrEnum

from powertill.core.errors import Refusal
from powertill.core.ports import CreditSeen

MAX_TRIES = 3  # orders sent for one delivery before a person must look


class State(StrEnum):
    """Where credit is on its way to a meter."""

    DUE = "due"  # nothing has left yet
    SENT = "sent"  # an order may be on its way; written down before the first byte leaves
    UNKNOWN = "unknown"  # no usable answer: look before doing anything
    REFUSED = "refused"  # the device said no: look, because some apply a part of what they refuse
    PERSON = "person"  # the evidence does not fit, or tries are used up
    ON_METER = "on_meter"  # proven by read-back
    REVERSED = "reversed"
    NOT_NEEDED = "not_needed"  # the credit lives on the account, not in the meter


class Event(StrEnum):
    """What happens to a delivery; the three about moving are evidence from the meter."""

    SEND = "send"
    LOSE = "lose"
    REFUSE = "refuse"
    MOVED_AS_ORDERED = "moved_as_ordered"
    NOT_MOVED = "not_moved"
    MOVED_OTHERWISE = "moved_otherwise"
    GIVE_UP = "give_up"
    REVERSE = "reverse"
    SKIP = "skip"


TERMINAL = frozenset({State.ON_METER, State.REVERSED, State.NOT_NEEDED})

NEXT: dict[tuple[State, Event], State] = {
    (State.DUE, Event.SEND): State.SENT,
    (State.DUE, Event.SKIP): State.NOT_NEEDED,
    (State.DUE, Event.REVERSE): State.REVERSED,
    (State.DUE, Event.GIVE_UP): State.PERSON,
    (State.SENT, Event.LOSE): State.UNKNOWN,
    (State.SENT, Event.REFUSE): State.REFUSED,
    (State.SENT, Event.MOVED_AS_ORDERED): State.ON_METER,
    (State.SENT, Event.NOT_MOVED): State.DUE,
    (State.SENT, Event.MOVED_OTHERWISE): State.PERSON,
    (State.UNKNOWN, Event.LOSE): State.UNKNOWN,
    (State.UNKNOWN, Event.MOVED_AS_ORDERED): State.ON_METER,
    (State.UNKNOWN, Event.NOT_MOVED): State.DUE,
    (State.UNKNOWN, Event.MOVED_OTHERWISE): State.PERSON,
    (State.UNKNOWN, Event.GIVE_UP): State.PERSON,
    (State.REFUSED, Event.LOSE): State.REFUSED,
    (State.REFUSED, Event.MOVED_AS_ORDERED): State.ON_METER,
    (State.REFUSED, Event.NOT_MOVED): State.DUE,
    (State.REFUSED, Event.MOVED_OTHERWISE): State.PERSON,
    (State.REFUSED, Event.GIVE_UP): State.PERSON,
    # A person decides with evidence of their own: the credit is on the meter, or it is certain that it is not.
    (State.PERSON, Event.MOVED_AS_ORDERED): State.ON_METER,
    (State.PERSON, Event.NOT_MOVED): State.DUE,
}


def advance(state: State, event: Event) -> State:
    """Return the next state, or refuse (`delivery.step`) what the table does not allow."""
    if (state, event) not in NEXT:
        raise Refusal("delivery.step", state=state.value, event=event.value)
    return NEXT[state, event]


def may_reverse(state: State) -> bool:
    """Tell whether the sale behind this delivery may still be reversed: only before anything has left."""
    return (state, Event.REVERSE) in NEXT


def conclude(*, before: CreditSeen, after: CreditSeen, amount_minor: int) -> Event:
    """Compare the purse before and after an order and say what happened, from the meter's own evidence.

    The purse may have fallen in between, because the customer uses electricity; it cannot rise by itself.
    """
    gained_minor = _net_minor(after) - _net_minor(before)
    if _owner_changed(before, after):
        return Event.MOVED_OTHERWISE
    if after.purchase_count == before.purchase_count:
        return Event.NOT_MOVED if gained_minor <= 0 else Event.MOVED_OTHERWISE
    one_more = after.purchase_count == before.purchase_count + 1
    if one_more and gained_minor <= amount_minor and _amount_fits(after, gained_minor, amount_minor):
        return Event.MOVED_AS_ORDERED
    return Event.MOVED_OTHERWISE


def _net_minor(seen: CreditSeen) -> int:
    return seen.remaining_minor - seen.overdraft_minor


def _owner_changed(before: CreditSeen, after: CreditSeen) -> bool:
    if before.purchase_count == 0 or not before.customer_number or not after.customer_number:
        return False  # a meter learns its customer's number from the first purchase
    return before.customer_number != after.customer_number


def _amount_fits(after: CreditSeen, gained_minor: int, amount_minor: int) -> bool:
    if after.last_amount_minor is not None:
        return after.last_amount_minor == amount_minor
    # Without a record of the purchase, a purse that did not rise proves nothing.
    return gained_minor > 0
