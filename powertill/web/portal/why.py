"""Power is off - why? One cause, and the one thing that helps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from powertill.web import reasons
from powertill.web.portal.access import Home
from powertill.web.portal.left import Balance

UNHEARD_AFTER = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a room is dark, or that it should not be: `is_off` None when nobody can know from here."""

    code: str
    is_off: bool | None
    sentence: str
    help: str


def explain(home: Home, left: Balance, *, now: datetime) -> Cause:
    """Return the most likely cause; the first that fits, from what is certain to what is not."""
    supply = home.supply
    if supply is None or home.meter is None:
        return Cause("no_room", None, _("This account has no room with a meter at present."), _call(home))
    if home.meter.seen_at is None or now - home.meter.seen_at > UNHEARD_AFTER or not supply.seen_relay:
        return Cause(
            "unheard",
            None,
            _("We have not heard from your meter, so we cannot see whether your power is on."),
            _("If your neighbours are dark too, it is an outage. Otherwise look at the breaker in your room. %(call)s")
            % {"call": _call(home)},
        )
    if supply.seen_relay == "closed":
        return Cause(
            "on",
            is_off=False,
            sentence=_("Your meter says that the power is on."),
            help=_("If it is dark, look at the breaker in your room: it may have tripped. %(call)s")
            % {"call": _call(home)},
        )
    return _off(home, left)


def _off(home: Home, left: Balance) -> Cause:
    supply = home.supply
    assert supply is not None  # explain() has looked
    if supply.wanted_relay == "open" and supply.hold_relay == "open":
        return Cause("held", is_off=True, sentence=_("Your power was switched off by our staff."), help=_call(home))
    if supply.wanted_relay == "open":
        topped = _("Top up. The power comes back after the payment.")
        return Cause("credit", is_off=True, sentence=reasons.supply_reason(supply), help=topped)
    if left.minor <= 0:
        sentence = _("The credit in your meter is used up, and the meter has switched off by itself.")
        return Cause(
            "meter_empty", is_off=True, sentence=sentence, help=_("Top up. The power comes back after the payment.")
        )
    if supply.seen_permitted:
        return Cause(
            "button",
            is_off=True,
            sentence=_("Your power is ready and waits for you."),
            help=_("Make sure that appliances are safe, then press the button on the meter."),
        )
    return Cause(
        "switching",
        is_off=True,
        sentence=_("Your power is being switched on; the meter has not shown it yet."),
        help=_("Wait a few minutes. %(call)s") % {"call": _call(home)},
    )


def _call(home: Home) -> str:
    if not home.site.help_line:
        return _("Ask at the counter.")
    return _("Call %(line)s.") % {"line": home.site.help_line}
