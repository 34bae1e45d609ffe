"""Receipts: the block on the screen, the 80 mm page, the public page that proves one genuine, reversal and reprint."""

from datetime import timedelta
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import segno
from django.conf import settings
from django.core import signing
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse as url_of
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from powertill.apps.audit import flows as audit
from powertill.apps.audit.models import LogEntry
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Sale
from powertill.apps.sites import roles
from powertill.apps.sites.models import Site
from powertill.core import delivery
from powertill.core.span import day_start
from powertill.web.console import finding, forms, slip, words
from powertill.web.console.access import SiteRequest, page
from powertill.web.shapes import Chip

VERIFY_SALT = "powertill.receipt"
FRESH_KEY, FRESH_MAX = "fresh_receipts", 20
COPIES_MAX = 99
ROWS_PER_PAGE = 25
REPRINTED = "receipt.reprinted"
RELATED = ("account__customer", "account__site", "supply_point", "version__tariff", "cashier", "delivery", "reversal")
lines = slip.lines


def of_site(site: Site) -> QuerySet[Sale]:
    """Return the sales of a site with all that a receipt shows."""
    return Sale.objects.filter(account__site=site).select_related(*RELATED).order_by("-id")


def find(request: SiteRequest, number: str) -> Sale:
    """Return the sale with this receipt number at the current site, or 404."""
    return get_object_or_404(of_site(request.site), pk=number_to_pk(number))


