"""The list of meters, and the same view as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from powertill.apps.sites import roles
from powertill.core.energy import format_kwh
from powertill.core.money import format_minor
from powertill.web.console import meter_rows
from powertill.web.console.access import SiteRequest, page
from powertill.web.shapes import Chip

ROWS_PER_PAGE = 50
CSV_ROWS_MAX = 50_000


@page(roles.SEE)
def meters(request: SiteRequest) -> HttpResponseBase:
    """Show the meters that fit the URL's filters; `?format=csv` gives the same rows as a file."""
    tree = meter_rows.tree_of(request.site)
    rows = meter_rows.meters(request.site, now=request.now)
    rows = meter_rows.narrowed(rows, request.GET.dict(), tree=tree, now=request.now)
    rows = meter_rows.ordered(rows, request.GET.get("sort", ""))
    if request.GET.get("format") == "csv":
        return _as_csv(rows[:CSV_ROWS_MAX], request, tree)
    shown = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    for row in shown.object_list:
        row.hangs = meter_rows.place_of(row.node_id, tree)
    choices = _choices(request, tree)
    context = {
        "nav": "meters",
        "page": shown,
        "choices": choices,
        "chips": _chips(request, choices),
        "search_placeholder": _("Meter number, room or customer"),
        "stale_minutes": int(meter_rows.ONLINE_WITHIN.total_seconds() // 60),
    }
    return render(request, "console/meters.html", context)


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter of the list: its URL parameter, its label, its values with their words, and the chosen one."""

    name: str
    label: str
    values: list[tuple[str, str]]
    chosen: str


def _choices(request: SiteRequest, tree: dict[int, Any]) -> list[Choice]:
    feeders = sorted(node.code for node in tree.values() if node.kind == "feeder")
    relay = [("on", _("on")), ("off", _("off")), ("differs", _("not as wanted")), ("unseen", _("never seen"))]
    online = [("yes", _("online")), ("no", _("lost")), ("never", _("never"))]
    place = [("account", _("in the account")), ("meter", _("in the meter"))]
    found = (
        ("feeder", _("Feeder"), [(code, code) for code in feeders]),
        ("relay", _("Switch"), relay),
        ("online", _("Heard"), online),
        ("place", _("Balance"), place),
    )
    return [Choice(name, label, values, request.GET.get(name, "")) for name, label, values in found]


def _chips(request: SiteRequest, choices: list[Choice]) -> list[Chip]:
    found = [Chip("q", _("Search"), request.GET["q"])] if request.GET.get("q") else []
    for choice in choices:
        # A panel or a transformer is no choice of the list, but a link from the site's page may name it.
        word = dict(choice.values).get(choice.chosen, choice.chosen if choice.name == "feeder" else "")
        if word:
            found.append(Chip(choice.name, choice.label, word))
    return found


class _Echo:
    """A file that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _as_csv(rows: Iterable[Any], request: SiteRequest, tree: dict[int, Any]) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())
    exponent = request.site.exponent

    def lines() -> Iterator[str]:
        yield "\N{ZERO WIDTH NO-BREAK SPACE}"  # spreadsheets then read it as UTF-8
        yield writer.writerow(
            [
                "meter",
                "room",
                "customer",
                f"balance_{request.site.currency}",
                "feeder",
                "panel",
                "relay_wanted",
                "relay_seen",
                "seen_at",
                "import_kwh",
                "power_w",
            ]
        )
        for row in rows:
            hangs = meter_rows.place_of(row.node_id, tree)
            balance = (
                "" if row.balance_minor is None else format_minor(row.balance_minor, exponent=exponent, grouped=False)
            )
            wh = "" if row.import_wh is None else format_kwh(row.import_wh, places=3).replace(",", "")
            yield writer.writerow(
                [
                    row.number,
                    _plain(row.room),
                    _plain(row.customer),
                    balance,
                    hangs.feeder,
                    hangs.panel,
                    row.wanted or "",
                    row.seen or "",
                    row.seen_at.isoformat() if row.seen_at else "",
                    wh,
                    "" if row.power_w is None else row.power_w,
                ]
            )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="meters-{request.site.code}-{request.now:%Y%m%d-%H%M}.csv"'
    return response


def _plain(text: str | None) -> str:
    """Return text that a spreadsheet will not run as a formula."""
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text or ""
