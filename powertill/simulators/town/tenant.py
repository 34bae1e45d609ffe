"""The person at one meter: sees the lamp that permits closing, and presses the button 20 seconds later."""

from datetime import UTC, datetime, timedelta

from powertill.simulators.meter import SimulatedMeter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REACTION_S = 20
LOOK_S = 3600  # after a jump of the clock the lamp is looked at once an hour of the time in between
JUMP_MAX = timedelta(days=3)


class Tenant:
    """Lives beside a meter. `at_home` False: nobody presses the button."""

    def __init__(self, meter: SimulatedMeter, *, at_home: bool = True) -> None:
        self.meter = meter
        self.at_home = at_home
        self._press_at: int | None = None

    def live_until(self, now: datetime) -> None:
        """Let the meter measure up to `now` and press its button when it is time to.

        A jump of the clock is lived through hour by hour; what lies more than three days back is passed over in one
        step, as if nobody had been there.
        """
        is_new = self.meter.state.at is None
        self.meter.advance(now if is_new else max(now - JUMP_MAX, self._moment()))
        target = (now - EPOCH) // timedelta(seconds=1)
        self._look()
        while self._now() < target:  # ends: each turn moves the meter towards the target
            stop = min(target, self._now() + LOOK_S, self._press_at or target)
            self.meter.advance(EPOCH + timedelta(seconds=stop))
            self._look()

    def _look(self) -> None:
        state = self.meter.state
        if not (self.at_home and state.contact_open and state.permit):
            self._press_at = None
        elif self._press_at is None:
            self._press_at = self._now() + REACTION_S
        elif self._now() >= self._press_at:
            self._press_at = None
            self.meter.press_button(self._moment())

    def _now(self) -> int:
        at = self.meter.state.at
        assert at is not None
        return at

    def _moment(self) -> datetime:
        return EPOCH + timedelta(seconds=self.meter.state.at or 0)
