"""Small texts that several money pages share: amounts, how long credit lasts, channels, topics."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from powertill.apps.notices.texts import TEXTS
from powertill.apps.sales.models import Sale
from powertill.core.forecast import Forecast
from powertill.web.templatetags.units import kwh_number, price

MINUTES_PER_HOUR, HOURS_PER_DAY = 60, 24
TENDERS = {"cash": gettext_lazy("Cash"), "qr": gettext_lazy("QR code"), "card": gettext_lazy("Card")}
# What tariffs usually call their parts: translated where the catalogue knows the name, else shown as the tariff has it.
NAMES = (
    gettext_noop("peak"),
    gettext_noop("flat"),
    gettext_noop("valley"),
    gettext_noop("sharp"),
    gettext_noop("Block 1"),
    gettext_noop("Block 2"),
    gettext_noop("Block 3"),
    gettext_noop("VAT"),
)
FAR = 90  # days; beyond this a number of days says nothing


def tender(row: Sale) -> str:
    """Return how a sale was paid."""
    return str(TENDERS.get(row.tender, row.tender))


def topic(code: str) -> str:
    """Return what kind of message this is."""
    return _(TEXTS[code][0]) if code in TEXTS else code


def lasting(forecast: Forecast | None, *, now: datetime) -> str:
    """Return how long credit lasts: "about 2 days"; empty when nothing is known."""
    if forecast is None:
        return ""
    if forecast.likely_at is None:
        return _("more than a year")
    hours = int((forecast.likely_at - now).total_seconds()) // 3600
    if hours <= 0:
        return _("used up")
    if hours < 2 * HOURS_PER_DAY:
        return ngettext("about %(n)s hour", "about %(n)s hours", hours) % {"n": hours}
    days = hours // HOURS_PER_DAY
    if days > FAR:
        return _("more than 90 days")
    return ngettext("about %(n)s day", "about %(n)s days", days) % {"n": days}


def part_label(part: dict[str, Any], site: Any) -> str:
    """Return the words of one part of a payment, energy as `Block 1 · peak: 96.0 kWh × 0.5283`."""
    kind = part["kind"]
    if kind == "energy":
        where = " · ".join(_(name) for name in (part["block"], part["band"]) if name) or _(part["name"])
        unit_price = price(Decimal(part["minor_per_kwh"]), site) if part["minor_per_kwh"] else "–"
        return f"{where}: {kwh_number(part['wh'])} kWh × {unit_price}"
    words = {
        "preset": _("Preset credit paid back"),
        "debt": _("Arrears"),
        "remainder": _("Kept as credit"),
    }
    return words.get(kind) or _(part["name"])
