"""The switch of a simulated meter: who wants it open, when it moves, and who may close it again.

Three latches want it open: a remote trip, an empty purse, too much power. Keep-power overrides all
of them; when it ends, a latch that is still set opens the contact. Closing after a cut takes a
person: the meter gives permission and waits for the button, unless it is set to close directly.
"""

from .setup import MeterSetup
from .state import State


def wants_open(state: State) -> bool:
    return not state.keep and (state.remote_open or state.credit_open or state.power_open)


def is_commanded_open(state: State) -> bool:
    """Return what bit 6 of the run status shows."""
    return wants_open(state)


def watch_credit(state: State, setup: MeterSetup) -> None:
    """Set the credit latch at the cut level; a purchase clears it once there is credit enough to close."""
    if not setup.prepaid:
        return
    if state.balance_milli <= -1000 * state.parameters["overdraft_limit"]:
        state.credit_open = True
    elif state.credit_open and 0 < state.balance_minor >= state.parameters["close_permission"]:
        state.credit_open = False
        release(state, close=setup.reclose == "direct")


def watch_power(state: State, setup: MeterSetup, at: int, power_w: int) -> None:
    """Latch when the power has been over its limit for the whole delay."""
    limit = state.parameters["power_w_max"]
    if not limit or power_w <= limit or state.contact_open:
        # Also an overload that keep-power has let pass is forgotten when it is over.
        state.over_since, state.power_open = None, False
        return
    if state.over_since is None:
        state.over_since = at
    if at - state.over_since >= setup.power_delay_s:
        state.power_open = True


def settle(state: State, setup: MeterSetup, at: int, current_ma: int) -> bool:
    """Move the contact if it is time to. Return True when it opened."""
    if not wants_open(state):
        state.trip_due = None
        return False
    state.permit = False
    if state.contact_open:
        return False
    if state.trip_due is None:
        state.trip_due = at + 60 * state.parameters["trip_delay"]
    if state.credit_open or state.power_open:
        state.trip_due = min(state.trip_due, at)  # The delay is for remote orders only.
    if at < state.trip_due or _waits_for_current(state, setup, at, current_ma):
        return False
    _open(state)
    return True


def trip(state: State, setup: MeterSetup, at: int, current_ma: int) -> bool:
    """Take a remote trip. Return False when keep-power refuses it."""
    if state.keep:
        return False
    state.remote_open = True
    settle(state, setup, at, current_ma)
    return True


def let_close(state: State, *, close: bool) -> bool:
    """Take a remote close, direct or by the button. Return False while the purse forbids it."""
    if state.credit_open and not state.keep:
        return False
    state.remote_open = state.power_open = False
    state.trip_due = None
    release(state, close=close)
    return True


def keep_power(state: State, setup: MeterSetup, *, on: bool) -> None:
    """Switch keep-power. An open contact gets permission, not power: nobody may be there."""
    state.keep = on
    if on:
        release(state, close=setup.keep_power_closes)


def release(state: State, *, close: bool) -> None:
    """Close an open contact, or permit the button to; not while another latch wants it open."""
    if not state.contact_open or wants_open(state):
        return
    state.permit = True
    if close:
        press(state)


def press(state: State) -> bool:
    """Close the contact if that is permitted. Return True when it closed."""
    if not state.contact_open or not state.permit or wants_open(state):
        return False
    state.contact_open = state.permit = False
    state.cut_reason = ""
    state.over_since = None
    state.closes += 1
    return True


def _open(state: State) -> None:
    reasons = (("remote", state.remote_open), ("credit", state.credit_open), ("power", state.power_open))
    state.cut_reason = next(name for name, wanted in reasons if wanted)
    state.contact_open = True
    state.trip_due = None
    state.trips += 1
    if state.power_open:
        # The overload ended with the supply: from here it is the customer's turn, with the button.
        state.power_open = False
        state.over_since = None
        state.permit = not wants_open(state)


def _waits_for_current(state: State, setup: MeterSetup, at: int, current_ma: int) -> bool:
    """Return True while the contacts would burn: the current is high and the longest wait is not over."""
    assert state.trip_due is not None
    too_high = 0 < setup.defer_above_ma <= current_ma
    return too_high and at < state.trip_due + 60 * setup.defer_minutes_max
