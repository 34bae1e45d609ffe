"""Money, energy, power and time as people read them: `{% load units %}`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.core import UnknownLocaleError
from babel.numbers import get_currency_precision, get_currency_symbol
from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from powertill.core.energy import format_kw, format_kwh
from powertill.core.money import format_minor

register = template.Library()
NOTHING = "–"
MINUS = "−"
SPACE = "\N{NO-BREAK SPACE}"
# Where Babel would print the country too (CN¥, US$): inside one installation the plain sign is what people write.
SIGNS = {
    "CNY": "¥",
    "JPY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "INR": "₹",
    "KES": "KSh",
    "NGN": "₦",
    "ZAR": "R",
    "UGX": "USh",
}


def _currency(where: Any) -> tuple[str, int]:
    """Return (code, exponent) from a code such as "CNY" or an object that has `currency` and perhaps `exponent`."""
    code = where if isinstance(where, str) else getattr(where, "currency", "")
    exponent = getattr(where, "exponent", None)
    return code, int(exponent) if exponent is not None else (get_currency_precision(code) if code else 2)


@register.filter
def currency_symbol(where: Any) -> str:
    """Return the sign that people write before an amount; the code itself where there is none."""
    code, _exponent = _currency(where)
    if code in SIGNS:
        return SIGNS[code]
    try:
        return str(get_currency_symbol(code, locale=(get_language() or "en").replace("-", "_")))
    except UnknownLocaleError:
        return code


@register.filter
def amount(minor: int | str | None, where: Any = "CNY") -> str:
    """Return minor units as a bare grouped number, for a column whose header holds the unit."""
    if minor is None or minor == "":
        return NOTHING
    text: str = format_minor(abs(int(minor)), exponent=_currency(where)[1])
    return f"{MINUS}{text}" if int(minor) < 0 else text


@register.filter
def money(minor: int | str | None, where: Any = "CNY") -> str:
    """Return minor units with their sign: `¥ 1,234.50`, `−¥ 3.00`; money is never rounded on screen."""
    if minor is None or minor == "":
        return NOTHING
    text = f"{currency_symbol(where)}{SPACE}{amount(abs(int(minor)), where)}"
    return f"{MINUS}{text}" if int(minor) < 0 else text


@register.filter
def price(minor_per_kwh: Decimal | str | None, where: Any = "CNY") -> str:
    """Return a price in major units per kWh with every digit it has and at least four: 52.83 fen -> 0.5283."""
    if minor_per_kwh is None or minor_per_kwh == "":
        return NOTHING
    major = Decimal(minor_per_kwh).scaleb(-_currency(where)[1])
    return f"{max(major.normalize(), major.quantize(Decimal('0.0001')), key=lambda d: -int(d.as_tuple().exponent)):f}"


@register.filter
def kwh_number(wh: int | str | None, places: int = 2) -> str:
    """Return Wh as kWh without the unit."""
    return NOTHING if wh is None or wh == "" else format_kwh(int(wh), int(places)).replace("-", MINUS)


@register.filter
def kwh(wh: int | str | None, places: int = 2) -> str:
    """Return Wh as `163.90 kWh`."""
    return NOTHING if wh is None or wh == "" else f"{kwh_number(wh, places)}{SPACE}kWh"


@register.filter
def kw_number(watts: int | str | None, places: int = 1) -> str:
    """Return W as kW without the unit."""
    return NOTHING if watts is None or watts == "" else format_kw(int(watts), int(places)).replace("-", MINUS)


@register.filter
def power_kw(watts: int | str | None, places: int = 1) -> str:
    """Return W as `412.6 kW`."""
    return NOTHING if watts is None or watts == "" else f"{kw_number(watts, places)}{SPACE}kW"


@register.filter
def groups_of_four(digits: str | None) -> str:
    """Return a token in groups of four, as it is read aloud and typed."""
    text = "".join(str(digits or "").split())
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def _length(seconds: int) -> str:
    """Return a length of time in its largest sensible unit."""
    if seconds < 60:
        return gettext("%(n)s s") % {"n": seconds}
    if seconds < 3600:
        return gettext("%(n)s min") % {"n": seconds // 60}
    if seconds < 48 * 3600:
        hours, rest = divmod(seconds // 60, 60)
        return (
            gettext("%(h)s h %(m)s min") % {"h": hours, "m": rest}
            if hours < 6 and rest
            else gettext("%(h)s h") % {"h": hours}
        )
    days = seconds // 86400
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


@register.filter
def ago(at: datetime | None, now: datetime | None) -> str:
    """Return how long before `now` something was ("4 min ago") or how long until it will be ("in 3 h")."""
    if not at or not now:
        return NOTHING
    seconds = int((now - at).total_seconds())
    if seconds < 0:
        return gettext("in %(length)s") % {"length": _length(-seconds)}
    return gettext("%(length)s ago") % {"length": _length(seconds)}


FORMATS = {"time": "H:i", "seconds": "H:i:s", "date": "j M Y", "full": "j M Y H:i:s", "short": "j M H:i"}
FORMATS_ZH = {"time": "H:i", "seconds": "H:i:s", "date": "Y-m-d", "full": "Y-m-d H:i:s", "short": "m-d H:i"}


@register.filter
def site_time(at: datetime | None, kind: str = "short") -> SafeString | str:
    """Return a <time> in the active zone (the site's), with the whole time and the zone as its title."""
    if not at:
        return NOTHING
    zone = timezone.get_current_timezone()
    local = at.astimezone(zone)
    table = FORMATS_ZH if (get_language() or "").startswith("zh") else FORMATS
    title = f"{local:%Y-%m-%d %H:%M:%S} {local:%z} {zone}"
    shown = formats.date_format(local, table[kind])
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), title, shown)


@register.inclusion_tag("components/age.html")
def age(
    at: datetime | None, now: datetime | None, stale_minutes: int = 90, noun: str = "", brief: bool = False
) -> dict[str, Any]:
    """Show when a value was taken and how old it is: amber, and worded, when older than it may be."""
    stale = bool(at and now and (now - at).total_seconds() > stale_minutes * 60)
    zone = timezone.get_current_timezone()
    today = bool(at and now and at.astimezone(zone).date() == now.astimezone(zone).date())
    kind = "time" if today else "short"
    return {"at": at, "now": now, "stale": stale, "noun": noun or gettext("read"), "kind": kind, "brief": brief}


@register.filter
def channel(code: str) -> str:
    """Return the way by which a customer is told, in words."""
    words = {
        "sms": gettext("SMS"),
        "email": gettext("e-mail"),
        "wechat": gettext("WeChat"),
        "file": gettext("message file"),
        "console": gettext("log"),
    }
    return str(words.get(code, code))
