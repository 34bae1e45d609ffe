"""Every shared component on sample pages with invented numbers; served only when DEBUG, and drawn by the tests."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from powertill.core.errors import Refusal
from powertill.web import samples
from powertill.web.shapes import Chip

SITE = SimpleNamespace(name="Lotus Court", currency="CNY", exponent=2, simulated=True)
ROWS_PER_PAGE = 25


class SampleForm(forms.Form):
    """One field of each look."""

    amount = forms.CharField(label="Amount", help_text="Up to ¥ 2,000 without a supervisor.")
    tariff = forms.ChoiceField(label="Tariff", choices=[("res", "RES-TOU-2026"), ("shop", "SHOP-2026")])
    keep = forms.BooleanField(label="Keep supply on (medical need)", required=False)


def _base(request: HttpRequest, nav: str) -> dict[str, Any]:
    fixed = {"now": samples.NOON, "clock_simulated": True, "clock_speed": 60}
    return {"nav": nav, "site": SITE, "simulated": True, "site_name": SITE.name} | fixed


def _refusal() -> Refusal:
    return Refusal("money.large", amount_max="2,000.00")


def components(request: HttpRequest) -> HttpResponse:
    """Show each component in each state."""
    form = SampleForm({"amount": "", "tariff": "res"})
    form.is_valid()
    context = _base(request, "") | {
        "form": form,
        "refused": _refusal(),
        "events": samples.events(),
        "states": ("paid", "due", "sent", "unknown", "on_meter", "person", "reversed", "not_needed"),
        "supplies": ("on", "off", "limited", "unknown"),
        "tones": ("ok", "warn", "bad", "info", "none"),
        "read_at": samples.NOON - timedelta(minutes=6),
        "old_at": samples.NOON - timedelta(hours=5),
        "month": samples.month(date(2026, 11, 1)),
        "spark": samples.spark(),
        "hours": samples.hours(),
    }
    return render(request, "components/gallery.html", context)


def overview(request: HttpRequest) -> HttpResponse:
    """Show a page of figures, curve, attention list, bars and a table."""
    context = _base(request, "overview") | {
        "load": samples.load(),
        "feeders": samples.feeders(),
        "sales": samples.sales(),
    }
    return render(request, "components/gallery_overview.html", context)


def listing(request: HttpRequest) -> HttpResponse:
    """Show the list pattern with search, chips, sorting and pages."""
    rows = [] if request.GET.get("q") == "nothing" else samples.meters()
    page = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    filters = [Chip("feeder", "Feeder", "F1")] if request.GET.get("feeder") else []
    context = _base(request, "meters") | {"page": page, "chips": filters}
    return render(request, "components/gallery_list.html", context)


def sell(request: HttpRequest) -> HttpResponse:
    """Show the three columns of a sale."""
    return render(request, "components/gallery_sell.html", _base(request, "sell") | {"hits": samples.hits()})


def diagram(request: HttpRequest) -> HttpResponse:
    """Show the single-line diagram."""
    return render(request, "components/gallery_site.html", _base(request, "site") | {"diagram": samples.diagram()})


def portal(request: HttpRequest) -> HttpResponse:
    """Show the customer's first view."""
    return render(request, "components/gallery_portal.html", _base(request, "") | {"hours": samples.hours()})


def receipt(request: HttpRequest, paper: str) -> HttpResponse:
    """Show a receipt on its paper."""
    context = _base(request, "") | {"paper": paper, "receipt": samples.receipt()}
    return render(request, "components/gallery_receipt.html", context)


def refused(request: HttpRequest) -> HttpResponse:
    """Let a refusal leave the view, as a page's own code would."""
    raise _refusal()


urlpatterns = [
    path("", components, name="gallery"),
    path("overview", overview),
    path("list", listing),
    path("sell", sell),
    path("site", diagram),
    path("portal", portal),
    path("receipt/<str:paper>", receipt),
    path("refused", refused),
]
