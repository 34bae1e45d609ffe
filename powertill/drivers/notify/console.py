"""Prints each message on the terminal: the simplest channel, for a first look."""

import sys
from collections.abc import Mapping
from typing import Any

from powertill.core.ports import DriverInfo, Field, Receipt


class ConsoleNotify:
    """One line for each message, on standard output. Nothing proves that anyone reads it."""

    info = DriverInfo(
        "console",
        "Terminal",
        frozenset(),
        (
            Field(
                "counts_as_delivered", "Rehearsal only: a printed line counts as delivered (yes or no)", required=False
            ),
        ),
    )

    def send(self, settings: Mapping[str, Any], *, key: str, to: str, subject: str, body: str) -> Receipt:
        """Print the message with everything that could move a terminal's cursor shown as `?`."""
        text = " | ".join(_plain(part) for part in (key, to, subject, body))
        sys.stdout.write(f"[message] {text}\n")
        sys.stdout.flush()
        return Receipt(True, key, delivered=settings.get("counts_as_delivered") == "yes")


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " if sign == "\n" else "?" for sign in text)


DRIVER = ConsoleNotify
