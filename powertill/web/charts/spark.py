"""A small curve for a table cell or a figure: the shape of the last days, nothing more."""

from __future__ import annotations

from dataclasses import dataclass

from powertill.web.charts import svg


@dataclass(frozen=True, slots=True)
class Spark:
    """`values` are evenly spaced whole numbers; `summary` is read aloud ("7 days, 3.1 to 4.8 kWh, rising")."""

    title: str
    summary: str
    values: tuple[int, ...]
    width: int = 90
    height: int = 20


def draw(chart: Spark) -> svg.Drawing:
    """Draw the curve between its lowest and highest value; a flat one runs in the middle."""
    if not chart.values:
        return svg.Drawing(svg.shell("", kind="spark", title=chart.title, summary=chart.summary, size=_size(chart)))
    low, high = min(chart.values), max(chart.values)
    steps = max(len(chart.values) - 1, 1)
    room = chart.height - 4

    def high_at(value: int) -> float:
        return 2 + (room * (high - value) / (high - low) if high > low else room / 2)

    spots = [f"{svg.n(2 + (chart.width - 4) * i / steps)},{svg.n(high_at(v))}" for i, v in enumerate(chart.values)]
    body = f'<path class="curve" d="M{" ".join(spots)}{" h.1" if len(spots) == 1 else ""}"/>'
    return svg.Drawing(svg.shell(body, kind="spark", title=chart.title, summary=chart.summary, size=_size(chart)))


def _size(chart: Spark) -> str:
    return f'width="{chart.width}" height="{chart.height}" viewBox="0 0 {chart.width} {chart.height}"'
