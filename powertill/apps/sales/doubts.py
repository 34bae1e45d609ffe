"""Doubts about ourselves: late credit, messages that stay, meters that nobody reads. Then nobody of the site is cut."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from powertill.apps.metering.models import Meter
from powertill.apps.notices.models import Message
from powertill.apps.sales.delivering import OPEN
from powertill.apps.sales.models import Delivery
from powertill.apps.sites.models import Site
from powertill.apps.supply import modes
from powertill.apps.supply.models import SiteMode

CREDIT_LATE = timedelta(hours=6)
MESSAGES_STAY = timedelta(hours=2)
READINGS_OLD = timedelta(hours=6)
METERS_MIN = 5  # of fewer, one that is silent is no doubt about ourselves
MESSAGES_MIN = 20  # of a day; of fewer, some wrong addresses are no doubt about ourselves
DAY = timedelta(days=1)
RESPITE = timedelta(days=1)  # after a person allowed cuts again, knowing what was in doubt
LOOK_EVERY = timedelta(seconds=30)
STANDS = timedelta(minutes=2)  # by the database's clock: a clock that was set forward makes all old for a moment


def watch(*, now: datetime) -> int:
    """Stop the cuts of each site where something of ours has been in doubt for a while; return how many."""
    return sum(_look(site, now=now) for site in Site.objects.order_by("pk"))


def _look(site: Site, *, now: datetime) -> int:
    with transaction.atomic():
        SiteMode.objects.get_or_create(site=site)
        rows = SiteMode.objects.filter(site=site, mode=SiteMode.Mode.NORMAL).exclude(since__gt=now - RESPITE)
        due = rows.filter(Q(looked_at=None) | Q(looked_at__lte=Now() - LOOK_EVERY))
        if not due.update(looked_at=Now()):
            return 0
        doubt = next(_found(site, now=now), None)
        if doubt is None:
            rows.filter(doubt_since__isnull=False).update(doubt_since=None)
            return 0
        rows.filter(doubt_since=None).update(doubt_since=Now())
        if not rows.filter(doubt_since__lte=Now() - STANDS).exists():
            return 0
        code, params = doubt
        said, mode = modes.DOUBTS[code] % params, SiteMode.Mode.NO_CUT
        modes.enter(site_id=site.pk, mode=mode, reason=said, actor=None, now=now, code=code, params=params)
        return 1


def _found(site: Site, *, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    if Delivery.objects.filter(account__site=site, state__in=OPEN, made_at__lte=now - CREDIT_LATE).exists():
        yield "mode.late_credit", _hours(CREDIT_LATE)
    if _messages_stay(site, now=now):
        yield "mode.messages", _hours(MESSAGES_STAY)
    if _readings_old(site, now=now):
        yield "mode.readings", _hours(READINGS_OLD)


def _hours(limit: timedelta) -> dict[str, Any]:
    return {"hours": limit // timedelta(hours=1)}


def _messages_stay(site: Site, *, now: datetime) -> bool:
    rows = Message.objects.filter(account__site=site)
    if rows.filter(state=Message.State.DUE, tries=0, next_at__lte=now - MESSAGES_STAY).exists():
        return True
    today = rows.filter(made_at__gt=now - DAY)
    failed = today.filter(Q(state=Message.State.FAILED) | Q(state=Message.State.DUE, tries__gt=0)).count()
    return failed * 2 > max(MESSAGES_MIN, today.count())


def _readings_old(site: Site, *, now: datetime) -> bool:
    """Tell whether most meters that hang at an occupied supply point were not read for long."""
    hanging = Meter.objects.filter(
        site=site, installations__to_at=None, installations__supply_point__occupancies__to_at=None
    ).filter(installations__supply_point__occupancies__from_at__lte=now - READINGS_OLD)
    total = hanging.distinct().count()
    old = hanging.filter(Q(accepted_at=None) | Q(accepted_at__lte=now - READINGS_OLD)).distinct().count()
    return total >= METERS_MIN and old * 2 > total
