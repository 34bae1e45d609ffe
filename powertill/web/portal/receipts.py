"""The customer's receipts: shown again as often as they like."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from powertill.apps.sales.models import Sale
from powertill.web.console import receipts as console
from powertill.web.console import slip
from powertill.web.portal.access import CustomerRequest, portal_page

ROWS_PER_PAGE = 20


@require_GET
@portal_page
def listing(request: CustomerRequest) -> HttpResponse:
    """Show all payments of the account, newest first, with how far their credit has come."""
    rows = Sale.objects.filter(account=request.home.account).select_related("delivery", "reversal").order_by("-id")
    page = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "home": request.home,
        "page": page,
        "rows": [(sale, console.state_of(sale)) for sale in page],
        "query": f"account={request.home.account.number}" if len(request.accounts) > 1 else "",
    }
    return render(request, "portal/receipts.html", context)


@require_GET
@portal_page
def receipt(request: CustomerRequest, number: str) -> HttpResponse:
    """Show one receipt of any of the customer's own accounts."""
    mine = Sale.objects.filter(account__in=request.accounts).select_related(*console.RELATED)
    sale = get_object_or_404(mine, pk=console.number_to_pk(number))
    context = {
        "home": request.home,
        "sale": sale,
        "state": console.state_of(sale),
        "receipt": slip.build(sale, qr_svg=console.qr(sale), copy_no=1),
        "query": f"account={sale.account.number}" if len(request.accounts) > 1 else "",
    }
    return render(request, "portal/receipt.html", context)
