"""What every page is given: the time, the simulated banner, the side bar, the theme, the site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from powertill.clock import Clock

THEMES = ("light", "dark")
THEME_COOKIE = "powertill_theme"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the side bar: `key` is what a page sets as `nav`; `hotkey` follows "g" on the keyboard."""

    key: str
    label: Any
    url_name: str
    icon: str
    hotkey: str


ENTRIES = (
    Entry("overview", _("Overview"), "console:overview", "home", "o"),
    Entry("sell", _("Sell"), "console:sell", "cash", "s"),
    Entry("customers", _("Customers"), "console:customers", "users", "c"),
    Entry("meters", _("Meters"), "console:meters", "gauge", "m"),
    Entry("site", _("Site & capacity"), "console:site", "sitemap", "k"),
    Entry("messages", _("Messages"), "console:messages", "message", "n"),
    Entry("tariffs", _("Tariffs"), "console:tariffs", "receipt", "t"),
    Entry("audit", _("Audit"), "console:audit", "history", "a"),
)


def navigation() -> list[dict[str, Any]]:
    """Return the side bar's entries that this installation has pages for."""
    shown = []
    for entry in ENTRIES:
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:  # a page that is not installed is not offered
            continue
        shown.append({"key": entry.key, "label": entry.label, "url": url, "icon": entry.icon, "hotkey": entry.hotkey})
    return shown


def common(request: HttpRequest) -> dict[str, Any]:
    """Context processor for all templates; `request.now` and `request.clock` come from ClockMiddleware."""
    clock = getattr(request, "clock", None) or Clock()
    site = getattr(request, "site", None)
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "now": getattr(request, "now", None) or clock.now(),
        "clock_simulated": clock.simulated,
        "clock_speed": getattr(clock, "speed", None),
        "simulated": clock.simulated or bool(getattr(site, "simulated", False)),
        "current_site": site,
        "site_name": getattr(site, "name", "") or getattr(settings, "POWERTILL_SITE_NAME", "Powertill"),
        "shell_nav": SimpleLazyObject(navigation),
        "theme": theme if theme in THEMES else "",
    }
