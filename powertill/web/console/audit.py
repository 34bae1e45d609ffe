"""The log of acts, whether its chain is whole, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from powertill.apps.audit import queries
from powertill.apps.audit.models import Approval, LogEntry
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.supply import flows as supply
from powertill.web.console import finding
from powertill.web.console.access import SiteRequest, page
from powertill.web.shapes import Chip

ROWS_PER_PAGE = 50
WORDS_MAX = 200  # acts and people offered as filters
APPROVALS_SHOWN_MAX = 50
# What is done when a second person agrees; a kind without a row here is approved where it was asked for.
APPLY: Final[dict[str, Callable[..., Any]]] = {"supply.unprotect": supply.unprotect}


@page(roles.AUDIT)
def audit(request: SiteRequest) -> HttpResponse:
    """Show who did what and why, newest first."""
    rows = _narrowed(request, queries.acts(request.site))
    context = {
        "nav": "audit",
        "page": Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "chips": _chips(request),
        "acts": LogEntry.objects.order_by("act").values_list("act", flat=True).distinct()[:WORDS_MAX],
        "people": User.objects.filter(memberships__site=request.site).distinct().order_by("username")[:WORDS_MAX],
        "broken": queries.broken_links(),
        "count": LogEntry.objects.count(),
        "approvals": _approvals(request),
        "may_approve": roles.APPROVE in request.may,
        "search_placeholder": _("Subject, reason or operation number"),
    }
    return render(request, "console/audit.html", context)


def _narrowed(request: SiteRequest, rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
    if text := finding.clean(request.GET.get("q", "")):
        rows = rows.filter(Q(subject__icontains=text) | Q(reason__icontains=text) | Q(op_id=text))
    if act := finding.clean(request.GET.get("act", "")):
        rows = rows.filter(act=act)
    if who := finding.clean(request.GET.get("who", "")):
        rows = rows.filter(actor=None) if who == "-" else rows.filter(actor__username=who)
    return rows


def _chips(request: SiteRequest) -> list[Chip]:
    labels = {"q": _("Search"), "act": _("Act"), "who": _("Who")}
    return [Chip(name, label, request.GET[name]) for name, label in labels.items() if request.GET.get(name)]


def _approvals(request: SiteRequest) -> list[Approval]:
    rows = list(queries.open_approvals(request.site)[:APPROVALS_SHOWN_MAX])
    for row in rows:
        row.mine = row.maker_id == request.user.pk  # type: ignore[attr-defined]
        row.expired = row.expires_at <= request.now  # type: ignore[attr-defined]
        row.known = row.kind in APPLY  # type: ignore[attr-defined]
    return rows


@require_POST
@page(roles.APPROVE)
def approve(request: SiteRequest, pk: int) -> HttpResponse:
    """Consent as the second person; the act is applied in the same transaction."""
    row = get_object_or_404(Approval, pk=pk, kind__in=APPLY)
    _apply(row, checker=request.user, now=request.now)
    messages.success(request, _("Approved: %(subject)s.") % {"subject": row.subject})
    return redirect("console:audit" if roles.AUDIT in request.may else "console:overview")


def _apply(row: Approval, *, checker: User, now: datetime) -> None:
    APPLY[row.kind](approval_id=row.pk, checker=checker, now=now)
