"""Tariffs to read: the list with its versions in time, and one version with everything that it says."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from powertill.apps.sites import roles
from powertill.apps.tariffs import queries
from powertill.apps.tariffs.models import Tariff, Version
from powertill.core.tariff.terms import Plan
from powertill.web.console import tariff_drawings, tariff_facts
from powertill.web.console.access import SiteRequest, page


@page(roles.SEE)
def tariffs(request: SiteRequest) -> HttpResponse:
    """Show every price plan of the site, its versions on a time line and how many supply points it charges."""
    rows = [
        (row, tariff_drawings.time_line(row.versions, now=request.now))
        for row in tariff_facts.listed(request.site, now=request.now)
    ]
    return render(request, "console/tariffs.html", {"nav": "tariffs", "rows": rows})


@page(roles.SEE)
def tariff(request: SiteRequest, code: str) -> HttpResponse:
    """Show one version of a plan; `?v=` chooses it, else the one in force."""
    row = get_object_or_404(Tariff, site=request.site, code=code)
    versions = list(row.versions.order_by("number"))
    in_force = tariff_facts.in_force(versions, now=request.now)
    version = _chosen(request, versions) or in_force or (versions[-1] if versions else None)
    plan, refusal = tariff_facts.plan_of(version) if version else (None, None)
    points, count = tariff_facts.used_by(row, now=request.now)
    context = {
        "nav": "tariffs",
        "tariff": row,
        "versions": versions,
        "version": version,
        "in_force": in_force,
        "drawing": tariff_drawings.time_line(versions, now=request.now) if versions else None,
        "plan": plan,
        "refused": refusal,
        "points": points,
        "count": count,
        "rest": count - len(points),
        **(_plan_context(request, plan) if plan else {}),
    }
    return render(request, "console/tariff.html", context)


def _chosen(request: SiteRequest, versions: list[Version]) -> Version | None:
    asked = request.GET.get("v")
    if not asked:
        return None
    found = next((version for version in versions if str(version.number) == asked), None)
    if found is None:
        raise Http404(asked)
    return found


def _plan_context(request: SiteRequest, plan: Plan) -> dict[str, Any]:
    seasons = tariff_drawings.seasons(plan)
    now_in = tariff_drawings.season_at(plan, now=request.now)
    asked = request.GET.get("season", "")
    season = int(asked) if asked.isdecimal() and int(asked) < len(seasons) else now_in
    return {
        "bands": [
            (tariff_drawings.colour(plan, n), tariff_drawings.band_name(plan, n)) for n in range(len(plan.energy.bands))
        ],
        "table": tariff_facts.price_table(plan),
        "seasons": seasons if len(seasons) > 1 else [],
        "season": season,
        "week": tariff_drawings.week(plan, season),
        "daily": [part.body for part in plan.fixed],
        "examples": tariff_facts.examples(plan, at=request.now, holidays=queries.holidays(request.site)),
        "not_in_meter": tariff_facts.in_meter(plan),
    }
