"""Who may open a customer's page: the customer, and of the accounts only their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation

from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import meter_at
from powertill.apps.people.models import Customer, User
from powertill.apps.sites.models import Account, Occupancy, Site, SupplyPoint
from powertill.apps.supply.models import Supply

ACCOUNTS_MAX = 20
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Home:
    """One account of the signed-in customer, with its room, meter and switch; each is None where there is none."""

    account: Account
    site: Site
    room: SupplyPoint | None
    meter: Meter | None
    supply: Supply | None


class CustomerRequest(HttpRequest):
    """A request inside `portal_page`."""

    site: Site  # type: ignore[assignment]
    customer: Customer
    home: Home
    accounts: list[Account]
    now: Any  # aware UTC, from ClockMiddleware
    user: User


def portal_page(view: View) -> View:
    """Let a view run for a signed-in customer with `request.home`; `?account=` chooses among their own accounts."""

    @login_required
    @wraps(view)
    def inner(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        customer = Customer.objects.filter(user=request.user).first()
        accounts = _accounts(customer) if customer else []
        _speak_own_language(request, customer)
        if not accounts:
            return render(request, "portal/nobody.html", {"customer": customer}, status=200)
        account = _chosen(request, accounts)
        request.customer, request.accounts, request.site = customer, accounts, account.site
        request.home = _home(account, request)
        with timezone.override(ZoneInfo(account.site.zone)):
            return view(request, *args, **kwargs)

    return inner


def _accounts(customer: Customer) -> list[Account]:
    rows = Account.objects.filter(customer=customer).select_related("site", "customer")
    return sorted(rows[:ACCOUNTS_MAX], key=lambda row: (row.closed_at is not None, row.number))


def _chosen(request: HttpRequest, accounts: list[Account]) -> Account:
    asked = request.GET.get("account")
    if not asked:
        return accounts[0]
    found = next((row for row in accounts if row.number == asked), None)
    if found is None:
        raise Http404
    return found


def _home(account: Account, request: Any) -> Home:
    stays = Occupancy.objects.filter(account=account, from_at__lte=request.now).exclude(to_at__lte=request.now)
    stay = stays.select_related("supply_point__site").order_by("from_at").first()
    room = stay.supply_point if stay else None
    meter = meter_at(supply_point=room, at=request.now) if room else None
    supply = Supply.objects.select_related("policy").filter(supply_point=room).first() if room else None
    return Home(account, account.site, room, meter, supply)


def _speak_own_language(request: Any, customer: Customer | None) -> None:
    """Use the customer's language until they choose another one in this browser."""
    if customer is not None and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(customer.language)
        request.LANGUAGE_CODE = translation.get_language()
