"""A curve over time with its area, a dashed contract line and axis labels: the site's load over 48 hours."""

from __future__ import annotations

from dataclasses import dataclass

from powertill.web.charts import svg

HITS_MAX = 96  # hover zones; more would weigh more than the curve itself


@dataclass(frozen=True, slots=True)
class Point:
    """One value: `label` is its time as read in the table and on hover; None is a gap (no reading)."""

    label: str
    value: int | None


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under the curve at the point with this index; `strong` for the day."""

    index: int
    label: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class LineChart:
    """`points` are evenly spaced; values are whole units of `unit` times `scale` (W with scale 1000 and unit "kW").

    `limit` is the dashed line in the same units with `limit_label`; `headings` are the table's two column names.
    """

    title: str
    summary: str
    points: tuple[Point, ...]
    unit: str
    headings: tuple[str, str]
    scale: int = 1
    ticks: tuple[Tick, ...] = ()
    limit: int | None = None
    limit_label: str = ""
    height: int = 236


def _runs(points: tuple[Point, ...]) -> list[list[tuple[int, int]]]:
    """Split the curve where readings are missing: a gap is shown, never bridged."""
    runs: list[list[tuple[int, int]]] = [[]]
    for index, point in enumerate(points):
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append((index, point.value))
    return [run for run in runs if run]


def _curve(chart: LineChart, top: int, plot: int) -> str:
    steps = max(len(chart.points) - 1, 1)
    parts = []
    for run in _runs(chart.points):
        spots = [(svg.n(1000 * i / steps), svg.n(plot - plot * max(v, 0) / top)) for i, v in run]
        path = " ".join(f"{x},{y}" for x, y in spots)
        parts.append(f'<path class="area" d="M{spots[0][0]},{plot} L{path} L{spots[-1][0]},{plot}Z"/>')
        parts.append(f'<path class="curve" d="M{path}{" h.1" if len(spots) == 1 else ""}"/>')
    # Stretched to its place, while strokes and the text around it keep their size.
    shape = f'y="8" width="100%" height="{plot}" viewBox="0 0 1000 {plot}" preserveAspectRatio="none"'
    return f"<svg {shape}>{''.join(parts)}</svg>"


def _shown(chart: LineChart, value: int) -> str:
    whole, rest = divmod(value, chart.scale)
    return f"{whole:,}" if chart.scale == 1 else f"{whole:,}.{rest * 10 // chart.scale}"


def _grid(chart: LineChart, top: int, plot: int) -> str:
    lines = []
    for step in range(5):
        y = 8 + plot - plot * step / 4
        value = top * step // 4
        label = f"{value // chart.scale:,}" if value % chart.scale == 0 else _shown(chart, value)
        lines.append(f'<line class="grid" x1="0" x2="100%" y1="{svg.n(y)}" y2="{svg.n(y)}"/>')
        lines.append(svg.text("-8", y + 4, label, "end"))
    return "".join(lines)


def _ticks(chart: LineChart, plot: int) -> str:
    steps = max(len(chart.points) - 1, 1)
    out = []
    for place, tick in enumerate(chart.ticks):
        at = 100 * tick.index / steps
        # On a phone every second label gives way, or they would run into each other.
        kind = " t-strong" if tick.strong else " t-odd" if place % 2 else ""
        css = ("mid" if 3 < at < 97 else "end" if at >= 97 else "") + kind
        out.append(f'<line class="grid" x1="{svg.n(at)}%" x2="{svg.n(at)}%" y1="8" y2="{plot + 12}"/>')
        out.append(svg.text(f"{svg.n(at)}%", plot + 26, tick.label, css.strip()))
    return "".join(out)


def _hits(chart: LineChart, plot: int) -> str:
    every = -(-len(chart.points) // HITS_MAX) if chart.points else 1
    width = svg.n(100 * every / max(len(chart.points), 1))
    out = []
    for index in range(0, len(chart.points), every):
        point = chart.points[index]
        words = (
            f"{point.label} · {_shown(chart, point.value)} {chart.unit}"
            if point.value is not None
            else f"{point.label} · –"
        )
        at = svg.n(100 * index / len(chart.points))
        out.append(
            f'<rect class="hit" x="{at}%" y="8" width="{width}%" height="{plot}"><title>{svg.esc(words)}</title></rect>'
        )
    return "".join(out)


def draw(chart: LineChart) -> svg.Drawing:
    """Draw the curve as wide as its place, with text that never shrinks."""
    plot = chart.height - 40
    top = svg.nice_top(max([p.value or 0 for p in chart.points] + [chart.limit or 0], default=0))
    limit = ""
    if chart.limit is not None:
        y = svg.n(8 + plot - plot * chart.limit / top)
        words = f"<title>{svg.esc(chart.limit_label)}</title>"
        limit = f'<line class="contract" x1="0" x2="100%" y1="{y}" y2="{y}">{words}</line>'
    body = _grid(chart, top, plot) + _ticks(chart, plot) + _curve(chart, top, plot) + limit + _hits(chart, plot)
    drawn = svg.shell(
        body, kind="line", title=chart.title, summary=chart.summary, size=f'width="100%" height="{chart.height}"'
    )
    rows = [(p.label, "–" if p.value is None else f"{_shown(chart, p.value)} {chart.unit}") for p in chart.points]
    return svg.Drawing(drawn, svg.table(chart.headings, rows, chart.title))
