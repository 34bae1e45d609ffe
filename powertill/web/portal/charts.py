"""The customer's charts: today by hour, the week by day, the month as a calendar of five shades."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from powertill.apps.sites.models import Site
from powertill.core.energy import format_kwh
from powertill.core.span import DAY
from powertill.core.tariff import engine
from powertill.core.tariff.terms import Plan
from powertill.web import bands, reasons
from powertill.web.charts import hours, month
from powertill.web.charts.svg import Drawing
from powertill.web.portal.use import Amount
from powertill.web.templatetags.units import kwh, money, price

NOTHING = Amount()


def day(
    amounts: Mapping[int, Amount], *, now: datetime, site: Site, plan: Plan | None, holidays: frozenset[date]
) -> Drawing:
    """Draw the hours of today coloured by price band; hours to come are empty."""
    local = now.astimezone(ZoneInfo(site.zone))
    found = bands.colours(plan)
    slots = []
    for hour in range(24):
        amount = amounts.get(hour, NOTHING)
        known = hour <= local.hour
        words = f"{hour:02}:00 · {kwh(amount.wh)} · {money(amount.minor, site)}"
        slots.append(
            hours.Slot(
                f"{hour:02}:00", amount.wh if known else None, found.get(amount.main_band, bands.ONE_BAND), words
            )
        )
    return hours.draw(
        hours.HourBars(
            title=_("Use today by hour"),
            summary=_summary(amounts),
            slots=tuple(slots),
            bands=_legend(plan, now=now, holidays=holidays, site=site),
            headings=(_("Hour"), _("Use and money")),
            axis=tuple((hour, f"{hour:02}") for hour in (0, 6, 12, 18, 24)),
        )
    )


def _summary(amounts: Mapping[int, Amount]) -> str:
    if not any(amount.wh for amount in amounts.values()):
        return _("No use is known yet today.")
    most = max(amounts, key=lambda hour: amounts[hour].wh)
    return _("%(kwh)s so far, most at %(hour)s:00.") % {
        "kwh": kwh(sum(a.wh for a in amounts.values())),
        "hour": f"{most:02}",
    }


def _legend(plan: Plan | None, *, now: datetime, holidays: frozenset[date], site: Site) -> tuple[tuple[int, str], ...]:
    """Return (colour, words) of the bands that today has, with the price of the first block."""
    if plan is None:
        return ()
    today = now.astimezone(plan.zone).date()
    prices: dict[str, Decimal] = {span.band: span.minor_per_kwh[0] for span in engine.bands(plan, today, holidays)}
    found = bands.colours(plan)
    shown = sorted(prices, key=lambda band: -prices[band])
    return tuple(
        (found[band], f"{reasons.named(band) or _('every hour')} {price(prices[band], site)}") for band in shown
    )


def week(days: Mapping[date, Amount], *, now: datetime, site: Site) -> Drawing:
    """Draw the last seven days, today last."""
    today = now.astimezone(ZoneInfo(site.zone)).date()
    shown = [today - n * DAY for n in range(6, -1, -1)]
    slots = []
    for one in shown:
        amount = days.get(one, NOTHING)
        words = f"{weekday(one)} {one:%m-%d} · {kwh(amount.wh)} · {money(amount.minor, site)}"
        slots.append(hours.Slot(f"{weekday(one)} {one:%m-%d}", amount.wh, 1, words))
    return hours.draw(
        hours.HourBars(
            title=_("Use in the last seven days"),
            summary=_("%(kwh)s in seven days.") % {"kwh": kwh(sum(days.get(one, NOTHING).wh for one in shown))},
            slots=tuple(slots),
            bands=(),
            headings=(_("Day"), _("Use and money")),
            axis=tuple((n + 0.5, weekday(one)) for n, one in enumerate(shown)),
        )
    )


def weekday(day: date) -> str:
    """Return the short name of a day's weekday."""
    names = (
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    )
    return names[day.weekday()]


def calendar(days: Mapping[date, Amount], *, now: datetime, site: Site) -> Drawing:
    """Draw the present month; days to come are empty."""
    today = now.astimezone(ZoneInfo(site.zone)).date()
    first = today.replace(day=1)
    shown = []
    for number in range(monthrange(today.year, today.month)[1]):
        one = first + number * DAY
        amount = days.get(one)
        text = f"{one:%m-%d} · {kwh(amount.wh)} · {money(amount.minor, site)}" if amount else f"{one:%m-%d}"
        short = format_kwh(amount.wh, 1) if amount else ""
        shown.append(month.Day(one, amount.wh if amount and one <= today else None, short, text))
    total = sum(amount.wh for one, amount in days.items() if first <= one <= today)
    return month.draw(
        month.Month(
            title=_("Use in this month by day"),
            summary=_("%(kwh)s in this month so far.") % {"kwh": kwh(total)},
            days=tuple(shown),
            weekdays=tuple(weekday(date(2024, 1, n)) for n in range(1, 8)),
            headings=(_("Day"), _("Use and money")),
        )
    )
