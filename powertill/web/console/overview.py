"""The overview: six figures, the load of two days, what needs attention, feeders, last sales."""

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse as url_of
from django.utils import formats, timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from powertill.apps.ledger import queries as ledger
from powertill.web.charts import hbars, line
from powertill.web.console import attention, figures, receipts, standing
from powertill.web.console import site as site_page
from powertill.web.console.access import SiteRequest, page
from powertill.web.console.standing import Standing
from powertill.web.templatetags.units import ago, kw_number, money, power_kw

SALES_SHOWN = 8
CAUSES = {
    "supply.credit_used_up": "credit",
    "supply.off_until_paid": "credit",
    "supply.waiting_for_credit": "credit",
    "supply.held": "order",
}


@require_GET
@page()
def overview(request: SiteRequest) -> HttpResponse:
    """Show how the site stands."""
    site, now = request.site, request.now
    rows = standing.of_site(site, now=now)
    curve = figures.load_curve(site, now=now)
    matters = attention.matters(site, now=now)
    last = list(receipts.of_site(site)[:SALES_SHOWN])
    capacity_w = figures.load_now(site, now=now)[1]
    context = {
        "nav": "overview",
        "figures": [
            _sold(request),
            _load(request, curve),
            _low(request, rows),
            _off(rows),
            _offline(request),
            _float(request),
        ],
        "load": _chart(curve, capacity_w),
        "capacity_w": capacity_w,
        "matters": matters[: attention.SHOWN_MAX],
        "more": max(0, len(matters) - attention.SHOWN_MAX),
        "feeders": _feeders(figures.feeders(site, rows, now=now)),
        "sales": [(sale, receipts.state_of(sale)) for sale in last],
        "site_url": attention.link("site"),
        **site_page.no_cut(site),
    }
    return render(request, "console/overview.html", context)


def _figure(label: str, value: Any, *, unit: str = "", sub: str = "", url: str = "", tone: str = "") -> dict[str, Any]:
    return {"label": label, "value": value, "unit": unit, "sub": sub, "url": url, "tone": tone}


def _sold(request: SiteRequest) -> dict[str, Any]:
    sold = figures.sold(request.site, now=request.now)
    sub = ngettext("%(n)s sale", "%(n)s sales", sold.count) % {"n": sold.count}
    day = formats.date_format(timezone.localtime(request.now), "D")
    if sold.change_percent is None:
        sub += " · " + _("none last %(day)s") % {"day": day}
    else:
        sub += " · " + _("%(change)s %% vs last %(day)s") % {"change": f"{sold.change_percent:+d}", "day": day}
    today = timezone.localdate(request.now).isoformat()
    return _figure(
        _("Sold today"), money(sold.minor, request.site), sub=sub, url=f"{url_of('console:receipts')}?day={today}"
    )


def _load(request: SiteRequest, curve: list[Any]) -> dict[str, Any]:
    load_w, capacity_w = figures.load_now(request.site, now=request.now)
    share = load_w * 100 // capacity_w if capacity_w else 0
    sub = _("%(share)s %% of %(capacity)s") % {"share": share, "capacity": power_kw(capacity_w, 0)}
    known = [(watts, at) for at, watts in curve[-96:] if watts is not None]
    if known:
        peak, at = max(known)
        sub += " · " + _("peak %(peak)s at %(time)s") % {
            "peak": kw_number(peak),
            "time": f"{timezone.localtime(at):%H:%M}",
        }
    tone = "bad" if share >= 95 else "warn" if share >= 80 else ""
    return _figure(
        _("Load now"), kw_number(load_w), unit="kW", sub=sub, url=attention.link("site") or "#load", tone=tone
    )


def _low(request: SiteRequest, rows: list[Standing]) -> dict[str, Any]:
    low = figures.low(rows)
    n = figures.run_out(low, now=request.now, zone=ZoneInfo(request.site.zone))
    sub = ngettext("%(n)s will run out before 08:00", "%(n)s will run out before 08:00", n) % {"n": n}
    return _figure(_("Low balance"), len(low), sub=sub, url=f"{url_of('console:customers')}?state=low")


def _off(rows: list[Standing]) -> dict[str, Any]:
    words = {"credit": _("%(n)s no credit"), "order": _("%(n)s by order"), "other": _("%(n)s other")}
    off = [row for row in rows if row.state == "off"]
    causes = Counter(CAUSES.get(row.supply.code, "other") for row in off if row.supply)
    sub = " · ".join(words[cause] % {"n": causes[cause]} for cause in words if causes[cause]) or _(
        "everybody has power"
    )
    return _figure(_("Off supply"), len(off), sub=sub, url=f"{url_of('console:customers')}?state=off")


def _offline(request: SiteRequest) -> dict[str, Any]:
    silent, total, oldest = figures.offline(request.site, now=request.now)
    if oldest is None:
        sub = _("all answered in the last 90 min")
    elif oldest.seen_at is None:
        sub = _("%(meter)s never answered") % {"meter": oldest.number}
    else:
        sub = _("oldest %(meter)s, %(ago)s") % {"meter": oldest.number, "ago": ago(oldest.seen_at, request.now)}
    url = attention.link("meters")
    tone = "warn" if silent else ""
    return _figure(
        _("Meters offline"), silent, unit=f"/ {total}", sub=sub, url=f"{url}?state=offline" if url else "", tone=tone
    )


def _float(request: SiteRequest) -> dict[str, Any]:
    held = ledger.money_held(request.site.pk)
    sub = _("customers' money · presets out %(owed)s") % {"owed": money(held.presets_owed_minor, request.site)}
    return _figure(
        _("Float held"),
        money(held.held_minor, request.site),
        sub=sub,
        url=f"{url_of('console:customers')}?sort=-balance",
    )


def _chart(curve: list[Any], capacity_w: int) -> Any:
    points = tuple(line.Point(f"{timezone.localtime(at):%d %b %H:%M}", watts) for at, watts in curve)
    ticks = []
    for index, (at, _watts) in enumerate(curve):
        local = timezone.localtime(at)
        if local.minute == 0 and local.hour % 6 == 0:
            ticks.append(line.Tick(index, _axis(local), strong=local.hour == 0))
    known = [watts for _at, watts in curve if watts is not None]
    summary = _("no readings in the last two days")
    if known:
        terms = {"low": power_kw(min(known)), "high": power_kw(max(known)), "capacity": power_kw(capacity_w, 0)}
        summary = _("between %(low)s and %(high)s; capacity %(capacity)s") % terms
    return line.draw(
        line.LineChart(
            title=_("Site load, 48 h"),
            summary=summary,
            points=points,
            unit="kW",
            scale=1000,
            headings=(_("Time"), _("Load")),
            ticks=tuple(ticks),
            limit=capacity_w or None,
            limit_label=_("capacity %(capacity)s") % {"capacity": power_kw(capacity_w, 0)},
            height=250,
        )
    )


def _axis(local: datetime) -> str:
    if local.hour:
        return f"{local:%H:%M}"
    return f"{local:%m-%d}" if (get_language() or "").startswith("zh") else formats.date_format(local, "j M")


def _feeders(branches: list[figures.Branch]) -> Any:
    url = attention.link("site")
    bars = tuple(
        hbars.Bar(
            name=str(branch.node),
            text=f"{power_kw(branch.load_w)} · {branch.share_per_mille // 10} %",
            share_per_mille=branch.share_per_mille,
            url=url,
        )
        for branch in branches
    )
    summary = _("load now against what each feeder may carry")
    return hbars.draw(hbars.CapacityBars(_("Feeders"), summary, bars, (_("Feeder"), _("Load"))))
