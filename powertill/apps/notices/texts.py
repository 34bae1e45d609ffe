"""What messages say, per topic: a subject and a body of at most 160 characters (70 in Chinese)."""

from collections.abc import Mapping
from typing import Final

from django.utils import translation
from django.utils.translation import gettext_noop as _

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "preset": (
        _("Supply is on"),
        _("%(room)s: supply is on with a preset credit of %(amount)s. It is taken from your first purchase."),
    ),
    "low_1": (_("Credit is getting low"), _("%(room)s: credit %(balance)s, below %(level)s. Top up in good time.")),
    "low_2": (
        _("Credit is nearly gone"),
        _(
            "%(room)s: credit %(balance)s, below %(level)s. At zero, supply may be cut after %(hours)s hours' notice,"
            " never in protected hours."
        ),
    ),
    "empty": (
        _("Credit is used up"),
        _("%(room)s: credit is used up (%(balance)s). Supply stays on until %(until)s at least. Please top up."),
    ),
    "empty_kept": (
        _("Credit is used up"),
        _("%(room)s: credit is used up (%(balance)s). Supply stays on for now. Please top up."),
    ),
    "last_call": (
        _("Supply will be cut soon"),
        _("%(room)s: balance %(balance)s. Supply will be cut from %(until)s. Top up now and it stays on."),
    ),
    "cut": (
        _("Supply is cut"),
        _("%(room)s: supply is cut, credit is used up (%(balance)s). Top up and it comes back. Lines stay live!"),
    ),
    "limited": (
        _("Too much power"),
        _("%(room)s: supply is off, more than %(limit)s W was used. Switch appliances off; it comes back in minutes."),
    ),
    "permit": (
        _("Your supply is ready"),
        _("%(room)s: credit has arrived. Make sure that appliances are safe, then press the button on the meter."),
    ),
    "restored": (_("Supply is on again"), _("%(room)s: supply is on again. Balance %(balance)s.")),
    "reversed": (
        _("Sale reversed"),
        _("%(room)s: the sale of %(amount)s, receipt %(number)s, was reversed. Balance %(balance)s."),
    ),
    "credited": (_("Credit received"), _("%(room)s: %(amount)s paid, receipt %(number)s. Balance %(balance)s.")),
}
WITHOUT_TIME: Final = {"empty": "empty_kept"}  # where no cut is near, no time is named


def render(topic: str, *, language: str, facts: Mapping[str, str]) -> tuple[str, str]:
    """Return subject and body in the customer's language."""
    subject, body = TEXTS[topic if facts.get("until") else WITHOUT_TIME.get(topic, topic)]
    with translation.override(language):
        return translation.gettext(subject), translation.gettext(body) % facts
