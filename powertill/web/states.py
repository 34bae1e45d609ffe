"""How supply, relay and delivery states look: one word, one shape, one tone each; colour never stands alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

SHAPES = {"ok": "disc", "warn": "triangle", "bad": "square", "info": "ring", "none": "dash"}


@dataclass(frozen=True, slots=True)
class Look:
    """What a badge shows; `shape` is disc, triangle, square, ring, half, cross, tick or dash."""

    tone: str
    word: str
    shape: str
    title: str = ""


def supply(state: str, title: str = "") -> Look:
    """Return the look of a room's supply: on, off, limited; anything else is unknown."""
    looks = {
        "on": Look("ok", _("on supply"), "disc", title),
        "off": Look("bad", _("off supply"), "cross", title),
        "limited": Look("warn", _("limited"), "half", title),
    }
    return looks.get(state, Look("none", _("unknown"), "dash", title))


def relay(wanted: str | None, seen: str | None, *, verified: bool, reason: str = "") -> Look:
    """Return the look of a relay from what is wanted and what was seen ("closed", "open" or None)."""
    words = {"closed": _("on"), "open": _("off")}
    if seen not in words:
        return Look("none", _("not seen yet"), "dash", reason)
    if wanted in words and wanted != seen:
        title = _("wanted %(wanted)s, seen %(seen)s") % {"wanted": words[wanted], "seen": words[seen]}
        word = _("turning on") if wanted == "closed" else _("turning off")
        return Look("warn", word, "half", f"{title}. {reason}" if reason else title)
    word = words[seen] if verified else _("%(state)s, unverified") % {"state": words[seen]}
    return Look(
        "ok" if seen == "closed" else "bad",
        word,
        "tick" if verified and seen == "closed" else "cross" if seen == "open" else "ring",
        reason,
    )


def delivery(state: str, place: str = "meter") -> Look:
    """Return the look of a delivery: paid -> credit made -> sent -> on the meter, or it needs a person."""
    if place == "account" or state == "not_needed":
        return Look("ok", _("on the account"), "tick")
    looks = {
        "paid": Look("info", _("paid"), "ring"),
        "due": Look("info", _("credit made"), "ring"),
        "sent": Look("info", _("sent"), "half"),
        "unknown": Look(
            "warn",
            _("sent, checking"),
            "half",
            _("The answer was lost: the meter is asked before anything is sent again."),
        ),
        "on_meter": Look("ok", _("on the meter"), "tick", _("The meter proved it.")),
        "refused": Look("bad", _("needs you"), "triangle", _("The meter refused the credit.")),
        "person": Look("bad", _("needs you"), "triangle", _("A person must look at this delivery.")),
        "reversed": Look("none", _("reversed"), "dash"),
    }
    return looks.get(state, Look("none", state, "dash"))


REACHED = {
    "paid": 0,
    "due": 1,
    "sent": 2,
    "unknown": 2,
    "on_meter": 3,
    "refused": 3,
    "person": 3,
    "reversed": 1,
    "not_needed": 3,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a delivery: done, here or to come."""

    word: str
    place: str  # done, here, next
    tone: str = ""


def delivery_steps(state: str, place: str = "meter") -> tuple[Step, ...]:
    """Return the steps that the customer and the cashier both see."""
    if place == "account" or state == "not_needed":
        return (Step(_("paid"), "done"), Step(_("on the account"), "here", "ok"))
    if state == "reversed":
        return (Step(_("paid"), "done"), Step(_("reversed"), "here", "none"))
    look = delivery(state)
    words = [_("paid"), _("credit made"), _("sent"), _("on the meter")]
    here = REACHED.get(state, 0)
    words[here] = look.word
    return tuple(
        Step(word, "done" if n < here else "here" if n == here else "next", look.tone if n == here else "")
        for n, word in enumerate(words)
    )
