"""Two drawings of a tariff: its versions on a line of time, and the week by hour with the holiday row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from powertill.apps.tariffs.models import Version
from powertill.core.tariff.calendar import DAY_MINUTES, WEEKDAYS
from powertill.core.tariff.terms import Plan
from powertill.web import bands, reasons
from powertill.web.charts import svg

BEFORE, AFTER = timedelta(days=550), timedelta(days=370)  # shown on either side of now
LINE, TOP = 26, 16  # height of one version's bar, and of the line that names today
ROW, HEAD, NAME = 26, 20, 76  # pixels of the week: one day, the hours' line, the days' names


def time_line(versions: Sequence[Version], *, now: datetime) -> svg.Drawing:
    """Draw each version from its date to the next published one; a draft is dashed."""
    start, end = now - BEFORE, now + AFTER
    published = sorted(row.from_at for row in versions if row.state == Version.State.PUBLISHED)
    bars, rows = [], []
    for index, version in enumerate(versions):
        until = next((at for at in published if at > version.from_at), end)
        bars.append(_bar(version, index, start=start, end=end, until=until, now=now))
        rows.append((str(version), f"{timezone.localtime(version.from_at):%Y-%m-%d}", version.get_state_display()))
    high = TOP + len(versions) * LINE + 18
    body = _years(start, end, high) + "".join(bars) + _today(start, end, high, now)
    drawn = svg.shell(
        body,
        kind="time",
        title=_("Versions on a time line"),
        summary=", ".join(f"{row[0]}: {row[1]}" for row in rows),
        size=f'width="100%" height="{high}"',
    )
    return svg.Drawing(drawn, svg.table((_("Version"), _("From"), _("State")), rows, _("Versions")))


def _bar(version: Version, index: int, *, start: datetime, end: datetime, until: datetime, now: datetime) -> str:
    draft = version.state != Version.State.PUBLISHED
    left = _share(max(version.from_at, start), start, end)
    wide = max(_share(min(max(until, version.from_at), end), start, end) - left, 0.4)
    css = "when-draft" if draft else "when" if version.from_at <= now < until else "when-past"
    y = TOP + index * LINE + 3
    label = f"v{version.number}" + (f" · {_('draft')}" if draft else "")
    words = svg.text(f"{svg.n(left + 0.7)}%", y + 14, label, "" if draft else "on-when")
    return f'<rect class="{css}" x="{svg.n(left)}%" y="{y}" width="{svg.n(wide)}%" height="20" rx="3"/>{words}'


def _years(start: datetime, end: datetime, high: int) -> str:
    out = []
    first = timezone.localtime(start)
    for year in range(first.year + 1, timezone.localtime(end).year + 1):
        at = svg.n(_share(first.replace(year=year, month=1, day=1, hour=0, minute=0), start, end))
        line = f'<line class="grid" x1="{at}%" x2="{at}%" y1="{TOP}" y2="{high - 14}"/>'
        out.append(line + svg.text(f"{at}%", high - 2, str(year), "mid"))
    return "".join(out)


def _today(start: datetime, end: datetime, high: int, now: datetime) -> str:
    at = svg.n(_share(now, start, end))
    line = f'<line class="today" x1="{at}%" x2="{at}%" y1="{TOP}" y2="{high - 14}"/>'
    return line + svg.text(f"{at}%", TOP - 4, _("today"), "mid")


def _share(at: datetime, start: datetime, end: datetime) -> float:
    return min(max((at - start) / (end - start), 0), 1) * 100


def seasons(plan: Plan) -> list[tuple[int, str]]:
    """Return (index, name) of each season of the plan's calendar, such as "from 07-01"."""
    starts = plan.energy.calendar.season_starts
    if len(starts) == 1:
        return [(0, _("all year"))]
    return [(n, _("from %(day)s") % {"day": f"{at // 100:02}-{at % 100:02}"}) for n, at in enumerate(starts)]


def season_at(plan: Plan, *, now: datetime) -> int:
    """Return the index of the season that holds now."""
    local = now.astimezone(plan.zone)
    begun = [n for n, at in enumerate(plan.energy.calendar.season_starts) if at <= local.month * 100 + local.day]
    return begun[-1] if begun else len(plan.energy.calendar.season_starts) - 1


def week(plan: Plan, season: int) -> svg.Drawing:
    """Draw the hours of each weekday, and of a public holiday, coloured by band with the band's name in them."""
    calendar = plan.energy.calendar
    days = (*WEEKDAYS, "holiday") if calendar.knows_holidays else WEEKDAYS
    names = _day_names()
    high = HEAD + len(days) * ROW
    body = "".join(_hour(hour) for hour in range(0, 25, 3))
    rows = []
    for index, day in enumerate(days):
        y = HEAD + index * ROW
        body += svg.text("0", y + 17, names[day], "t-name")
        body += (
            f'<svg x="{NAME}" y="{y}" width="100%" height="{ROW}" class="day"><g>{_day(plan, season, day)}</g></svg>'
        )
        rows.append(
            (
                names[day],
                ", ".join(
                    f"{_clock(a)}–{_clock(b)} {band_name(plan, band)}" for a, b, band in calendar.tables[season, day]
                ),
            )
        )
    legend = svg.legend((f"band-{colour(plan, n)}", band_name(plan, n)) for n in range(len(plan.energy.bands)))
    drawn = svg.shell(
        body,
        kind="week",
        title=_("The week by hour"),
        summary="; ".join(f"{a}: {b}" for a, b in rows),
        size=f'width="100%" height="{high}"',
    )
    return svg.Drawing(drawn, svg.table((_("Day"), _("Hours")), rows, _("The week by hour")), legend)


def _hour(hour: int) -> str:
    css = "end" if hour == 24 else "mid" if hour else ""
    words = svg.text(_at(hour * 60), 13, f"{hour:02}", css)
    return f'<svg x="{NAME}" width="100%" height="{HEAD}" class="day">{words}</svg>'


def _day(plan: Plan, season: int, day: str) -> str:
    out = []
    for start, end, band in plan.energy.calendar.tables[season, day]:
        words = f"{_clock(start)}–{_clock(end)} {band_name(plan, band)}"
        place = f'x="{_at(start)}" y="2" width="{_at(end - start)}" height="{ROW - 4}" rx="2"'
        out.append(f'<rect class="band-{colour(plan, band)}" {place}><title>{svg.esc(words)}</title></rect>')
        if end - start >= 180:
            out.append(svg.text(_at((start + end) // 2), 17, band_name(plan, band), "mid on-band"))
    return "".join(out)


def _at(minutes: int) -> str:
    """Return a part of the day as a share of the drawing that the names' column leaves free."""
    return f"{svg.n(minutes * 92 / DAY_MINUTES)}%"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def colour(plan: Plan, band: int) -> int:
    """Return the number of a band's colour."""
    return bands.colours(plan)[plan.energy.bands[band]]


def band_name(plan: Plan, band: int) -> str:
    """Return the name of a band; a plan without bands has one price for every hour."""
    return reasons.named(plan.energy.bands[band]) or _("every hour")


def _day_names() -> dict[str, str]:
    names = (
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    )
    return {**dict(zip(WEEKDAYS, names, strict=True)), "holiday": _("Holiday")}
