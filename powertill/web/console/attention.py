"""What needs a person, ranked: safety, capacity, commands, money, notices."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import NoReverseMatch
from django.urls import reverse as url_of
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from powertill.apps.audit import queries as audit
from powertill.apps.notices.models import Message
from powertill.apps.sales.models import Delivery
from powertill.apps.sites.models import Site
from powertill.apps.supply.models import Incident, SiteMode, Supply
from powertill.apps.supply.queries import incident_sentence, mode_sentence
from powertill.core.delivery import State

SHOWN_MAX = 8
READ_MAX = 20  # of each kind
LATE = timedelta(minutes=10)  # credit that has waited longer than this is in doubt
SOON = timedelta(hours=24)
RANKS = ("safety", "capacity", "command", "money", "notice")
TONES = {"safety": "bad", "capacity": "warn", "command": "warn", "money": "warn", "notice": "info"}
KINDS = {"safety": "safety", "limit": "capacity", "capacity": "capacity", "cuts": "capacity", "delivery": "money"}
IN_DOUBT = (State.UNKNOWN.value, State.PERSON.value, State.REFUSED.value)


@dataclass(frozen=True, slots=True)
class Matter:
    """One line of the list: what kind, what to read, since when, where to go."""

    rank: str
    text: str
    at: datetime | None
    url: str = ""

    @property
    def tone(self) -> str:
        """The tone of its rank."""
        return TONES[self.rank]

    @property
    def word(self) -> str:
        """The word of its rank."""
        words = {"safety": _("Safety"), "capacity": _("Capacity"), "command": _("Command"), "money": _("Money")}
        return words.get(self.rank, _("Notice"))


def matters(site: Site, *, now: datetime) -> list[Matter]:
    """Return the most pressing matters first; within a rank the oldest first."""
    found = [*_mode(site), *_incidents(site), *_orders(site), *_deliveries(site, now), *_notices(site, now)]
    return sorted(found, key=lambda m: (RANKS.index(m.rank), m.at or now))


def _mode(site: Site) -> Iterator[Matter]:
    row = SiteMode.objects.filter(site=site, mode=SiteMode.Mode.NO_CUT).first()
    if row is not None:
        yield Matter(
            "command", _("Nobody is cut at present: %(why)s") % {"why": _mode_text(row)}, row.since, link("site")
        )


def _mode_text(row: SiteMode) -> str:
    said = mode_sentence(row)
    return _(said.msgid) % said.params if said.params else said


def _incidents(site: Site) -> Iterator[Matter]:
    rows = Incident.objects.filter(site=site, closed_at=None).select_related("meter").order_by("id")
    for row in rows[:READ_MAX]:
        rank = KINDS.get(row.kind.partition(".")[0], "command")
        url = link("meter", row.meter.number) if row.meter else link("site")
        said = incident_sentence(row)
        yield Matter(rank, f"{row.subject}: {_(said.msgid) % said.params}", row.opened_at, url)


def _orders(site: Site) -> Iterator[Matter]:
    words = {
        "stuck": _("%(room)s: the switch did not follow, a person must look"),
        "unverified": _("%(room)s: commanded, not proven"),
    }
    rows = Supply.objects.filter(supply_point__site=site, order__in=words).select_related("supply_point")
    for row in rows.order_by("wanted_since")[:READ_MAX]:
        text = words[row.order] % {"room": row.supply_point.label}
        yield Matter("command", text, row.wanted_since, url_of("console:customers") + f"?q={row.supply_point.label}")


def _deliveries(site: Site, now: datetime) -> Iterator[Matter]:
    rows = Delivery.objects.filter(account__site=site).select_related("account", "meter", "sale")
    doubtful = rows.filter(state__in=IN_DOUBT) | rows.filter(state=State.DUE.value, made_at__lt=now - LATE)
    for row in doubtful.order_by("made_at")[:READ_MAX]:
        if row.state == State.DUE.value:
            text = _("Credit has not reached meter %(meter)s yet") % {"meter": row.meter.number}
        else:
            text = _("Credit for meter %(meter)s is in doubt") % {"meter": row.meter.number}
        url = url_of("console:receipt", args=[row.sale.number]) if row.sale else _customer(row.account)
        yield Matter("money", text, row.made_at, url)


def _customer(account: Any) -> str:
    return url_of("console:customer", args=[account.number])


def _notices(site: Site, now: datetime) -> Iterator[Matter]:
    failed = Message.objects.filter(account__site=site, state=Message.State.FAILED, made_at__gt=now - SOON).count()
    if failed:
        text = ngettext("%(n)s message could not be delivered", "%(n)s messages could not be delivered", failed)
        yield Matter("notice", text % {"n": failed}, None, url_of("console:messages") + "?state=failed")
    due = Supply.objects.filter(supply_point__site=site, next_step_at__gt=now, next_step_at__lte=now + SOON)
    first = due.order_by("next_step_at").first()
    if first is not None:
        count = due.count()
        text = ngettext("%(n)s disconnection falls due", "%(n)s disconnections fall due", count) % {"n": count}
        yield Matter("notice", text, first.next_step_at, url_of("console:customers") + "?state=due")
    waiting = sum(1 for row in audit.open_approvals(site)[:READ_MAX] if row.expires_at > now)
    if waiting:
        text = ngettext("%(n)s request waits for a second person", "%(n)s requests wait for a second person", waiting)
        yield Matter("notice", text % {"n": waiting}, None, link("audit"))


def link(name: str, *args: Any) -> str:
    """Return the address of a page of another part of the console, or nothing where it is not installed."""
    try:
        return url_of(f"console:{name}", args=args)
    except NoReverseMatch:
        return ""
