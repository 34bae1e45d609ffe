"""Site and capacity: the tree from the transformer to the panels, drawn, as a table, and the rooms under one node."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from powertill.apps.sites import roles
from powertill.apps.sites.models import Site
from powertill.apps.supply import modes
from powertill.apps.supply.models import SiteMode
from powertill.web import reasons
from powertill.web.charts import diagram
from powertill.web.console import site_tree
from powertill.web.console.access import SiteRequest, page
from powertill.web.console.site_tree import Branch
from powertill.web.templatetags.plant import percent
from powertill.web.templatetags.units import kw_number


@page(roles.SEE)
def site(request: SiteRequest) -> HttpResponse:
    """Show the load now against capacity, and what could still be granted; `?live=1` gives only the moving parts."""
    live = request.GET.get("live") == "1"
    response = render(request, "console/site_live.html" if live else "console/site.html", _context(request))
    if live:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
@page(roles.SWITCH)
def mode(request: SiteRequest) -> HttpResponse:
    """Stop all cuts of the site, or allow them again, with a reason."""
    wanted = request.POST.get("mode", "")
    reason = request.POST.get("reason", "")
    modes.set_mode(site_id=request.site.pk, mode=wanted, reason=reason, actor=request.user, now=request.now)
    no_cut = wanted == SiteMode.Mode.NO_CUT
    messages.success(request, _("From now on nobody is cut.") if no_cut else _("The rules may cut again."))
    return redirect("console:site")


def no_cut(site: Site) -> dict[str, Any]:
    """Return what the banner says while nobody is cut, or nothing."""
    row = SiteMode.objects.filter(site=site, mode=SiteMode.Mode.NO_CUT).first()
    return {"no_cut": row, "no_cut_why": reasons.said(modes.mode_sentence(row))} if row else {}


def _context(request: SiteRequest) -> dict[str, Any]:
    assumed = _diversity(request)
    rooms = site_tree.points(request.site, now=request.now)
    roots = site_tree.branches(request.site, rooms, diversity_per_mille=assumed)
    rows = site_tree.flat(roots)
    chosen = _chosen(request, rows)
    query = request.GET.copy()
    query["live"] = "1"
    return {
        "nav": "site",
        **no_cut(request.site),
        "drawing": diagram.draw(_diagram(roots)) if roots else None,
        "rows": rows,
        "chosen": chosen,
        "points": site_tree.under(chosen, rooms, now=request.now) if chosen else [],
        "more": max(chosen.meters - site_tree.ROOMS_SHOWN_MAX, 0) if chosen else 0,
        "granted_w": sum(root.granted_w for root in roots),
        "capacity_w": sum(root.node.capacity_w for root in roots),
        "assumed": assumed,
        "assumed_text": _share(assumed),
        "diversities": [(value, _share(value)) for value in _diversities(request)],
        "live_url": f"{reverse('console:site')}?{query.urlencode()}",
        "fresh_minutes": int(site_tree.FRESH.total_seconds() // 60),
    }


def _diversity(request: SiteRequest) -> int:
    text = request.GET.get("diversity", "")
    allowed = {str(value): value for value in _diversities(request)}
    return allowed.get(text, request.site.diversity_per_mille)


def _diversities(request: SiteRequest) -> list[int]:
    """Return the site's own diversity and some to try beside it."""
    return sorted({request.site.diversity_per_mille, *site_tree.DIVERSITIES_PER_MILLE}, reverse=True)


def _share(per_mille: int) -> str:
    return f"{per_mille // 1000}.{per_mille % 1000 // 10:02}"


def _chosen(request: SiteRequest, rows: list[Branch]) -> Branch | None:
    code = request.GET.get("node", "")
    if not code:
        return None
    found = next((row for row in rows if row.node.code == code), None)
    if found is None:
        raise Http404(code)
    return found


def _diagram(roots: tuple[Branch, ...]) -> diagram.Diagram:
    return diagram.Diagram(
        title=_("Supply tree"),
        summary="; ".join(f"{root.node}: {_text(root)}" for root in roots),
        roots=tuple(_node(root) for root in roots),
        headings=(_("Place"), _("Load now")),
    )


def _node(branch: Branch) -> diagram.Node:
    node = branch.node
    return diagram.Node(
        name=str(node) if branch.children else node.code,
        text=_text(branch),
        share_per_mille=branch.used_per_mille,
        children=tuple(_node(child) for child in branch.children),
        symbol="transformer" if node.kind == "transformer" else "",
        url=f"?node={node.code}#below",
        tone="" if branch.used_per_mille is not None else "none",
    )


def _text(branch: Branch) -> str:
    capacity = _kw(branch.node.capacity_w)
    if branch.power_w is None:
        return _("not measured · capacity %(capacity)s kW") % {"capacity": capacity}
    load = f"{_kw(branch.power_w)} / {capacity} kW"
    meters = ngettext("%(n)s meter", "%(n)s meters", branch.meters) % {"n": branch.meters}
    share = percent(branch.used_per_mille)
    return f"{load} · {share}" if branch.children else f"{load} · {meters} · {share}"


def _kw(watts: int) -> str:
    """Return kW, rounded as the table beside the drawing rounds; whole capacities without a decimal."""
    return kw_number(watts, 0 if watts % 1000 == 0 else 1)
