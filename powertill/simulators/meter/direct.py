"""Runs a driver's exchange against a simulated meter in the same process, without a socket."""

from datetime import datetime
from typing import TypeVar

from powertill.core.ports import Exchange, LinkFault

from .meter import SimulatedMeter

T = TypeVar("T")
ASKS_MAX = 200


def converse(exchange: Exchange[T], meter: SimulatedMeter, now: datetime) -> T:
    """Return what the exchange returns; its faults pass through. Silence becomes `LinkFault`."""
    try:
        ask = next(exchange)
        for _ in range(ASKS_MAX):
            answer = meter.handle(ask.frame, now)
            if answer is not None and ask.accepts(answer):
                ask = exchange.send(answer)
            else:
                ask = exchange.throw(LinkFault("no answer"))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise LinkFault(f"more than {ASKS_MAX} questions in one exchange")
