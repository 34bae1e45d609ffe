"""What the rules said, in the reader's language: core sentences are gettext messages with parameters."""

import re
from typing import Any

from django.utils.translation import gettext as _

from powertill.apps.metering.models import Reading
from powertill.apps.supply import queries
from powertill.apps.supply.models import Supply
from powertill.core.errors import Sentence
from powertill.core.metering import REASONS as READING_REASONS
from powertill.core.metering import Kind
from powertill.core.supply import credit, limits

NAMES = frozenset({"band", "block"})  # parameters that hold a name from a tariff's terms


def said(sentence: Sentence) -> str:
    """Return a core sentence in the reader's language, with the usual names of bands and blocks."""
    if not sentence.params:
        return _(sentence.msgid)
    params = {key: named(value) if key in NAMES else value for key, value in sentence.params.items()}
    return _(sentence.msgid) % params


def because(code: str, params: dict[str, Any]) -> str:
    """Return the reason behind a supply decision; "" for a code that has no sentence."""
    msgid = queries.REASONS.get(code) or credit.REASONS.get(code) or limits.REASONS.get(code, "")
    return _(msgid) % params if msgid else ""


def supply_reason(supply: Supply | None) -> str:
    """Return why the switch is wanted as it is."""
    if supply is None:
        return _("Nobody has this supply point, so nothing is wanted of its switch.")
    return said(queries.reason(supply))


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
        "withdrawn": _("withdrawn before it was sent"),
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


def act(code: str) -> str:
    """Return a privileged act of the log in words; an act without words shows its code."""
    words = {
        "account.opened": _("account opened"),
        "delivery.decided": _("delivery decided by a person"),
        "incident.closed": _("case closed"),
        "mode.no_cut": _("all cuts stopped"),
        "mode.normal": _("cuts allowed again"),
        "receipt.reprinted": _("receipt printed again"),
        "reading.settled": _("held reading settled"),
        "sale.reversed": _("sale reversed"),
        "supply.cut": _("supply cut by a person"),
        "supply.kept": _("supply kept on by a person"),
        "supply.released": _("supply given back to the rules"),
        "supply.protected": _("supply protected"),
        "supply.unprotect": _("lift the protection"),
        "supply.unprotect.requested": _("asked to lift the protection"),
        "supply.unprotect.approved": _("protection lifted"),
        "tariff.assigned": _("tariff assigned"),
        "tariff.published": _("tariff published"),
    }
    return words.get(code, code)


def named(name: str) -> str:
    """Return a name from a tariff's terms in the reader's language where it is a usual one."""
    return _(name) if name else ""
