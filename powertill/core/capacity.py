"""Capacity of the supply network: limits of the customers, rolled up with diversity, against each node."""

from collections.abc import Iterable
from dataclasses import dataclass

from powertill.core.errors import Refusal

DEPTH_MAX = 32


@dataclass(frozen=True, slots=True)
class Node:
    """A transformer, panel or feeder. `limits_w` are the power limits of the customers directly on it.

    `diversity_per_mille` is the share of the sum below that is expected at the same moment (1000: all of it).
    """

    id: str
    parent: str | None
    capacity_w: int
    limits_w: tuple[int, ...] = ()
    diversity_per_mille: int = 1000


@dataclass(frozen=True, slots=True)
class Load:
    """What a node is expected to carry: the plain sum of limits below, and the sum after diversity."""

    id: str
    capacity_w: int
    granted_w: int
    demand_w: int

    @property
    def headroom_w(self) -> int:
        """Return the power that can still be granted; negative when the node is promised too much."""
        return self.capacity_w - self.demand_w

    @property
    def used_per_mille(self) -> int:
        """Return expected demand as a share of capacity, rounded up."""
        return -(-self.demand_w * 1000 // self.capacity_w) if self.capacity_w else 0


def roll_up(nodes: Iterable[Node]) -> dict[str, Load]:
    """Return the load of every node; refuse loops, unknown parents and deep chains (`capacity.tree`)."""
    by_id = {node.id: node for node in nodes}
    loads: dict[str, Load] = {}
    order = sorted(by_id.values(), key=lambda node: -_depth(node, by_id))
    below: dict[str, list[Load]] = {name: [] for name in by_id}
    for node in order:
        loads[node.id] = _load(node, below[node.id])
        if node.parent is not None:
            below[node.parent].append(loads[node.id])
    return loads


def room_for(nodes: Iterable[Node], node_id: str, more_w: int) -> str | None:
    """Return the first node on the way up that cannot carry `more_w` more granted power, or None if all can."""
    by_id = {node.id: node for node in nodes}
    loads = roll_up(by_id.values())
    current: Node | None = by_id[node_id]
    while current is not None:  # at most DEPTH_MAX steps: roll_up has refused deeper trees
        more_w = _diverse(more_w, current)
        if loads[current.id].headroom_w < more_w:
            return current.id
        current = by_id[current.parent] if current.parent is not None else None
    return None


def _load(node: Node, below: list[Load]) -> Load:
    granted_w = sum(node.limits_w) + sum(load.granted_w for load in below)
    coming_w = sum(node.limits_w) + sum(load.demand_w for load in below)
    return Load(node.id, node.capacity_w, granted_w, _diverse(coming_w, node))


def _diverse(power_w: int, node: Node) -> int:
    return -(-power_w * node.diversity_per_mille // 1000)


def _depth(node: Node, by_id: dict[str, Node]) -> int:
    depth = 0
    while node.parent is not None:
        depth += 1
        if depth > DEPTH_MAX or node.parent not in by_id:
            raise Refusal("capacity.tree", node=node.id)
        node = by_id[node.parent]
    return depth
