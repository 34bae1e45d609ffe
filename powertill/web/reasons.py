"""What the rules said, in the reader's language: core sentences are gettext messages with parameters."""

import re
from typing import Any

from django.utils.translation import gettext as _

from powertill.apps.metering.models import Reading
from powertill.apps.supply.models import Supply
from powertill.core.errors import Sentence
from powertill.core.metering import REASONS as READING_REASONS
from powertill.core.metering import Kind
from powertill.core.supply.credit import REASONS as SUPPLY_REASONS


def said(sentence: Sentence) -> str:
    """Return a core sentence in the reader's language."""
    return _(sentence.msgid) % sentence.params if sentence.params else _(sentence.msgid)


def because(code: str, params: dict[str, Any]) -> str:
    """Return the reason behind a supply decision; "" for a code that has no sentence."""
    if code == "supply.held":
        return _("A person decided this; the rules do not change it until that person's order is released.")
    msgid = SUPPLY_REASONS.get(code, "")
    return _(msgid) % params if msgid else ""


def supply_reason(supply: Supply | None) -> str:
    """Return why the switch is wanted as it is."""
    if supply is None:
        return _("Nobody has this supply point, so nothing is wanted of its switch.")
    if not supply.code:
        return _("The rules have not looked at this supply yet.")
    return because(supply.code, supply.params)


def verdict_reason(reading: Reading) -> str:
    """Return what the judge said of a reading; its number is kept in the stored English text."""
    if reading.verdict not in set(Kind):
        return str(reading.reason)
    found = re.search(r"\d+", reading.reason)
    return _(READING_REASONS[Kind(reading.verdict)]) % {"wh": found[0] if found else "–"}


def command(name: str) -> str:
    """Return a relay command as staff say it."""
    words = {
        "trip": _("cut"),
        "permit": _("permit switching on"),
        "close": _("switch on"),
        "keep_on": _("keep power on"),
        "keep_off": _("end keep-power"),
    }
    return words.get(name, name)


def verdict(kind: str) -> tuple[str, str]:
    """Return (tone, word) of a reading's verdict."""
    words = {
        "first": ("info", _("first")),
        "accept": ("ok", _("accepted")),
        "roll_over": ("ok", _("roll-over")),
        "duplicate": ("none", _("duplicate")),
        "late": ("none", _("late")),
        "reset": ("bad", _("reset")),
        "backwards": ("bad", _("backwards")),
        "jump": ("bad", _("jump")),
        "future": ("bad", _("in the future")),
    }
    return words.get(kind, ("none", kind))


def outcome(name: str) -> str:
    """Return what a meter answered to an order, or the contact that it showed."""
    words = {
        "accepted": _("accepted"),
        "delayed": _("accepted, delayed"),
        "deferred": _("waits: the current is high"),
        "refused_protected": _("refused: keep-power is on"),
        "closed": _("contact seen: on"),
        "open": _("contact seen: off"),
    }
    return words.get(name, name)


def step(event: str) -> str:
    """Return one step of a delivery as staff say it."""
    words = {
        "send": _("order sent"),
        "lose": _("no usable answer"),
        "refuse": _("the meter said no"),
        "moved_as_ordered": _("the purse moved as ordered"),
        "not_moved": _("the purse did not move"),
        "moved_otherwise": _("the purse moved otherwise"),
        "give_up": _("tries used up"),
        "reverse": _("reversed"),
        "skip": _("not needed"),
        "no_contact": _("the meter did not answer"),
    }
    return words.get(event, event)
