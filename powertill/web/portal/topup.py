"""What a payment would buy: the same quote that the counter will post."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from powertill.apps.sales import quoting
from powertill.core import money
from powertill.core.errors import Refusal
from powertill.web.console import slip
from powertill.web.portal.access import CustomerRequest, portal_page

QUICK_MAJOR = (20, 50, 100)


@require_GET
@portal_page
def topup(request: CustomerRequest) -> HttpResponse:
    """Show what an amount buys for this account and how to pay it; nothing is sold here."""
    text = request.GET.get("amount", "").strip()
    context: dict[str, Any] = {
        "home": request.home,
        "quick": QUICK_MAJOR,
        "amount": text,
        "query": f"account={request.home.account.number}" if len(request.accounts) > 1 else "",
    }
    if text:
        try:
            minor = money.parse_minor(text, exponent=request.site.exponent)
            quoted = quoting.make(account=request.home.account, amount_minor=minor, now=request.now)
        except Refusal as refusal:
            context["refused"] = refusal
        else:
            context["quote"] = quoted.quote
            context["lines"] = slip.lines(quoting.parts_json(quoted.quote), request.site)
    return render(request, "portal/topup.html", context)
