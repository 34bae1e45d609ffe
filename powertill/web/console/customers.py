"""The list of customers, and the page of one: who they are, how they stand, what happened."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from powertill.apps.audit import queries as audit
from powertill.apps.sales import quoting
from powertill.apps.sites.models import Account
from powertill.apps.tariffs import queries as tariffs
from powertill.core.errors import Refusal
from powertill.web.console import finding, forms, standing, timeline
from powertill.web.console.access import SiteRequest, page
from powertill.web.console.attention import link
from powertill.web.console.standing import Standing
from powertill.web.shapes import Chip
from powertill.web.templatetags.units import currency_symbol

ROWS_PER_PAGE = 25
SORTS: dict[str, Callable[[Standing], Any]] = {
    "room": lambda row: row.supply_point.label,
    "name": lambda row: row.account.customer.name,
    "number": lambda row: row.account.number,
    "balance": lambda row: row.available_minor,
}
STATES: dict[str, Callable[[Standing], bool]] = {
    "low": lambda row: bool(row.level),
    "empty": lambda row: row.level == "empty",
    "off": lambda row: row.state == "off",
    "due": lambda row: row.supply is not None and row.supply.next_step_at is not None,
    "protected": lambda row: row.supply_point.protected,
}


def state_words() -> dict[str, str]:
    """Return the filters by state with their words."""
    return {
        "low": _("low balance"),
        "empty": _("credit used up"),
        "off": _("off supply"),
        "due": _("cut falls due"),
        "protected": _("protected"),
    }


@require_GET
@page()
def listing(request: SiteRequest) -> HttpResponse:
    """Show who has a room, filtered, sorted and paged by the address alone."""
    text, state = finding.clean(request.GET.get("q", "")), request.GET.get("state", "")
    if text:
        rows = finding.rooms(request.site, text, now=request.now, limit=standing.ROOMS_MAX)
    else:
        rows = standing.of_site(request.site, now=request.now)
    if state in STATES:
        rows = [row for row in rows if STATES[state](row)]
    sort = request.GET.get("sort", "")
    key = SORTS.get(sort.removeprefix("-"))
    if key is not None:
        rows = sorted(rows, key=key, reverse=sort.startswith("-"))
    labels = state_words()
    context = {
        "nav": "customers",
        "page": Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "states": labels,
        "state": state,
        "chips": _chips(text, labels.get(state, "")),
        "search_placeholder": _("Room, name, phone, meter, account"),
        "nobody": not text and not state,
        "balance_label": f"{_('Balance')} {currency_symbol(request.site)}",
    }
    return render(request, "console/customers.html", context)


def _chips(text: str, state: str) -> list[Chip]:
    chips = [Chip("q", _("search"), text)] if text else []
    return [*chips, Chip("state", _("state"), state)] if state else chips


def find(request: SiteRequest, number: str) -> Account:
    """Return an account of the current site by its number, or 404."""
    rows = Account.objects.select_related("customer", "site")
    return get_object_or_404(rows, site=request.site, number=number)


@require_GET
@page()
def customer(request: SiteRequest, number: str) -> HttpResponse:
    """Show one customer with everything that the next caller will ask."""
    account = find(request, number)
    stands = standing.of_account(account, now=request.now)
    before = forms.moment(request.GET.get("before", "")) or request.now
    events = timeline.events(account, before=before)
    context: dict[str, Any] = {
        "nav": "customers",
        "account": account,
        "customer": account.customer,
        "others": account.customer.accounts.filter(site=request.site).exclude(pk=account.pk),
        "contacts": account.customer.contacts.all(),
        "stands": stands,
        "owed": quoting.owed(account),
        "events": events,
        "older": events[-1].at.isoformat() if len(events) == timeline.SHOWN_MAX else "",
        **{f"{act}_op": forms.new_op_id() for act in ("protect", "unprotect", "hold")},
    }
    if stands is not None:
        context |= _supply(request, stands)
    return render(request, "console/customer.html", context)


def _supply(request: SiteRequest, stands: Standing) -> dict[str, Any]:
    point = stands.supply_point
    waiting = audit.open_approvals(point.site).filter(kind="supply.unprotect", subject=point.label)
    context: dict[str, Any] = {
        "lasting": standing.lasting(stands, now=request.now),
        "meter_url": link("meter", stands.meter.number) if stands.meter else "",
        "waiting": waiting.filter(expires_at__gt=request.now, payload__supply_point=point.pk).first(),
    }
    try:
        context["version"] = tariffs.version_at(supply_point=point, at=request.now)
    except Refusal as refused:
        context["tariff_refused"] = refused
    return context