def number_to_pk(number: str) -> int:
    """Return the key in a receipt number such as R-000417; 404 for anything else."""
    digits = number.removeprefix("R-")
    if not (number.startswith("R-") and digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise Http404
    return int(digits)


def state_of(sale: Sale) -> str:
    """Return how far the sale's credit has come, in core.delivery's words."""
    if getattr(sale, "reversal", None) is not None:
        return delivery.State.REVERSED.value
    sent = getattr(sale, "delivery", None)
    return sent.state if sent else delivery.State.NOT_NEEDED.value


def may_reverse(request: SiteRequest, sale: Sale) -> bool:
    """Tell whether this person may still reverse the sale; the flow asks again."""
    if roles.REVERSE not in request.may or getattr(sale, "reversal", None) is not None:
        return False
    sent = getattr(sale, "delivery", None)
    if sent is None:
        return bool(request.now <= sale.sold_at + sales.UNDO_WITHIN)
    return bool(delivery.may_reverse(delivery.State(sent.state)))


def block(request: SiteRequest, sale: Sale) -> dict[str, Any]:
    """Return what the last-sale block on the desk needs."""
    state = state_of(sale)
    under_way = state not in {item.value for item in delivery.TERMINAL} and state != delivery.State.PERSON.value
    return {
        "sale": sale,
        "state": state,
        "under_way": under_way,
        "change_minor": sale.given_minor - sale.amount_minor,
        "may_reverse": may_reverse(request, sale),
        "reverse_op": forms.new_op_id(),
        "reprint_op": forms.new_op_id(),
        "receipt": slip.build(sale, qr_svg=qr(sale)),
    }


def remember_fresh(request: SiteRequest, sale: Sale) -> None:
    """Let the first print after a sale be the original; every later one says COPY."""
    kept = [pk for pk in request.session.get(FRESH_KEY, []) if pk != sale.pk]
    request.session[FRESH_KEY] = [*kept, sale.pk][-FRESH_MAX:]


@require_GET
@page()
def receipt(request: SiteRequest, number: str) -> HttpResponse:
    """Show a receipt as it prints on 80 mm paper."""
    sale = find(request, number)
    context = {
        "receipt": slip.build(sale, qr_svg=qr(sale), copy_no=_copy_no(request, sale)),
        "sale": sale,
        "state": state_of(sale),
        "paper": "58" if request.GET.get("paper") == "58" else "80",
        "back_url": url_of("console:customer", args=[sale.account.number]),
        "may_reverse": may_reverse(request, sale),
        "reverse_op": forms.new_op_id(),
        "reprint_op": forms.new_op_id(),
    }
    return render(request, "console/receipt.html", context)


def _copy_no(request: SiteRequest, sale: Sale) -> int:
    fresh = request.session.get(FRESH_KEY, [])
    if sale.pk in fresh:
        request.session[FRESH_KEY] = [pk for pk in fresh if pk != sale.pk]
        return 0
    return max(_reprints(sale), 1)


def _reprints(sale: Sale) -> int:
    return min(LogEntry.objects.filter(act=REPRINTED, subject=sale.number).count(), COPIES_MAX)


@require_POST
@page(roles.SELL)
def reprint(request: SiteRequest, number: str) -> HttpResponse:
    """Note that a copy is printed, then show it with its number."""
    sale = find(request, number)
    request.session[FRESH_KEY] = [pk for pk in request.session.get(FRESH_KEY, []) if pk != sale.pk]
    op_id, who, now = forms.op_id(request.POST), request.user, request.now

    def run() -> dict[str, Any]:
        audit.log(act=REPRINTED, subject=sale.number, actor=who, now=now, op_id=op_id, site=request.site)
        return {"sale": sale.pk}

    audit.once(op_id=op_id, kind=REPRINTED, body={"sale": sale.pk}, actor=who, now=now, run=run)
    return redirect(url_of("console:receipt", args=[sale.number]) + "#print")


@require_POST
@page(roles.REVERSE)
def reverse(request: SiteRequest, number: str) -> HttpResponse:
    """Undo a sale whose credit has not left for the meter."""
    sale = find(request, number)
    sales.reverse(
        op_id=request.POST.get("op", ""),
        sale_id=sale.pk,
        reason=request.POST.get("reason", ""),
        actor=request.user,
        now=request.now,
    )
    return redirect("console:receipt", sale.number)


def verify_url(sale: Sale) -> str:
    """Return the public address that proves this receipt genuine."""
    token = signing.Signer(salt=VERIFY_SALT).sign(sale.number)
    return urljoin(settings.PUBLIC.geturl() + "/", url_of("console:verify", args=[token]))


def qr(sale: Sale) -> str:
    """Return the QR code of the receipt's address as inline SVG."""
    drawn: str = segno.make(verify_url(sale), error="m", micro=False).svg_inline(scale=2, border=2)
    return drawn


@require_GET
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """Tell anybody who scans a receipt whether it was issued here; it needs no sign-in and shows no name."""
    try:
        number = signing.Signer(salt=VERIFY_SALT).unsign(token)
    except signing.BadSignature:
        return render(request, "console/receipt_unknown.html", status=404)
    sale = get_object_or_404(Sale.objects.select_related(*RELATED), pk=number_to_pk(number))
    site = sale.account.site
    request.site = site  # type: ignore[assignment]
    with timezone.override(site.zone):
        return render(request, "console/receipt_verify.html", {"sale": sale, "site": site, "state": state_of(sale)})


@require_GET
@page()
def listing(request: SiteRequest) -> HttpResponse:
    """Show the sales of the site; `?day=` keeps one local day, with its total."""
    text, day = finding.clean(request.GET.get("q", "")), forms.day(request.GET.get("day", ""))
    rows, chips = of_site(request.site), []
    if text:
        who = Q(account__customer__name__icontains=text) | Q(supply_point__label__icontains=text)
        digits = text.upper().removeprefix("R-")
        known = digits.isascii() and digits.isdigit() and len(digits) <= 15
        rows = rows.filter(who | Q(pk=int(digits)) if known else who)
        chips.append(Chip("q", _("search"), text))
    if day:
        zone = ZoneInfo(request.site.zone)
        rows = rows.filter(sold_at__gte=day_start(day, zone), sold_at__lt=day_start(day + timedelta(days=1), zone))
        chips.append(Chip("day", _("day"), day.isoformat()))
    found = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "nav": "sell",
        "page": found,
        "rows": [(sale, state_of(sale), words.tender(sale)) for sale in found],
        "total": rows.filter(reversal=None).aggregate(n=Sum("amount_minor"))["n"] or 0,
        "chips": chips,
        "day": day,
        "search_placeholder": _("Receipt, room, name"),
    }
    return render(request, "console/receipts.html", context)
