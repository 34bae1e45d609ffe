"""One chronology of an account: money, credit, use per day, switch orders, messages and notes answer most calls."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse as url_of
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from powertill.apps.audit.models import LogEntry
from powertill.apps.metering.models import Charge
from powertill.apps.notices.models import Message
from powertill.apps.sales.models import Delivery, DeliveryEvent, Reversal, Sale
from powertill.apps.sites.models import Account
from powertill.apps.supply.models import RelayOrder
from powertill.web import reasons
from powertill.web.console import words
from powertill.web.shapes import Event
from powertill.web.templatetags.units import channel, kwh, money

SHOWN_MAX = 60
ACTS = {
    "account.opened": gettext_noop("Account opened"),
    "supply.cut": gettext_noop("Held off by order"),
    "supply.kept": gettext_noop("Held on by order"),
    "supply.released": gettext_noop("Order released"),
    "supply.protected": gettext_noop("Supply protected"),
    "supply.unprotect.requested": gettext_noop("Asked to lift the protection"),
    "supply.unprotect.approved": gettext_noop("Protection lifted"),
}


def events(account: Account, *, before: datetime) -> list[Event]:
    """Return what happened to an account before a moment, newest first."""
    sources = (_sales, _reversals, _deliveries, _days, _orders, _messages, _acts)
    found = [event for source in sources for event in islice(source(account, before), SHOWN_MAX)]
    return sorted(found, key=lambda event: event.at, reverse=True)[:SHOWN_MAX]


def _sales(account: Account, before: datetime) -> Iterator[Event]:
    rows = Sale.objects.filter(account=account, sold_at__lt=before).select_related("cashier")
    for row in rows.order_by("-sold_at")[:SHOWN_MAX]:
        yield Event(
            at=row.sold_at,
            kind="money",
            title=_("Sale %(number)s") % {"number": row.number},
            detail=f"{words.tender(row)} · {kwh(row.wh_estimate)}",
            amount=money(row.amount_minor, account.site),
            url=url_of("console:receipt", args=[row.number]),
            tone="ok",
            who=_person(row.cashier),
        )


def _person(user: Any) -> str:
    return (user.get_full_name() or user.get_username()) if user else ""


def _reversals(account: Account, before: datetime) -> Iterator[Event]:
    rows = Reversal.objects.filter(sale__account=account, at__lt=before).select_related("sale", "actor")
    for row in rows.order_by("-at")[:SHOWN_MAX]:
        yield Event(
            at=row.at,
            kind="money",
            title=_("Sale %(number)s reversed") % {"number": row.sale.number},
            detail=row.reason,
            amount=money(-row.sale.amount_minor, account.site),
            url=url_of("console:receipt", args=[row.sale.number]),
            tone="warn",
            who=_person(row.actor),
        )


def _deliveries(account: Account, before: datetime) -> Iterator[Event]:
    rows = DeliveryEvent.objects.filter(delivery__account=account, at__lt=before).select_related("delivery__meter")
    for row in rows.order_by("-at", "-id")[:SHOWN_MAX]:
        sent: Delivery = row.delivery
        tone = {"on_meter": "ok", "person": "bad", "refused": "bad", "unknown": "warn"}.get(row.state, "info")
        yield Event(
            at=row.at,
            kind="credit",
            title=_("Credit to meter %(meter)s") % {"meter": sent.meter.number},
            detail=reasons.step(row.event),
            amount=money(sent.amount_minor, account.site) if row.state == "on_meter" else "",
            tone=tone,
        )


def _days(account: Account, before: datetime) -> Iterator[Event]:
    rows = (
        Charge.objects.filter(account=account, to_at__lt=before)
        .annotate(day=TruncDate("from_at", tzinfo=ZoneInfo(account.site.zone)))
        .values("day")
        .annotate(minor=Sum("minor"), wh=Sum("wh"), last=Max("to_at"))
        .order_by("-day")
    )
    for row in rows[:SHOWN_MAX]:
        yield Event(
            at=row["last"],
            kind="reading",
            title=_("Used on %(day)s") % {"day": row["day"].isoformat()},
            detail=kwh(row["wh"]),
            amount=money(-row["minor"], account.site) if row["minor"] else money(0, account.site),
        )


def _orders(account: Account, before: datetime) -> Iterator[Event]:
    points = account.occupancies.values("supply_point")
    since = account.opened_at
    rows = RelayOrder.objects.filter(supply__supply_point__in=points, sent_at__lt=before, sent_at__gte=since)
    for row in rows.select_related("actor").prefetch_related("results").order_by("-sent_at")[:SHOWN_MAX]:
        answers = list(row.results.all())
        detail = reasons.outcome(answers[-1].outcome) if answers else _("no answer yet")
        tone = "bad" if row.command == "trip" else "info"
        why = reasons.because(row.code, row.params)
        title = _("Order: %(command)s") % {"command": reasons.command(row.command)}
        yield Event(
            row.sent_at, "relay", title, f"{detail} · {why}" if why else detail, tone=tone, who=_person(row.actor)
        )


def _messages(account: Account, before: datetime) -> Iterator[Event]:
    rows = Message.objects.filter(account=account, made_at__lt=before).order_by("-made_at")
    for row in rows[:SHOWN_MAX]:
        yield Event(
            at=row.made_at,
            kind="message",
            title=_("Message: %(topic)s") % {"topic": words.topic(row.topic)},
            detail=f"{channel(row.channel)} · {row.get_state_display()}",
            url=url_of("console:message", args=[row.pk]),
            tone="bad" if row.state == Message.State.FAILED else "",
        )


def _acts(account: Account, before: datetime) -> Iterator[Event]:
    labels = list(account.occupancies.values_list("supply_point__label", flat=True))
    rows = LogEntry.objects.filter(act__in=ACTS, at__lt=before, at__gte=account.opened_at)
    for row in rows.filter(subject__in=[account.number, *labels]).select_related("actor").order_by("-at")[:SHOWN_MAX]:
        yield Event(row.at, "note", _(ACTS[row.act]), row.reason, who=_person(row.actor))
