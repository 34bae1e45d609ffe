"""The supply tree of a site with what flows now, what was granted, and what could still be granted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from powertill.apps.metering.models import Installation
from powertill.apps.sites.models import Node, Occupancy, Site, SupplyPoint
from powertill.core import capacity

FRESH = timedelta(minutes=90)  # an older power says nothing about now
ROOMS_SHOWN_MAX = 200
DIVERSITIES_PER_MILLE = (1000, 800, 620, 500, 400, 300)


@dataclass(frozen=True, slots=True)
class Point:
    """One supply point with the meter that hangs there; `power_w` is None where nothing fresh was read."""

    pk: int
    label: str
    node_id: int
    limit_w: int
    meter: str
    power_w: int | None
    taken_at: datetime | None
    customer: str = ""

    @property
    def used_per_mille(self) -> int | None:
        """Return the power now as a share of the limit."""
        return None if self.power_w is None or not self.limit_w else max(self.power_w, 0) * 1000 // self.limit_w


@dataclass(frozen=True, slots=True)
class Branch:
    """A node with everything below it. Powers in W; `could_grant_w` is what a new room here may get."""

    node: Node
    depth: int
    power_w: int | None
    heard: int
    meters: int
    granted_w: int
    expected_w: int
    headroom_w: int
    could_grant_w: int
    children: tuple[Branch, ...] = field(default=())

    @property
    def used_per_mille(self) -> int | None:
        """Return the load now as a share of the capacity."""
        if self.power_w is None or not self.node.capacity_w:
            return None
        return max(self.power_w, 0) * 1000 // self.node.capacity_w


def points(site: Site, *, now: datetime) -> list[Point]:
    """Return the site's supply points with the newest power of their meters."""
    rooms = SupplyPoint.objects.filter(site=site).values("pk", "label", "node_id", "power_limit_w")
    hung = Installation.objects.filter(Q(to_at=None) | Q(to_at__gt=now), supply_point__site=site, from_at__lte=now)
    meters = {row[0]: row[1:] for row in hung.values_list("supply_point_id", "meter__number", "meter__live")}
    found = []
    for room in rooms:
        number, live = meters.get(room["pk"], ("", {}))
        at = datetime.fromisoformat(live["taken_at"]) if live.get("taken_at") else None
        power_w = live.get("power_w") if at and now - at <= FRESH else None
        found.append(Point(room["pk"], room["label"], room["node_id"], room["power_limit_w"], number, power_w, at))
    return found


def branches(site: Site, rooms: Sequence[Point], *, diversity_per_mille: int) -> tuple[Branch, ...]:
    """Return the roots of the tree, each with its children in the order of their codes."""
    nodes = list(Node.objects.filter(site=site))
    parts = core_nodes(nodes, rooms, diversity_per_mille=diversity_per_mille)
    loads = capacity.roll_up(parts)
    above = {part.id: part.parent for part in parts}
    at_node: dict[int, list[Point]] = {}
    for room in rooms:
        at_node.setdefault(room.node_id, []).append(room)
    below: dict[int | None, list[Node]] = {}
    for node in nodes:
        below.setdefault(node.parent_id, []).append(node)

    def grow(node: Node, depth: int) -> Branch:
        kids = tuple(grow(child, depth + 1) for child in below.get(node.pk, ()))
        load = loads[str(node.pk)]
        room = _headroom(str(node.pk), loads, above)
        return Branch(
            node=node,
            depth=depth,
            **_measured(at_node.get(node.pk, ()), kids),
            granted_w=load.granted_w,
            expected_w=load.demand_w,
            headroom_w=load.headroom_w,
            could_grant_w=max(room, 0) * 1000 // diversity_per_mille,
            children=kids,
        )

    return tuple(grow(node, 0) for node in below.get(None, ()))


def core_nodes(nodes: Iterable[Node], rooms: Iterable[Point], *, diversity_per_mille: int) -> list[capacity.Node]:
    """Return the tree for core.capacity; diversity counts once, on the sum of all limits below a node.

    Each supply point is therefore brought in with its share that is expected at the same moment, and the
    granted sum is what the limits say.
    """
    limits: dict[int, list[int]] = {}
    for room in rooms:
        limits.setdefault(room.node_id, []).append(room.limit_w)
    made = []
    for node in nodes:
        parent = str(node.parent_id) if node.parent_id else None
        made.append(capacity.Node(str(node.pk), parent, node.capacity_w))
        if node.pk in limits:
            own = f"{node.pk} rooms"
            made.append(capacity.Node(own, str(node.pk), 0, tuple(limits[node.pk]), diversity_per_mille))
    return made


def _headroom(node_id: str, loads: dict[str, capacity.Load], above: dict[str, str | None]) -> int:
    """Return the smallest headroom on the way up: the narrowest place decides."""
    smallest = loads[node_id].headroom_w
    parent = above[node_id]
    while parent is not None:  # roll_up has refused loops
        smallest = min(smallest, loads[parent].headroom_w)
        parent = above[parent]
    return smallest


def _measured(rooms: Iterable[Point], kids: Iterable[Branch]) -> dict[str, Any]:
    rooms, kids = list(rooms), list(kids)
    known = [room.power_w for room in rooms if room.power_w is not None]
    known += [kid.power_w for kid in kids if kid.power_w is not None]
    return {
        "power_w": sum(known) if known else None,
        "heard": sum(room.power_w is not None for room in rooms) + sum(kid.heard for kid in kids),
        "meters": sum(bool(room.meter) for room in rooms) + sum(kid.meters for kid in kids),
    }


def flat(roots: Iterable[Branch]) -> list[Branch]:
    """Return all branches, each before its children."""
    found = []
    for branch in roots:
        found += [branch, *flat(branch.children)]
    return found


def under(branch: Branch, rooms: Iterable[Point], *, now: datetime) -> list[Point]:
    """Return the supply points below a branch with their customers, by label, at most ROOMS_SHOWN_MAX."""
    nodes = {one.node.pk for one in flat([branch])}
    found = sorted((room for room in rooms if room.node_id in nodes), key=lambda room: room.label)[:ROOMS_SHOWN_MAX]
    stays = Occupancy.objects.filter(supply_point__in=[room.pk for room in found], from_at__lte=now)
    names = dict(stays.exclude(to_at__lte=now).values_list("supply_point_id", "account__customer__name"))
    return [
        Point(r.pk, r.label, r.node_id, r.limit_w, r.meter, r.power_w, r.taken_at, names.get(r.pk, "")) for r in found
    ]
