"""The loop of a simple worker: one step after another, a rest when there is nothing, faults logged and waited out."""

import signal
import threading
from collections.abc import Callable
from types import FrameType

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections

IDLE_S = 0.5
TROUBLE_S_MAX = 10
TROUBLE_MAX = 10  # counted no further: the wait is at its longest long before


def stopper() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop


def run(name: str, step: Callable[[], int], *, stop: threading.Event) -> None:
    """Call `step` until told to stop; it returns how much it did."""
    log, trouble = structlog.get_logger(f"powertill.{name}"), 0
    while not stop.is_set():
        close_old_connections()
        try:
            did, trouble = step(), 0
        except (DatabaseError, InterfaceError) as fault:
            did, trouble = 0, min(trouble + 1, TROUBLE_MAX)
            log.warning("database trouble", fault=(str(fault).splitlines() or [type(fault).__name__])[0][:160])
        except Exception:
            did, trouble = 0, min(trouble + 1, TROUBLE_MAX)
            log.exception("fault")
        if not did:
            stop.wait(min(IDLE_S * 2**trouble, TROUBLE_S_MAX))
