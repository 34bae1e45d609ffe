"""The customer's first page: what is left, how long it lasts, what was used, and why the power may be off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from powertill.apps.notices.models import Contact
from powertill.apps.sales.models import Sale
from powertill.apps.supply import policies
from powertill.apps.tariffs import queries as tariffs
from powertill.core.errors import Refusal
from powertill.core.span import day_start
from powertill.core.supply import policy
from powertill.core.tariff.terms import Plan
from powertill.web import reasons
from powertill.web.portal import charts, left, topup, use, why
from powertill.web.portal.access import CustomerRequest, Home, portal_page
from powertill.web.portal.use import Used

VIEWS = ("day", "week", "month", "rate")


@require_GET
@portal_page
def home(request: CustomerRequest) -> HttpResponse:
    """Show the balance and the use; `?view=` is day, week, month or rate."""
    here, now = request.home, request.now
    balance = left.balance(here)
    used = left.used_lately(here, now=now)
    asked = request.GET.get("view", "")
    view = asked if asked in VIEWS else VIEWS[0]
    context = {
        "home": here,
        "accounts": request.accounts,
        "balance": balance,
        "lasting": left.lasting(here, balance, used, now=now),
        "stale_minutes": _stale_minutes(here),
        "sentences": _sentences(here),
        "friendly": _friendly(here),
        "cause": why.explain(here, balance, now=now),
        "view": view,
        "last_sale": Sale.objects.filter(account=here.account, reversal=None).order_by("-id").first(),
        "thresholds": _thresholds(here),
        "contact": Contact.objects.filter(customer=request.customer).first(),
        "quick": topup.QUICK_MAJOR,
        "query": _query(request),
    }
    return render(request, "portal/home.html", {**context, **_use(here, used, view, now=now)})


def _query(request: CustomerRequest) -> str:
    """Return the part of an address that keeps the chosen account, "" for a customer who has only one."""
    return f"account={request.home.account.number}" if len(request.accounts) > 1 else ""


def _use(here: Home, used: list[Used], view: str, *, now: datetime) -> dict[str, Any]:
    """Return title, total and drawing (or the rates) of the chosen view."""
    zone = ZoneInfo(here.site.zone)
    today = now.astimezone(zone).date()
    if view == "day":
        hours = use.by_hour(used, today, zone)
        plan, holidays = _plan(here, now=now), tariffs.holidays(here.site)
        drawing = charts.day(hours, now=now, site=here.site, plan=plan, holidays=holidays)
        return {"use_title": _("Use today"), "drawing": drawing, "total": _sum(hours.values())}
    if view == "rate":
        rates = use.by_rate(used, since=day_start(today.replace(day=1), zone))
        return {"use_title": _("This month by rate"), "rates": rates, "total": _sum(rates)}
    days = use.by_day(used, zone)
    if view == "week":
        shown = [amount for day, amount in days.items() if today - timedelta(days=6) <= day <= today]
        drawing = charts.week(days, now=now, site=here.site)
        return {"use_title": _("Last seven days"), "drawing": drawing, "total": _sum(shown)}
    shown = [amount for day, amount in days.items() if day >= today.replace(day=1)]
    return {
        "use_title": _("This month"),
        "drawing": charts.calendar(days, now=now, site=here.site),
        "total": _sum(shown),
    }


def _sum(amounts: Any) -> use.Amount:
    rows = list(amounts)
    return use.Amount(sum(row.wh for row in rows), sum(row.minor for row in rows))


def _plan(here: Home, *, now: datetime) -> Plan | None:
    if here.room is None:
        return None
    try:
        return tariffs.plan(tariffs.version_at(supply_point=here.room, at=now))
    except Refusal:  # without a tariff in force nothing is charged, and the page still shows the balance
        return None


def _policy(here: Home) -> policy.Policy | None:
    return policies.compiled(here.supply.policy) if here.supply else None


def _sentences(here: Home) -> list[str]:
    found = _policy(here)
    return [reasons.said(one) for one in policy.to_sentences(found, exponent=here.site.exponent)] if found else []


def _friendly(here: Home) -> list[str]:
    """Return the two or three sentences that matter most when credit runs out: when nobody is cut."""
    found = _policy(here)
    if found is None:
        return []
    told = [_("If it runs out:")]
    if found.protected:
        hours = {"start": f"{found.protected[0]:%H:%M}", "end": f"{found.protected[1]:%H:%M}"}
        told.append(_("Nobody is cut between %(start)s and %(end)s.") % hours)
    if found.weekends:
        told.append(_("Nobody is cut on a Saturday or Sunday."))
    if found.holidays:
        told.append(_("Nobody is cut on a public holiday."))
    return told if len(told) > 1 else []


def _thresholds(here: Home) -> tuple[int, int] | None:
    found = _policy(here)
    return found.warn_minor if found else None


def _stale_minutes(here: Home) -> int:
    found = _policy(here)
    return found.reading_age_minutes_max if found else 90


@require_GET
@portal_page
def alerts(request: CustomerRequest) -> HttpResponse:
    """Show when and where the customer is told; staff change it at the counter."""
    here = request.home
    found = _policy(here)
    context = {
        "home": here,
        "policy": found,
        "contacts": Contact.objects.filter(customer=request.customer),
        "messages_sent": here.account.messages.order_by("-id")[:10],
        "query": _query(request),
    }
    return render(request, "portal/alerts.html", context)


@require_GET
@portal_page
def power(request: CustomerRequest) -> HttpResponse:
    """Show why the power is off, and the one thing that helps."""
    here = request.home
    balance = left.balance(here)
    context = {
        "home": here,
        "balance": balance,
        "cause": why.explain(here, balance, now=request.now),
        "sentences": _sentences(here),
        "query": _query(request),
    }
    return render(request, "portal/power.html", context)
