"""Bars of one day (or any even slots) coloured by price band, with a legend: what was used, and at which rate."""

from __future__ import annotations

from dataclasses import dataclass

from powertill.web.charts import svg


@dataclass(frozen=True, slots=True)
class Slot:
    """One bar: `value` in whole units (Wh), None not yet known; `text` for table and hover ("0.42 kWh · ¥ 0.39")."""

    label: str
    value: int | None
    band: int
    text: str


@dataclass(frozen=True, slots=True)
class HourBars:
    """`bands` are (number 1-5, legend words such as "peak 0.92").

    `axis` are (slot index, label) under the bars; 0.5 is the middle of the first.
    """

    title: str
    summary: str
    slots: tuple[Slot, ...]
    bands: tuple[tuple[int, str], ...]
    headings: tuple[str, str]
    axis: tuple[tuple[float, str], ...] = ()
    height: int = 132


def _bar(index: int, slot: Slot, *, wide: float, top: int, plot: int) -> str:
    if not slot.value:
        return ""
    high = max(plot * slot.value / top, 1.5)
    x, y = svg.n(index * wide + wide * 0.1), svg.n(plot - high)
    return (
        f'<rect class="band-{slot.band}" x="{x}%" y="{y}" width="{svg.n(wide * 0.8)}%" height="{svg.n(high)}" rx="2">'
        f"<title>{svg.esc(slot.text)}</title></rect>"
    )


def _labels(chart: HourBars, wide: float) -> str:
    out = []
    for index, label in chart.axis:
        at = index * wide
        css = "end" if at > 95 else "mid" if at > 3 else ""
        out.append(svg.text(f"{svg.n(min(at, 100))}%", chart.height - 4, label, css))
    return "".join(out)


def draw(chart: HourBars) -> svg.Drawing:
    """Draw the bars as wide as their place."""
    plot = chart.height - 20
    wide = 100 / max(len(chart.slots), 1)
    top = max([slot.value or 0 for slot in chart.slots] + [1])
    bars = "".join(_bar(index, slot, wide=wide, top=top, plot=plot) for index, slot in enumerate(chart.slots))
    base = f'<line class="grid" x1="0" x2="100%" y1="{plot}.5" y2="{plot}.5"/>'
    size = f'width="100%" height="{chart.height}"'
    drawn = svg.shell(
        base + bars + _labels(chart, wide), kind="hours", title=chart.title, summary=chart.summary, size=size
    )
    rows = [(slot.label, slot.text) for slot in chart.slots if slot.value is not None]
    legend = svg.legend((f"band-{number}", words) for number, words in chart.bands)
    return svg.Drawing(drawn, svg.table(chart.headings, rows, chart.title), legend)
