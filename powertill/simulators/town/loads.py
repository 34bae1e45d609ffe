"""How much power a unit takes at a moment: shapes of flats, shops and a solar roof, the same at every run.

A shape gives W for one stretch of five minutes; everything that looks like chance is hashed from the
unit's seed and the day. So a meter that measures the same hours twice finds the same energy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .hashing import draw
from .site import ZONE

Load = Callable[[datetime], tuple[int, ...]]
SLOT: Final = timedelta(minutes=5)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SUNRISE, SUNSET = 6 * 60 + 50, 17 * 60 + 10  # minutes of a late autumn day
SOLAR_W = 4_200


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of five minutes of a unit's local day."""

    seed: int
    day: int  # ordinal of the date
    minute: int

    @property
    def is_weekend(self) -> bool:
        return date.fromordinal(self.day).weekday() >= 5

    def luck(self, what: str, below: int) -> int:
        """Return a number from 0 that stays the same all day."""
        return draw(self.seed, what, self.day) % below

    def vary(self, watts: int, per_mille: int) -> int:
        """Return about `watts`: up to `per_mille` more or less, another each five minutes."""
        swing = draw(self.seed, self.day, self.minute) % (2 * per_mille + 1) - per_mille
        return watts * (1000 + swing) // 1000

    def runs(self, start: int, minutes: int) -> bool:
        """Tell whether something that starts at a minute of this day still runs."""
        return start <= self.minute < start + minutes


def _flat(now: Moment) -> int:
    fridge = 95 if (now.minute + now.seed % 40) % 40 < 15 else 8
    total = 35 + fridge
    up, bed = 6 * 60 + 30 + now.luck("up", 60) + 90 * now.is_weekend, 22 * 60 + 15 + now.luck("bed", 60)
    if now.runs(up, 90) or now.runs(18 * 60, bed - 18 * 60):
        total += now.vary(220, 400)
    elif up < now.minute < bed and now.is_weekend:
        total += now.vary(160, 400)
    total += 1_100 * now.runs(up + 10, 15) + 1_500 * now.runs(18 * 60 + now.luck("cook", 75), 35)
    total += 1_300 * (now.is_weekend and now.runs(12 * 60, 25)) + 2_000 * now.runs(bed - 45, 25)
    heats = now.seed % 3 != 0 and now.runs(19 * 60, bed - 19 * 60) and now.minute % 30 < 10 + now.luck("cold", 20)
    return (total + 850 * heats) * (60 + now.seed // 7 % 90) // 100


def _studio(now: Moment) -> int:
    """A studio flat with a kiln and electric heating: it fires by day, keeps warm in the evening and at night."""
    for until, watts in ((8 * 60, 950), (16 * 60 + 15, 8_300), (19 * 60 + 15, 4_500), (24 * 60, 950)):
        if now.minute < until:
            return now.vary(watts, 30)
    raise ValueError(f"no such minute: {now.minute}")


def _solar_flat(now: Moment) -> int:
    """A flat with panels on the roof: negative while they give more than is used."""
    return _flat(now) - sun(now)


def sun(now: Moment) -> int:
    """Return the W of the roof: a bell over the hours of sun, scaled by the day's weather, dented by clouds."""
    since, left = now.minute - SUNRISE, SUNSET - now.minute
    if since <= 0 or left <= 0:
        return 0
    bell = SOLAR_W * 4 * since * left // (SUNSET - SUNRISE) ** 2
    weather = 250 + now.luck("weather", 750)
    cloud = 1000 - draw(now.seed, "cloud", now.day, now.minute // 15) % (1100 - weather)
    return bell * weather // 1000 * cloud // 1000


@dataclass(frozen=True, slots=True)
class Trade:
    """The hours of a shop and what it takes then: open all the time, closed all the time, and at its busy hours."""

    opens: int
    closes: int
    open_w: int
    closed_w: int
    busy_w: int = 0
    busy: tuple[tuple[int, int], ...] = ()
    weekends: bool = True


TRADES: Final = {
    "shop": Trade(9 * 60 + 30, 20 * 60 + 30, 650, 70),
    "store": Trade(7 * 60, 23 * 60, 1_900, 900, 700, ((11 * 60, 13 * 60), (17 * 60, 20 * 60))),
    "salon": Trade(10 * 60, 21 * 60, 1_100, 60, 2_400, ((14 * 60, 17 * 60), (18 * 60, 20 * 60))),
    "kitchen": Trade(6 * 60 + 30, 21 * 60 + 30, 1_500, 350, 4_200, ((11 * 60, 13 * 60 + 30), (17 * 60, 20 * 60))),
    "office": Trade(8 * 60 + 30, 18 * 60, 1_300, 110, weekends=False),
}


def _trade(trade: Trade) -> Callable[[Moment], int]:
    def watts(now: Moment) -> int:
        shift = now.luck("door", 20)
        is_open = trade.opens + shift <= now.minute < trade.closes + shift
        if not is_open or (now.is_weekend and not trade.weekends):
            return now.vary(trade.closed_w, 150)
        busy = any(start <= now.minute < end for start, end in trade.busy)
        return now.vary(trade.open_w + trade.busy_w * busy, 200)

    return watts


SHAPES: Final[dict[str, Callable[[Moment], int]]] = {
    "flat": _flat,
    "studio": _studio,
    "solar": _solar_flat,
    **{kind: _trade(trade) for kind, trade in TRADES.items()},
}
_ZONE = ZoneInfo(ZONE)


def load(kind: str, seed: int, at: datetime, *, phases: int = 1) -> tuple[int, ...]:
    """Return the signed W of each phase at a moment; the phases of a shop are a little uneven."""
    return _in_slot(kind, seed, (at - EPOCH) // SLOT, phases)


def _in_slot(kind: str, seed: int, slot: int, phases: int) -> tuple[int, ...]:
    local = (EPOCH + slot * SLOT).astimezone(_ZONE)
    total = SHAPES[kind](Moment(seed, local.toordinal(), local.hour * 60 + local.minute))
    if phases == 1:
        return (total,)
    first, second = total * (300 + seed % 67) // 1000, total * (300 + seed // 67 % 67) // 1000
    return first, second, total - first - second


def make(kind: str, seed: int, *, phases: int = 1) -> Load:
    """Return the load of one unit as a meter takes it; a stretch of five minutes is worked out once."""
    known, watts = -1, (0,) * phases

    def at_moment(at: datetime) -> tuple[int, ...]:
        nonlocal known, watts
        slot = (at - EPOCH) // SLOT
        if slot != known:
            known, watts = slot, _in_slot(kind, seed, slot, phases)
        return watts

    return at_moment
