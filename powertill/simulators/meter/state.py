"""Everything a simulated meter remembers, as plain numbers that go into its memory and come back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .setup import MeterSetup

RECORDS_MAX = 10


@dataclass(slots=True)
class State:
    """Moments are whole epoch seconds. `balance_milli` is 1/1000 minor and negative in overdraft."""

    clock_error_s: int = 0
    at: int | None = None
    # energy: Wh and what is left over in watt-seconds
    import_wh: int = 0
    import_rest_ws: int = 0
    export_wh: int = 0
    export_rest_ws: int = 0
    band_wh: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    # purse
    balance_milli: int = 0
    price_rest: int = 0
    period: str = ""
    period_wh: int = 0
    count: int = 0
    purse_writes: int = 0
    opened: bool = False
    customer: str = ""
    cumulative_minor: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    frozen_minor: int | None = None
    # relay
    contact_open: bool = False
    remote_open: bool = False
    credit_open: bool = False
    power_open: bool = False
    permit: bool = False
    keep: bool = False
    alarm_on: bool = False
    trip_due: int | None = None
    over_since: int | None = None
    cut_reason: str = ""
    trips: int = 0
    closes: int = 0
    covers: int = 0
    power_downs: int = 0
    # who may talk to it
    session: str = ""
    session_until: int = 0
    authentications: int = 0
    failures: int = 0
    failures_day: str = ""
    password_failures: int = 0
    password_day: str = ""
    broadcast_day: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    tables: dict[str, Any] | None = None

    @property
    def balance_minor(self) -> int:
        """Whole minor units, rounded down: a started unit of overdraft counts as one."""
        return self.balance_milli // 1000

    @property
    def remaining_minor(self) -> int:
        return max(0, self.balance_minor)

    @property
    def overdraft_minor(self) -> int:
        return max(0, -self.balance_minor)


def fresh(setup: MeterSetup) -> State:
    """Return the state of a meter that has just left the workshop."""
    state = State(clock_error_s=setup.clock_error_s, import_wh=setup.first_import_wh)
    state.band_wh[0] = setup.first_import_wh
    state.parameters = {
        "alarm_1": setup.alarm_minor[0],
        "alarm_2": setup.alarm_minor[1],
        "overdraft_limit": setup.overdraft_limit_minor,
        "hoarding_limit": setup.hoarding_limit_minor,
        "close_permission": setup.close_permission_minor,
        "trip_delay": setup.trip_delay_minutes,
        "power_w_max": setup.power_w_max,
    }
    return state


def to_dict(state: State) -> dict[str, Any]:
    return asdict(state)


def from_dict(kept: Mapping[str, Any]) -> State:
    """Return the state that was saved; fields that a newer program added keep their first value."""
    known = {part.name for part in fields(State)}
    return State(**{name: value for name, value in kept.items() if name in known})
