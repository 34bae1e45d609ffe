"""The one search box: rooms, customers, meters and receipts, the best first; Enter opens the best hit."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse as url_of
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from powertill.apps.metering.models import Meter
from powertill.apps.sales.models import Sale
from powertill.apps.sites.models import Site
from powertill.core.errors import Refusal
from powertill.web.console import finding
from powertill.web.console.access import SiteRequest, page
from powertill.web.console.attention import link
from powertill.web.templatetags.units import money

HITS_MAX = 20
RECEIPT_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the results: `sure` when it is exactly what was typed."""

    kind: str
    title: str
    detail: str
    url: str
    sure: bool = False


@require_GET
@page()
def search(request: SiteRequest) -> HttpResponse:
    """Show the hits; a single or exact one opens at once, unless `all` is asked for."""
    text = finding.clean(request.GET.get("q", ""))
    hits = _hits(request, text)
    best = next((hit for hit in hits if hit.sure), hits[0] if len(hits) == 1 else None)
    if best is not None and "all" not in request.GET:
        return redirect(best.url)
    context = {"hits": hits, "typed": text, "refused": _why_nothing(request.site, text) if not hits else None}
    return render(request, "console/search.html", context)


def _hits(request: SiteRequest, text: str) -> list[Hit]:
    if not text:
        return []
    return [
        *_receipts(request.site, text),
        *_rooms(request, text),
        *_meters(request.site, text),
        *_vacant(request, text),
    ]


def _receipts(site: Site, text: str) -> list[Hit]:
    digits = text.upper().removeprefix("R-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= RECEIPT_DIGITS_MAX):
        return []
    rows = Sale.objects.filter(account__site=site, pk=int(digits)).select_related("account__customer", "supply_point")
    sure = text.upper().startswith("R-")
    return [
        Hit(
            kind=_("Receipt"),
            title=row.number,
            detail=f"{row.supply_point.label} · {row.account.customer.name} · {money(row.amount_minor, site)}",
            url=url_of("console:receipt", args=[row.number]),
            sure=sure,
        )
        for row in rows
    ]


def _rooms(request: SiteRequest, text: str) -> list[Hit]:
    hits = []
    for row in finding.rooms(request.site, text, now=request.now, limit=HITS_MAX):
        person = row.account.customer
        exact = text.casefold() in {row.supply_point.label.casefold(), row.account.number, person.number}
        detail = f"{person.name} · {row.account.number} · {money(row.available_minor, request.site)}"
        url = url_of("console:customer", args=[row.account.number])
        hits.append(Hit(_("Customer"), row.supply_point.label, detail, url, exact))
    return hits


def _meters(site: Site, text: str) -> list[Hit]:
    if not (text.isascii() and text.isdigit() and len(text) >= 4):
        return []
    rows = Meter.objects.filter(site=site, number__contains=text)[:HITS_MAX]
    found = [(row.number, link("meter", row.number)) for row in rows]
    return [Hit(_("Meter"), number, "", url, number == text) for number, url in found if url]


def _vacant(request: SiteRequest, text: str) -> list[Hit]:
    rooms = finding.vacant(request.site, text, now=request.now)
    url = url_of("console:account_open")
    return [Hit(_("Vacant room"), room.label, _("open an account"), f"{url}?room={room.label}") for room in rooms]


def _why_nothing(site: Site, text: str) -> Refusal | None:
    try:
        finding.explain_nothing(site, text)
    except Refusal as refused:
        return refused
    return None
