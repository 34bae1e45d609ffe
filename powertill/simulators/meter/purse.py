"""The purse of a simulated meter: opening, recharge, refund and preset, with the rules of Q/GDW 365.

Each function returns the SERR word of the answer: 0 when the money was taken.
"""

from .state import RECORDS_MAX, State

OTHER, REPEAT, ESAM, AUTHENTICATION, CUSTOMER, COUNT, OVER_LIMIT = (1 << bit for bit in range(7))
SUSPENDED = 1 << 8


def open_account(state: State, *, amount_minor: int, count: int, customer: str, at: str) -> int:
    """Store the customer number with the first purchase; the meter must not be opened and count 0."""
    if state.opened:
        return _refusal(state, count, customer) or OTHER
    if count != 1:
        return COUNT
    if _over_limit(state, amount_minor):
        return OVER_LIMIT
    state.opened, state.customer = True, customer
    _add(state, amount_minor, at)
    return 0


def recharge(state: State, *, amount_minor: int, count: int, customer: str, at: str) -> int:
    """Add money: count must be the last one plus one; overdraft is repaid first because the balance is signed."""
    if not state.opened:
        return OTHER
    refusal = _refusal(state, count, customer)
    if refusal:
        return refusal
    if _over_limit(state, amount_minor):
        return OVER_LIMIT
    _add(state, amount_minor, at)
    return 0


def refund(state: State, *, amount_minor: int, count: int, customer: str, at: str) -> int:
    """Take money out; it moves the count like a purchase and is recorded apart."""
    refusal = OTHER if not state.opened else _refusal(state, count, customer)
    if refusal:
        return refusal
    if amount_minor > state.remaining_minor:
        return OTHER
    before = state.remaining_minor
    state.balance_milli -= 1000 * amount_minor
    state.purse_writes += 1
    state.count = count
    _record(state.refunds, at, count, amount_minor, before, state.remaining_minor, 0)
    return 0


def preset(state: State, *, amount_minor: int, count: int) -> int:
    """Set the purse of a meter that nobody has opened yet; afterwards it is refused."""
    if state.opened or state.count or count:
        return COUNT
    state.balance_milli, state.price_rest = 1000 * amount_minor, 0
    state.purse_writes += 1
    return 0


def _refusal(state: State, count: int, customer: str) -> int:
    if customer != state.customer:
        return CUSTOMER
    if count == state.count:
        return REPEAT
    return 0 if count == state.count + 1 else COUNT


def _over_limit(state: State, amount_minor: int) -> bool:
    limit = state.parameters["hoarding_limit"]
    return bool(limit) and state.balance_minor + amount_minor > limit


def _add(state: State, amount_minor: int, at: str) -> None:
    before = state.remaining_minor
    state.balance_milli += 1000 * amount_minor
    state.purse_writes += 1
    state.count += 1
    state.cumulative_minor += amount_minor
    _record(state.records, at, state.count, amount_minor, before, state.remaining_minor, state.cumulative_minor)


def _record(records: list[dict[str, int | str]], at: str, *numbers: int) -> None:
    names = ("count", "amount", "before", "after", "cumulative")
    records.insert(0, {"at": at, **dict(zip(names, numbers, strict=True))})
    del records[RECORDS_MAX:]
