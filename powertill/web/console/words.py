"""Small texts that several money pages share: amounts, how long credit lasts, channels, topics."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from powertill.apps.notices.texts import TEXTS
from powertill.apps.sales.models import Sale
from powertill.web.templatetags.units import kwh_number, price

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


def tender(row: Sale) -> str:
    """Return how a sale was paid."""
    return str(TENDERS.get(row.tender, row.tender))


def topic(code: str) -> str:
    """Return what kind of message this is."""
    return _(TEXTS[code][0]) if code in TEXTS else code


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
