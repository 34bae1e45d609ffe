"""Volts, amperes and shares as people read them: `{% load plant %}`."""

from __future__ import annotations

from typing import Any

from django import template

from powertill.core.errors import Sentence
from powertill.web import reasons

register = template.Library()
NOTHING = "–"
SPACE = "\N{NO-BREAK SPACE}"


def _tenths(thousandths: int, unit: str, places: int) -> str:
    whole, rest = divmod(abs(thousandths), 1000)
    sign = "−" if thousandths < 0 else ""
    return f"{sign}{whole:,}.{rest:03d}"[: -(3 - places)] + f"{SPACE}{unit}"


@register.filter
def volts(millivolts: int | None) -> str:
    """Return mV as `230.4 V`."""
    return NOTHING if millivolts is None else _tenths(int(millivolts), "V", 1)


@register.filter
def amperes(milliamperes: int | None) -> str:
    """Return mA as `4.28 A`."""
    return NOTHING if milliamperes is None else _tenths(int(milliamperes), "A", 2)


@register.filter
def percent(per_mille: int | None) -> str:
    """Return per mille as a whole per cent: `62 %`; cut, so that 999 is not yet 100."""
    return NOTHING if per_mille is None else f"{int(per_mille) // 10}{SPACE}%"


@register.filter
def counted(number: Any) -> str:
    """Return a counter; one that the meter does not have is no zero."""
    return NOTHING if number in (None, "") else f"{int(number):,}"


@register.filter
def named(name: str) -> str:
    """Return a usual name of a tariff's terms in the reader's language, any other as it was written."""
    return reasons.named(name)


@register.filter
def act(code: str) -> str:
    """Return an act of the log in words."""
    return reasons.act(code)


@register.filter
def said(sentence: Any) -> str:
    """Return a core sentence in the reader's language; other text as it is."""
    return reasons.said(sentence) if isinstance(sentence, Sentence) else str(sentence)
