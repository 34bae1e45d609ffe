"""The rows of the meter list: each meter with its room, customer, money, switch and age, filtered in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Case, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Least

from powertill.apps.ledger.queries import purses
from powertill.apps.metering.models import Meter
from powertill.apps.sites.models import Node, Occupancy, Site
from powertill.web.console import finding

ONLINE_WITHIN = timedelta(minutes=90)  # as old as a reading may be before nobody is cut on it
SORTS = {
    "number": "number",
    "room": "room",
    "customer": "customer",
    "balance": "balance_minor",
    "online": "seen_at",
    "kwh": "import_wh",
    "power": "power_w",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a supply point hangs: the codes of its feeder and panel, "" where the tree has none."""

    feeder: str
    panel: str


def meters(site: Site, *, now: datetime) -> Any:
    """Return the site's meters with everything that a row shows; a meter in stock has no room."""
    current = Q(installations__from_at__lte=now) & (Q(installations__to_at=None) | Q(installations__to_at__gt=now))
    rows: Any = Meter.objects.filter(site=site)
    rows = rows.annotate(
        here=FilteredRelation("installations", condition=current),
        room=F("here__supply_point__label"),
        room_id=F("here__supply_point_id"),
        node_id=F("here__supply_point__node_id"),
        place=F("here__supply_point__place"),
        protected=F("here__supply_point__protected"),
        wanted=F("here__supply_point__supply__wanted_relay"),
        seen=F("here__supply_point__supply__seen_relay"),
        order=F("here__supply_point__supply__order"),
    )
    return _money(_customer(rows, now=now)).annotate(
        import_wh=_number("live__import_wh"), power_w=_number("live__power_w")
    )


def _number(path: str) -> Cast:
    return Cast(KT(path), BigIntegerField())


def _customer(rows: Any, *, now: datetime) -> Any:
    stay = Occupancy.objects.filter(supply_point=OuterRef("room_id"), from_at__lte=now).exclude(to_at__lte=now)
    return rows.annotate(
        account_id=Subquery(stay.values("account_id")[:1]),
        customer=Subquery(stay.values("account__customer__name")[:1]),
    )


def _money(rows: Any) -> Any:
    """Add the balance: the account's, and for a purse in the meter what it showed (as supply.facts has it)."""

    def booked(place: str) -> Coalesce:
        found = purses().filter(account=OuterRef("account_id"), place=place).values("balance")[:1]
        return Coalesce(Subquery(found, output_field=BigIntegerField()), Value(0), output_field=BigIntegerField())

    shown = _number("live__credit__remaining_minor") - _number("live__credit__overdraft_minor")
    proven = Q(place="meter", credit_count=F("proven_count"))
    zero, whole = Value(0, output_field=BigIntegerField()), BigIntegerField()
    in_meter = Case(
        When(proven, then=Least(booked("meter"), shown)),
        When(place="meter", then=booked("meter")),
        default=zero,
        output_field=whole,
    )
    both = Case(When(account_id=None, then=None), default=booked("account") + in_meter, output_field=whole)
    return rows.annotate(credit_count=_number("live__credit__purchase_count")).annotate(balance_minor=both)


def narrowed(rows: QuerySet[Any], wish: Mapping[str, str], *, tree: dict[int, Node], now: datetime) -> Any:
    """Return the rows that fit the filters of the URL; what is not understood filters nothing."""
    if text := finding.clean(wish.get("q", "")):
        rows = rows.filter(Q(number__contains=text) | Q(room__icontains=text) | Q(customer__icontains=text))
    if feeder := wish.get("feeder"):
        rows = rows.filter(node_id__in=below(feeder, tree))
    if wish.get("place") in {"account", "meter"}:
        rows = rows.filter(place=wish["place"])
    return _by_age(_by_relay(rows, wish.get("relay", "")), wish.get("online", ""), now=now)


def _by_relay(rows: QuerySet[Any], wish: str) -> Any:
    unseen = Q(seen=None) | Q(seen="")
    choices = {
        "on": Q(seen="closed"),
        "off": Q(seen="open"),
        "differs": ~Q(seen=F("wanted")) & ~unseen,
        "unseen": unseen,
    }
    return rows.filter(choices[wish]) if wish in choices else rows


def _by_age(rows: QuerySet[Any], wish: str, *, now: datetime) -> Any:
    since = now - ONLINE_WITHIN
    choices = {"yes": Q(seen_at__gte=since), "no": Q(seen_at__lt=since), "never": Q(seen_at=None)}
    return rows.filter(choices[wish]) if wish in choices else rows


def ordered(rows: QuerySet[Any], sort: str) -> Any:
    """Return the rows in the order of `key` or `-key`; rows without the value come last."""
    name = SORTS.get(sort.removeprefix("-"), "room" if not sort else "number")
    column: Any = F(name)
    by = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return rows.order_by(by, "number")


def tree_of(site: Site) -> dict[int, Node]:
    """Return all nodes of the site by id."""
    return {node.pk: node for node in Node.objects.filter(site=site)}


def below(code: str, tree: dict[int, Node]) -> list[int]:
    """Return the ids of the node with this code and of all nodes under it."""
    return [pk for pk in tree if any(node.code == code for node in path(pk, tree))]


def path(node_id: int | None, tree: dict[int, Node]) -> list[Node]:
    """Return the node and those above it, nearest first; a loop ends where it closes."""
    found: list[Node] = []
    while node_id in tree and len(found) < len(tree):
        node = tree[node_id]
        found.append(node)
        node_id = node.parent_id
    return found


def place_of(node_id: int | None, tree: dict[int, Node]) -> Place:
    """Return the feeder and the panel above a supply point."""
    codes = {node.kind: node.code for node in reversed(path(node_id, tree))}
    return Place(codes.get("feeder", ""), codes.get("panel", ""))
