"""A month as a calendar of five shades: each day's use at a glance, with the number written in the cell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from powertill.web.charts import svg

HIGH = 44  # pixels of one day's cell
HEAD = 20


@dataclass(frozen=True, slots=True)
class Day:
    """`value` in whole units (Wh), None not known; `short` stands in the cell ("4.1"), `text` in hover and table."""

    on: date
    value: int | None
    short: str
    text: str


@dataclass(frozen=True, slots=True)
class Month:
    """`days` in order, of one month; `weekdays` are seven names, Monday first; `shades` say what each shade means."""

    title: str
    summary: str
    days: tuple[Day, ...]
    weekdays: tuple[str, ...]
    headings: tuple[str, str]
    shades: tuple[str, ...] = ()


def shade(value: int, top: int) -> int:
    """Return 0 to 4: nothing, then four equal steps up to the month's highest day."""
    if value <= 0 or top <= 0:
        return 0
    return min(-(-value * 4 // top), 4)


def _cell(day: Day, first: int, top: int) -> str:
    row, column = divmod(day.on.day - 1 + first, 7)
    x, y = column * 100 / 7, HEAD + row * HIGH
    level = None if day.value is None else shade(day.value, top)
    css = "shade-none" if level is None else f"shade-{level}"
    ink = f"on-{level or 0}"
    return (
        f"<g><title>{svg.esc(day.text)}</title>"
        f'<rect class="{css}" x="{svg.n(x + 0.2)}%" y="{y + 1}" width="13.9%" height="{HIGH - 2}" rx="3"/>'
        + svg.text(f"{svg.n(x + 1.3)}%", y + 15, str(day.on.day), ink)
        + svg.text(f"{svg.n(x + 13)}%", y + 35, day.short, f"end {ink} t-value")
        + "</g>"
    )


def draw(chart: Month) -> svg.Drawing:
    """Draw the calendar as wide as its place."""
    first = chart.days[0].on.replace(day=1).weekday() if chart.days else 0
    top = max([day.value or 0 for day in chart.days] + [0])
    names = "".join(svg.text(f"{svg.n(i * 100 / 7 + 7.1)}%", 13, name, "mid") for i, name in enumerate(chart.weekdays))
    cells = "".join(_cell(day, first, top) for day in chart.days)
    weeks = (first + max([day.on.day for day in chart.days] + [0]) + 6) // 7
    size = f'width="100%" height="{HEAD + max(weeks, 1) * HIGH}"'
    drawn = svg.shell(names + cells, kind="month", title=chart.title, summary=chart.summary, size=size)
    rows = [(day.on.isoformat(), day.text) for day in chart.days if day.value is not None]
    legend = svg.legend((f"shade-{i}", words) for i, words in enumerate(chart.shades)) if chart.shades else ""
    return svg.Drawing(drawn, svg.table(chart.headings, rows, chart.title), legend)
