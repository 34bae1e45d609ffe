"""What is left: the balance with the age of its reading, and how long it will last, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from powertill.apps.ledger import queries as ledger
from powertill.apps.metering import rating
from powertill.apps.supply import facts
from powertill.apps.tariffs import queries as tariffs
from powertill.core import energy, forecast
from powertill.core.errors import Refusal
from powertill.core.span import DAY, day_start
from powertill.core.tariff import engine
from powertill.web.console import meter_facts
from powertill.web.portal import use
from powertill.web.portal.access import Home
from powertill.web.portal.use import Used

PRICE_DAYS = 14  # the usual price is what these days cost
SOON_DAYS = 7  # further away a part of the day says more than anybody knows
WEEKS_MAX = 28
GUESS_DAYS_MAX = 90  # beyond this "more than three months" is all that is honest


@dataclass(frozen=True, slots=True)
class Balance:
    """Money that is left in minor units, and how old the reading is that it stands on."""

    minor: int
    read_at: datetime | None
    in_meter: bool
    on_the_way_minor: int


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long the credit lasts, as sentences: `about`, `until`, and what it assumes."""

    about: str
    until: str
    between: str
    wh_per_day: int
    minor_per_kwh: Decimal


def balance(home: Home) -> Balance:
    """Return the balance; a purse in the meter counts as the rules of supply count it."""
    account, meter, room = home.account, home.meter, home.room
    in_account = ledger.balance_minor(account_id=account.pk, place="account")
    if room is None or meter is None or room.place != "meter":
        return Balance(in_account, meter.accepted_at if meter else None, in_meter=False, on_the_way_minor=0)
    in_meter = facts.in_meter_minor(account=account, meter=meter)
    return Balance(in_account + in_meter, meter_facts.purse_seen_at(meter), in_meter=True, on_the_way_minor=in_account)


def lasting(home: Home, left: Balance, used: Sequence[Used], *, now: datetime) -> Lasting | None:
    """Return how long the credit lasts, or None while there are too few whole days to say."""
    zone = ZoneInfo(home.site.zone)
    daily = whole_days(used, zone, now=now)
    minor_per_kwh = usual_price(home, used, now=now)
    if minor_per_kwh is None or minor_per_kwh <= 0:
        return None
    available_wh = energy.affordable_wh(max(left.minor, 0), minor_per_kwh)
    found = forecast.time_to_empty(daily, available_wh=available_wh, now=now)
    if found is None:
        return None
    return Lasting(
        about=_about(found.likely_at, now=now, empty=left.minor <= 0),
        until=when(found.likely_at, now=now, zone=zone) if left.minor > 0 else "",
        between=_between(found, now=now, zone=zone) if left.minor > 0 else "",
        wh_per_day=found.wh_per_day,
        minor_per_kwh=minor_per_kwh,
    )


def used_lately(home: Home, *, now: datetime) -> list[Used]:
    """Return what the account used in the weeks that a forecast looks at, and at least in the present month."""
    if home.room is None:
        return []
    zone = ZoneInfo(home.site.zone)
    today = now.astimezone(zone).date()
    since = min(day_start(today - WEEKS_MAX * DAY, zone), day_start(today.replace(day=1), zone))
    return use.read(home.room, home.account, since=since)


def whole_days(used: Sequence[Used], zone: ZoneInfo, *, now: datetime) -> list[int]:
    """Return Wh of the whole local days there are, oldest first; the first and the present day are parts."""
    if not used:
        return []
    days = use.by_day(used, zone)
    today = now.astimezone(zone).date()
    day = used[0].span.start.astimezone(zone).date()
    if used[0].span.start > day_start(day, zone):
        day += DAY
    day = max(day, today - WEEKS_MAX * DAY)
    # Days after the newest reading are unknown, not zero.
    last = min(today, used[-1].span.end.astimezone(zone).date())
    found = []
    while day < last:
        found.append(days[day].wh if day in days else 0)
        day += DAY
    return found


def usual_price(home: Home, used: Sequence[Used], *, now: datetime) -> Decimal | None:
    """Return minor units per kWh as they were paid in the last days, with fixed charges; else the price now."""
    recent = [one for one in used if one.span.start >= now - timedelta(days=PRICE_DAYS)]
    wh = sum(one.wh for one in recent)
    if wh > 0:
        return energy.mean_price(sum(one.minor for one in recent), wh)
    if home.room is None:
        return None
    try:
        version = tariffs.version_at(supply_point=home.room, at=now)
    except Refusal:
        return None
    price = engine.price_at(tariffs.plan(version), rating.snapshot(home.room), now, tariffs.holidays(home.site))
    return price.gross_minor_per_kwh


def _about(at: datetime | None, *, now: datetime, empty: bool) -> str:
    if empty:
        return _("The credit is used up.")
    if at is None or at - now > GUESS_DAYS_MAX * DAY:
        return _("More than three months left")
    hours = (at - now) // timedelta(hours=1)
    if hours < 24:
        return ngettext("About %(n)s hour left", "About %(n)s hours left", max(hours, 1)) % {"n": max(hours, 1)}
    days = round_half_up_days(at - now)
    return ngettext("About %(n)s day left", "About %(n)s days left", days) % {"n": days}


def round_half_up_days(length: timedelta) -> int:
    """Return the nearest number of days."""
    return (length + DAY / 2) // DAY


def when(at: datetime | None, *, now: datetime, zone: ZoneInfo) -> str:
    """Return a moment ahead as people say it: "this evening", "Tuesday evening", "3 December"."""
    if at is None or at - now > GUESS_DAYS_MAX * DAY:
        return ""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    ahead = (local.date() - today).days
    if ahead > SOON_DAYS - 1:
        return _("%(month)s-%(day)s") % {"month": f"{local.month:02}", "day": f"{local.day:02}"}
    part = _part(local.hour)
    if ahead <= 0:
        return pgettext("when", "today, %(part)s") % {"part": part}
    if ahead == 1:
        return pgettext("when", "tomorrow, %(part)s") % {"part": part}
    return pgettext("when", "%(day)s, %(part)s") % {"day": _weekday(local.weekday()), "part": part}


def _part(hour: int) -> str:
    return (_("in the night"), _("in the morning"), _("in the afternoon"), _("in the evening"))[hour // 6]


def _weekday(number: int) -> str:
    names = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
    return names[number]


def _between(found: forecast.Forecast, *, now: datetime, zone: ZoneInfo) -> str:
    early, late = when(found.early_at, now=now, zone=zone), when(found.late_at, now=now, zone=zone)
    if not early or not late or early == late:
        return ""
    return _("On your busiest days it would end %(early)s, on your quietest %(late)s.") % {"early": early, "late": late}
