"""The single-line diagram: transformer, feeders, panels, meters to any depth, each with its load and capacity."""

from __future__ import annotations

from dataclasses import dataclass

from powertill.web.charts import svg

ROW = 33  # pixels between leaves
GAP = 11  # extra pixels between the leaves of two parents
DEPTH_MAX = 12
HEAD_WIDE, MIDDLE_WIDE, LEAF_WIDE = 250, 340, 450  # pixels of a column
TURN = 26  # pixels from a parent's end to where its wire branches
n = svg.n


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree: `text` is ready ("17.0 / 32 kW · 19 meters · 53 %"); `symbol` is "transformer" or empty.

    `share_per_mille` is load over capacity, None when it is not measured; tone empty: by share.
    """

    name: str
    text: str
    share_per_mille: int | None
    children: tuple[Node, ...] = ()
    symbol: str = ""
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """`roots` are usually transformers; `headings` are the table's two column names (place, load)."""

    title: str
    summary: str
    roots: tuple[Node, ...]
    headings: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Spot:
    """A node that has its place: `y` is the middle of its line, `kids` its placed children."""

    node: Node
    depth: int
    y: float
    kids: tuple[Spot, ...]


def _place(node: Node, depth: int, y: float) -> tuple[Spot, float]:
    """Place a node and all below it from `y` down; return it and the next free y."""
    if depth > DEPTH_MAX:
        raise ValueError(f"a tree deeper than {DEPTH_MAX} is a loop, at {node.name!r}")
    if not node.children:
        return Spot(node, depth, y, ()), y + ROW
    kids = []
    for child in node.children:
        kid, y = _place(child, depth + 1, y)
        kids.append(kid)
    if not node.children[-1].children:
        y += GAP
    return Spot(node, depth, (kids[0].y + kids[-1].y) / 2, tuple(kids)), y


def _left(depth: int) -> int:
    return 8 if depth == 0 else HEAD_WIDE + (depth - 1) * MIDDLE_WIDE


def _symbol(x: float, y: float) -> str:
    return "".join(f'<circle class="symbol" cx="{n(x)}" cy="{n(y + off)}" r="14"/>' for off in (-9, 9))


def _parent(spot: Spot) -> tuple[str, float]:
    """Draw a node that feeds others: name over bar over text; return it and the x where its wire starts."""
    node, x = spot.node, float(_left(spot.depth))
    drawn = ""
    if node.symbol == "transformer":
        drawn, x = _symbol(x + 15, spot.y), x + 43
    wide = (HEAD_WIDE if spot.depth == 0 else MIDDLE_WIDE) - (x - _left(spot.depth)) - 60
    tone = node.tone or svg.tone_of(node.share_per_mille or 0)
    drawn += svg.link(node.url, svg.text(n(x), spot.y - 10, node.name, "t-strong"))
    drawn += svg.bar(x, spot.y - 4, wide, node.share_per_mille or 0, tone) + svg.text(n(x), spot.y + 19, node.text)
    return drawn, x + wide + 10


def _leaf(spot: Spot) -> str:
    """Draw a node that feeds nothing here, on one line: name, bar, text."""
    node, x = spot.node, float(_left(spot.depth))
    tone = node.tone or svg.tone_of(node.share_per_mille or 0)
    drawn = svg.link(node.url, svg.text(n(x), spot.y + 4, _short(node.name, 14), "t-name"))
    if len(node.name) > 14:
        drawn = f"<g><title>{svg.esc(node.name)}</title>{drawn}</g>"
    return (
        drawn
        + svg.bar(x + 92, spot.y - 4, 150, node.share_per_mille or 0, tone)
        + svg.text(n(x + 254), spot.y + 4, node.text)
    )


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


def _draw(spot: Spot) -> str:
    if not spot.kids:
        return _leaf(spot)
    drawn, end = _parent(spot)
    stop = _left(spot.depth + 1) - 8
    turn = max(end, stop - TURN)
    wires = f"M{n(end)},{n(spot.y)}H{n(turn)}M{n(turn)},{n(spot.kids[0].y)}V{n(spot.kids[-1].y)}"
    wires += "".join(f"M{n(turn)},{n(kid.y)}H{n(stop)}" for kid in spot.kids)
    return drawn + f'<path class="wire" d="{wires}"/>' + "".join(_draw(kid) for kid in spot.kids)


def _rows(node: Node, depth: int = 0) -> list[tuple[str, str]]:
    rows = [("\N{NO-BREAK SPACE}" * 4 * depth + node.name, node.text)]
    for child in node.children:
        rows += _rows(child, depth + 1)
    return rows


def _width(spot: Spot) -> int:
    if not spot.kids:
        return _left(spot.depth) + LEAF_WIDE
    return max(_width(kid) for kid in spot.kids)


def draw(chart: Diagram) -> svg.Drawing:
    """Draw the tree from left to right; it scrolls sideways where the place is narrow."""
    y, spots = 30.0, []
    for root in chart.roots:
        spot, y = _place(root, 0, y)
        spots.append(spot)
    wide = max([_width(spot) for spot in spots] + [LEAF_WIDE])
    high = int(max(y, 2 * ROW))
    size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
    drawn = svg.shell(
        "".join(_draw(spot) for spot in spots), kind="diagram", title=chart.title, summary=chart.summary, size=size
    )
    rows = [row for root in chart.roots for row in _rows(root)]
    return svg.Drawing(drawn, svg.table(chart.headings, rows, chart.title), scroll=True)
