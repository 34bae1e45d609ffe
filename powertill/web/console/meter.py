"""The page of one meter, and the part of it that is fetched again every few seconds."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from powertill.apps.metering.models import Meter
from powertill.apps.sites import roles
from powertill.web.console import forms, meter_facts, meter_rows, power_chart
from powertill.web.console.access import SiteRequest, page


def _context(request: SiteRequest, number: str) -> dict[str, Any]:
    meter = get_object_or_404(Meter.objects.select_related("gateway"), number=number, site=request.site)
    facts = meter_facts.load(meter, now=request.now)
    samples = meter_facts.power_day(meter, now=request.now)
    tree = meter_rows.tree_of(request.site)
    return {
        "nav": "meters",
        "facts": facts,
        "meter": meter,
        "path": list(reversed(meter_rows.path(facts.room.node_id if facts.room else None, tree))),
        "drawing": power_chart.draw(samples, now=request.now, limit_w=facts.limit_w) if samples else None,
        "may_settle": roles.SETTLE in request.may,
        "op": forms.new_op_id(),
        "live_url": reverse("console:meter_live", args=[number]),
        "stale_minutes": int(meter_rows.ONLINE_WITHIN.total_seconds() // 60),
    }


@page(roles.SEE)
def meter(request: SiteRequest, number: str) -> HttpResponse:
    """Show what one meter does now, what is wanted of it, and what it was told."""
    return render(request, "console/meter.html", _context(request, number))


@page(roles.SEE)
def meter_live(request: SiteRequest, number: str) -> HttpResponse:
    """Return only the parts that change, for the page that is already open."""
    response = render(request, "console/meter_live.html", _context(request, number))
    response["Cache-Control"] = "no-store"
    return response
