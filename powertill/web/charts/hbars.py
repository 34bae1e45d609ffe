"""Horizontal capacity bars: each feeder with its load against what it may carry."""

from __future__ import annotations

from dataclasses import dataclass

from powertill.web.charts import svg

ROW = 35  # pixels: a line of text and its bar


@dataclass(frozen=True, slots=True)
class Bar:
    """`share_per_mille` is load over capacity; `text` stands at the right ("92.8 kW · 58 %"); tone empty: by share."""

    name: str
    text: str
    share_per_mille: int
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class CapacityBars:
    """Bars in the order given; `headings` are the table's two column names."""

    title: str
    summary: str
    bars: tuple[Bar, ...]
    headings: tuple[str, str]


def _row(index: int, bar: Bar) -> str:
    y = index * ROW
    filled = min(max(bar.share_per_mille, 0), 1000) / 10
    tone = bar.tone or svg.tone_of(bar.share_per_mille)
    place = f'x="0" y="{y + 17}" height="8" rx="2"'
    return (
        svg.link(bar.url, svg.text("0", y + 12, bar.name, "t-name"))
        + svg.text("100%", y + 12, bar.text, "end t-name")
        + f'<rect class="track" width="100%" {place}/>'
        + f'<g class="tone-{tone}"><rect class="fill" width="{svg.n(filled)}%" {place}/></g>'
    )


def draw(chart: CapacityBars) -> svg.Drawing:
    """Draw the bars as wide as their place."""
    body = "".join(_row(index, bar) for index, bar in enumerate(chart.bars))
    size = f'width="100%" height="{max(len(chart.bars), 1) * ROW - 6}"'
    drawn = svg.shell(body, kind="hbars", title=chart.title, summary=chart.summary, size=size)
    return svg.Drawing(drawn, svg.table(chart.headings, [(b.name, b.text) for b in chart.bars], chart.title))
