"""Judging a register reading against the one before it: what was used, or why a person must look."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from powertill.core.errors import Sentence

JUMP_TOLERANCE_WH = 100  # a register shows 10 Wh steps and the two clocks differ a little
CLOCK_DOUBT = timedelta(minutes=5)
RESET_WH_MAX = 1_000_000  # a new or cleared register starts low; a higher one went backwards


class Kind(StrEnum):
    """What a reading turned out to be."""

    FIRST = "first"
    ACCEPT = "accept"
    ROLL_OVER = "roll_over"
    DUPLICATE = "duplicate"
    LATE = "late"
    RESET = "reset"
    BACKWARDS = "backwards"
    JUMP = "jump"
    FUTURE = "future"


# gettext messages, one per verdict.
REASONS: dict[Kind, str] = {
    Kind.FIRST: "This is the first reading of the register; nothing is charged for it.",
    Kind.ACCEPT: "%(wh)s Wh were used since the reading before.",
    Kind.ROLL_OVER: "The register passed its highest number and began again; %(wh)s Wh were used.",
    Kind.DUPLICATE: "This reading is already known.",
    Kind.LATE: "This reading is older than one that is already charged; it is kept for the record.",
    Kind.RESET: "The register began again near zero; a person must look before anything is charged.",
    Kind.BACKWARDS: "The register went backwards; a person must look before anything is charged.",
    Kind.JUMP: "%(wh)s Wh is more than this connection can deliver in the time; a person must look.",
    Kind.FUTURE: "The reading's time lies in the future; the clocks must be checked.",
}


@dataclass(frozen=True, slots=True)
class Register:
    """A counter of energy as read: the instant and the whole Wh that it showed."""

    at: datetime
    wh: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reading is worth. `wh` is the use to charge (accept, roll_over) and None otherwise."""

    kind: Kind
    wh: int | None
    reason: Sentence

    @property
    def accepted(self) -> bool:
        """Tell whether this reading becomes the register's last good one."""
        return self.kind in (Kind.FIRST, Kind.ACCEPT, Kind.ROLL_OVER)


def judge(previous: Register | None, new: Register, *, digits_wh_max: int, power_w_max: int, now: datetime) -> Verdict:
    """Judge one reading; `digits_wh_max` is the register's highest number, `power_w_max` the connection's."""
    if new.at > now + CLOCK_DOUBT:
        return _verdict(Kind.FUTURE)
    if previous is None:
        return _verdict(Kind.FIRST)
    if new == previous:
        return _verdict(Kind.DUPLICATE)
    if new.at <= previous.at:
        return _verdict(Kind.LATE)
    possible_wh = _possible_wh(new.at - previous.at, power_w_max)
    if new.wh < previous.wh:
        return _backwards(previous.wh, new.wh, digits_wh_max, possible_wh)
    used_wh = new.wh - previous.wh
    return _verdict(Kind.ACCEPT if used_wh <= possible_wh else Kind.JUMP, used_wh)


def _backwards(before_wh: int, new_wh: int, digits_wh_max: int, possible_wh: int) -> Verdict:
    # A counter of decimal digits begins again at a power of ten, also when it counts in steps of 10 Wh.
    rolled_wh = 10 ** len(str(digits_wh_max)) - before_wh + new_wh
    if 0 < rolled_wh <= possible_wh:
        return _verdict(Kind.ROLL_OVER, rolled_wh)
    return _verdict(Kind.RESET if new_wh <= min(RESET_WH_MAX, possible_wh) else Kind.BACKWARDS)


def _possible_wh(time: timedelta, power_w_max: int) -> int:
    seconds = -(-time // timedelta(seconds=1))
    return power_w_max * 12 * seconds // 36_000 + JUMP_TOLERANCE_WH


def _verdict(kind: Kind, wh: int = 0) -> Verdict:
    charged = wh if kind in (Kind.ACCEPT, Kind.ROLL_OVER) else None
    # 'first' knows no use: pass the number only to sentences that show it.
    params = {"wh": wh} if "%(wh)s" in REASONS[kind] else {}
    return Verdict(kind, charged, Sentence(REASONS[kind], **params))
