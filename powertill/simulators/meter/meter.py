"""A simulated prepaid meter: it measures a load, keeps a purse and a switch, and answers DL/T 645 frames."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from . import commands, prices, relay
from .memory import Memory
from .setup import Lie, MeterSetup, Tables
from .state import State, fresh, from_dict, to_dict

Load = Callable[[datetime], tuple[int, ...]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP_S = 60
SAVE_S = 15 * 60
ADVANCE_S_MAX = 400 * 86_400
HOUR_S = 3600


class SimulatedMeter:
    """One meter. `load` gives signed W for each phase at a moment (negative feeds back).

    Time is given to it: `advance(now)` measures up to `now` in steps of at most a minute, and what
    happens in between (a tariff switch, the cut at zero, a delayed trip) happens at its own moment.
    """

    def __init__(self, setup: MeterSetup, load: Load, memory: Memory | None = None) -> None:
        self.setup: MeterSetup = setup
        self.load = load
        self.memory = memory or Memory()
        kept = self.memory.load()
        self.state: State = from_dict(kept) if kept else fresh(setup)
        self.tables: Tables = _tables(self.state.tables) if self.state.tables else setup.tables
        self.lies: set[Lie] = set()
        self.watts: tuple[int, ...] = (0,) * setup.phases
        self._zone = ZoneInfo(setup.zone)
        self._moment: prices.Moment | None = None
        self._saved_at = self.state.at or 0
        self._saved = self._purse_and_relay()

    @property
    def address(self) -> str:
        return self.setup.address

    @property
    def alarm_level(self) -> int:
        """Return 0, 1 or 2: how many of the two alarm amounts the purse has fallen to."""
        levels = (self.state.parameters["alarm_1"], self.state.parameters["alarm_2"])
        return sum(self.state.balance_minor <= level for level in levels) if self.setup.prepaid else 0

    @property
    def powered(self) -> bool:
        """Return True while the customer has electricity: what a person in the room sees, lies or not."""
        return not self.state.contact_open or Lie.WELDED in self.lies

    def advance(self, now: datetime) -> None:
        """Measure up to `now`, events included. A moment in the past changes nothing."""
        target = _seconds(now)
        state = self.state
        if state.at is None:
            state.at = target
        if target - state.at > ADVANCE_S_MAX:
            raise ValueError(f"{target - state.at} seconds are too many for one advance")
        while True:  # ends: each turn moves `state.at`, by at least a second, towards the target
            self._events(state.at)
            if state.at >= target:
                break
            end = min(target, self._step_end(state.at))
            self._measure(end - state.at)
            state.at = end
        self._save_when_due()

    def handle(self, frame: bytes, now: datetime) -> bytes | None:
        """Take one frame at `now` and return the answer; None where a meter stays silent.

        What the frame changed is saved before this returns, so no answer runs ahead of the memory.
        """
        self.advance(now)
        answer = commands.reply(self, frame)
        self._events(self._at())
        self._save(changed_only=True)
        return answer

    def press_button(self, now: datetime) -> bool:
        """A person presses the button. Return True when that closed the contact."""
        self.advance(now)
        closed = relay.press(self.state)
        self._save(changed_only=True)
        return closed

    def open_cover(self, now: datetime) -> None:
        """Someone opens the cover; the meter counts it."""
        self.advance(now)
        self.state.covers += 1
        self._save()

    def lose_mains(self, since: datetime, until: datetime) -> None:
        """The mains is off between two moments: nothing is measured, the event is counted."""
        self.advance(since)
        self.state.at = max(self._at(), _seconds(until))
        self.state.power_downs += 1
        self._save()

    def program(self, tables: Tables, now: datetime) -> None:
        """Take new prices and times from `now` on."""
        self.advance(now)
        self.tables, self.state.tables, self._moment = tables, asdict(tables), None
        self._save()

    def set_power_limit(self, power_w_max: int, now: datetime) -> None:
        """Take a new power limit in W; 0: none."""
        self.advance(now)
        self.state.parameters["power_w_max"] = power_w_max
        self._save()

    def set_clock(self, local: datetime) -> None:
        """Set the meter's own clock, which from now on runs beside the true one."""
        self.state.clock_error_s = _seconds(local) - self._at()
        self._moment = None

    def clock_s(self) -> int:
        """Return the meter's clock in epoch seconds."""
        return self._at() + self.state.clock_error_s

    def local_clock(self) -> datetime:
        return datetime.fromtimestamp(self.clock_s(), self._zone)

    def tariff(self) -> int:
        """Return the number of the tariff now, 1..4."""
        clock = self.clock_s()
        if self._moment is None or clock >= self._moment.until:
            self._moment = prices.moment(self.tables, clock, self._zone)
            if self._moment.period != self.state.period:
                self.state.period, self.state.period_wh = self._moment.period, 0
        return self._moment.tariff

    def currents_ma(self) -> tuple[int, ...]:
        """Return the signed current of each phase."""
        return tuple(_current_ma(watt, self.setup.voltage_mv) for watt in self.watts)

    def _events(self, at: int) -> None:
        """Look at the load, and let the purse and the power limit move the switch."""
        self._sense(at)
        relay.watch_power(self.state, self.setup, at, sum(self.watts))
        relay.watch_credit(self.state, self.setup)
        was_open = self.state.contact_open
        relay.settle(self.state, self.setup, at, self._current_max() if relay.wants_open(self.state) else 0)
        if self.state.contact_open != was_open:
            self._sense(at)

    def _sense(self, at: int) -> None:
        if self.powered:
            self.watts = self.load(datetime.fromtimestamp(at, UTC))
        else:
            self.watts = (0,) * self.setup.phases

    def _current_max(self) -> int:
        return max(map(abs, self.currents_ma()))

    def _step_end(self, at: int) -> int:
        """Return the end of the step from `at`: the full minute, or an event before it."""
        self.tariff()
        assert self._moment is not None
        ends = [at - at % STEP_S + STEP_S, self._moment.until - self.state.clock_error_s]
        if self.state.trip_due is not None:
            ends.append(self.state.trip_due)
        if self.state.over_since is not None:
            ends.append(self.state.over_since + self.setup.power_delay_s)
        return min(end for end in ends if end > at)

    def _measure(self, seconds: int) -> None:
        """Count the energy of one step: whole Wh, the rest in watt-seconds for the next."""
        state, power = self.state, sum(self.watts)
        if power > 0:
            wh, state.import_rest_ws = divmod(power * seconds + state.import_rest_ws, HOUR_S)
            state.import_wh += wh
            state.band_wh[self.tariff() - 1] += wh
            if wh and self.setup.prepaid:
                prices.charge(state, self.tables, wh, self.tariff())
        elif power < 0:
            wh, state.export_rest_ws = divmod(-power * seconds + state.export_rest_ws, HOUR_S)
            state.export_wh += wh

    def _save_when_due(self) -> None:
        self._save(changed_only=self._at() - self._saved_at < SAVE_S)

    def _save(self, *, changed_only: bool = False) -> None:
        now = self._purse_and_relay()
        if changed_only and now == self._saved:
            return
        self.memory.save(to_dict(self.state))
        self._saved, self._saved_at = now, self._at()

    def _purse_and_relay(self) -> tuple[object, ...]:
        """Return all that must never be lost; energy, and the credit that it uses, may wait."""
        s = self.state
        relay_now = (s.contact_open, s.remote_open, s.credit_open, s.power_open, s.permit, s.keep, s.trip_due, s.trips)
        purse_now = (s.purse_writes, s.count, s.customer, s.authentications, s.failures)
        return (*relay_now, *purse_now, s.closes, s.password_failures, s.clock_error_s, *s.parameters.values())

    def _at(self) -> int:
        assert self.state.at is not None, "advance the meter to a first moment"
        return self.state.at


def _tables(kept: Mapping[str, Any]) -> Tables:
    """Return tables that came back from JSON, where every tuple is a list."""
    return Tables(**{name: _frozen(value) for name, value in kept.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list | tuple) else value


def _current_ma(watt: int, voltage_mv: int) -> int:
    current = abs(watt) * 1_000_000 // voltage_mv
    return -current if watt < 0 else current


def _seconds(at: datetime) -> int:
    """Return whole epoch seconds; a started second is measured by the next step."""
    return (at - EPOCH) // timedelta(seconds=1)
