"""Words of the customer's pages: `{% load portal %}`."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django import template

from powertill.web.templatetags.units import currency_symbol

register = template.Library()


@register.filter
def per_kwh(minor_per_kwh: Decimal, where: Any) -> str:
    """Return an average price with three places: an estimate, so no more digits than it deserves."""
    major = Decimal(minor_per_kwh).scaleb(-int(getattr(where, "exponent", 2)))
    return f"{currency_symbol(where)} {major.quantize(Decimal('0.001'), ROUND_HALF_EVEN):f}"
