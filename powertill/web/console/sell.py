"""The sell desk: find, quote on each digit, sell once, watch the credit arrive."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from powertill.apps.audit import flows as audit
from powertill.apps.sales import flows as sales
from powertill.apps.sales import quoting
from powertill.apps.sales.models import Sale
from powertill.apps.sites import roles
from powertill.apps.sites.models import Account
from powertill.apps.tariffs import queries as tariffs
from powertill.core.errors import Refusal
from powertill.web.console import finding, forms, receipts, slip, standing, words
from powertill.web.console.access import SiteRequest, page

UNPROCESSABLE = 422


@require_GET
@page(roles.SELL)
def desk(request: SiteRequest) -> HttpResponse:
    """Show the three columns; `?account=` has a customer chosen already."""
    number = request.GET.get("account", "")
    chosen = Account.objects.filter(site=request.site, number=number, closed_at=None).first() if number else None
    last = sold_by(request).first()
    context: dict[str, Any] = {"nav": "sell", "query": finding.clean(request.GET.get("q", ""))}
    context |= _hits(request, context["query"])
    if chosen:
        context |= _chosen(request, chosen)
    if last:
        context |= receipts.block(request, last)
    return render(request, "console/sell.html", context)


def sold_by(request: SiteRequest) -> Any:
    """Return this person's sales at the site, newest first."""
    return receipts.of_site(request.site).filter(cashier=request.user)


@require_GET
@page(roles.SELL)
def find(request: SiteRequest) -> HttpResponse:
    """Return the hits for what is typed."""
    return render(request, "console/sell_hits.html", _hits(request, request.GET.get("q", "")))


def _hits(request: SiteRequest, text: str) -> dict[str, Any]:
    hits = finding.rooms(request.site, text, now=request.now)
    context: dict[str, Any] = {"hits": hits, "typed": finding.clean(text)}
    if not hits and context["typed"]:
        context["vacant"] = finding.vacant(request.site, text, now=request.now)
        if not context["vacant"]:
            context["hits_refused"] = _why_nothing(request, text)
    return context


def _why_nothing(request: SiteRequest, text: str) -> Refusal | None:
    try:
        finding.explain_nothing(request.site, text)
    except Refusal as refused:
        return refused
    return None


@require_GET
@page(roles.SELL)
def choose(request: SiteRequest, number: str) -> HttpResponse:
    """Return the form for one customer, with a fresh operation id."""
    account = _account(request, number)
    return render(request, "console/sell_chosen.html", _chosen(request, account))


def _account(request: SiteRequest, number: str) -> Account:
    return get_object_or_404(Account.objects.select_related("customer"), site=request.site, number=number)


def _chosen(request: SiteRequest, account: Account) -> dict[str, Any]:
    stands = standing.of_account(account, now=request.now)
    context: dict[str, Any] = {"account": account, "stands": stands, "op": forms.new_op_id()}
    if stands is None or account.closed_at is not None:
        return context | {"account_refused": Refusal("sale.no_supply_point")}
    context |= {
        "lasting": standing.lasting(stands, now=request.now),
        "owed": quoting.owed(account),
        "quick": list(enumerate(forms.quick_amounts(request.site), start=1)),
        "tenders": [(code, label, f"F{key}") for key, (code, label) in enumerate(words.TENDERS.items(), start=2)],
    }
    try:
        context["version"] = tariffs.version_at(supply_point=stands.supply_point, at=request.now)
    except Refusal as refused:
        context["account_refused"] = refused
    return context


@require_GET
@page(roles.SELL)
def quote(request: SiteRequest, number: str) -> HttpResponse:
    """Return what the typed amount buys; the same quote is what the sale posts."""
    account = _account(request, number)
    context: dict[str, Any] = {"account": account}
    if request.GET.get("amount", "").strip():
        context |= _quoted(request, account, request.GET)
    refused = context.get("refused")
    return render(request, "console/sell_quote.html", context, status=UNPROCESSABLE if refused else 200)


def _quoted(request: SiteRequest, account: Account, data: QueryDict) -> dict[str, Any]:
    """Quote what a form says; a mistake about the cash given still shows what the amount buys."""
    try:
        amount_minor = forms.amount(data.get("amount", ""), request.site)
        quoted = quoting.make(account=account, amount_minor=amount_minor, now=request.now)
    except Refusal as refused:
        return {"refused": refused}
    context: dict[str, Any] = {
        "quoted": quoted,
        "lines": receipts.lines(quoting.parts_json(quoted.quote), request.site),
    }
    try:
        context["payment"] = forms.payment(data, request.site)
    except Refusal as refused:
        context["refused"] = refused
    return context | {"tax_words": slip.tax_words(quoted.version)}


@require_POST
@page(roles.SELL)
def pay(request: SiteRequest, number: str) -> HttpResponse:
    """Sell once per operation id; a form that is sent twice gives the same receipt."""
    account = _account(request, number)
    try:
        payment = forms.payment(request.POST, request.site)
        result, _replay = sales.sell(
            op_id=request.POST.get("op", ""),
            account_id=account.pk,
            amount_minor=payment.amount_minor,
            given_minor=payment.given_minor,
            tender=payment.tender,
            quote=request.POST.get("quote", ""),
            cashier=request.user,
            now=request.now,
        )
    except Refusal as refused:
        return _not_sold(request, account, refused)
    return _sold(request, get_object_or_404(receipts.of_site(request.site), pk=result["sale"]))


def _sold(request: SiteRequest, sale: Sale) -> HttpResponse:
    receipts.remember_fresh(request, sale)
    if not request.htmx:
        return redirect("console:receipt", sale.number)
    response = render(request, "console/sell_sold.html", receipts.block(request, sale) | {"sold": True})
    response["HX-Trigger"] = "powertill:sold"
    return response


def _not_sold(request: SiteRequest, account: Account, refused: Refusal) -> HttpResponse:
    """Say why nothing was sold; where only the quote was too old, put a new one beside it."""
    if not request.htmx:
        raise refused
    context: dict[str, Any] = {"account": account}
    if refused.code.startswith("sale.quote_"):
        context |= _quoted(request, account, request.POST)
    response = render(request, "console/sell_quote.html", context | {"refused": refused}, status=UNPROCESSABLE)
    response["HX-Retarget"], response["HX-Reswap"] = "#gets", "innerHTML"
    return response


@require_POST
@page(roles.SELL)
def outcome(request: SiteRequest) -> HttpResponse:
    """Tell what became of a sale whose answer was lost; an id that is not known is refused from now on."""
    op_id = request.POST.get("op", "")
    result = audit.last_response(op_id=op_id, now=request.now)
    if result is None:
        return render(request, "console/sell_unsold.html", {})
    sale = receipts.of_site(request.site).filter(operation_id=op_id).first()
    if sale is not None:  # perhaps sold under another login: it is this desk's sale all the same
        return _sold(request, sale)
    return render(request, "console/sell_elsewhere.html", {"number": result.get("number", "")})


@require_GET
@page(roles.SELL)
def arrival(request: SiteRequest, number: str) -> HttpResponse:
    """Return the last sale's block again, for polling until its credit has arrived."""
    return render(request, "console/sell_last.html", receipts.block(request, receipts.find(request, number)))
