"""What all drawings share: escaping, the <svg> shell with its text summary, the data table, tones and number text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count

TONES = frozenset({"ok", "warn", "bad", "info", "none"})
_ids = count(1)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished chart: `svg`, `legend` and `table` are safe HTML; the tag `{% chart drawing %}` puts them together."""

    svg: str
    table: str = ""
    legend: str = ""
    scroll: bool = False


def esc(text: object) -> str:
    """Return text that is safe inside an element and inside a double-quoted attribute."""
    return escape(str(text), quote=True)


def n(value: float) -> str:
    """Return a coordinate with at most one decimal, the shortest way."""
    return f"{value:.1f}".removesuffix(".0")


def tone_of(share_per_mille: int) -> str:
    """Return the tone of a load: below 80 % ok, below 95 % warn, else bad."""
    return "ok" if share_per_mille < 800 else "warn" if share_per_mille < 950 else "bad"


def shell(body: str, *, kind: str, title: str, summary: str, size: str) -> str:
    """Return the whole <svg>; `size` holds its width, height and viewBox attributes."""
    mark = f"d{next(_ids)}"
    # A picture may not hold links (nobody could reach them); a group of them may.
    role = "group" if "<a " in body else "img"
    head = f'class="svg-{kind}" role="{role}" aria-labelledby="{mark}t {mark}d" {size}'
    words = f'<title id="{mark}t">{esc(title)}</title><desc id="{mark}d">{esc(summary)}</desc>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{words}{body}</svg>'


def text(x: str, y: float, words: str, css: str = "") -> str:
    """Return one line of text at `x` (a number or a percentage as text) and `y` in pixels."""
    look = f' class="{css}"' if css else ""
    return f'<text x="{x}" y="{n(y)}"{look}>{esc(words)}</text>'


def bar(x: float, y: float, width: float, share_per_mille: int, tone: str) -> str:
    """Return a capacity bar: a track and its filled part; above 1000 per mille it is simply full."""
    filled = width * min(max(share_per_mille, 0), 1000) / 1000
    place = f'x="{n(x)}" y="{n(y)}" height="8" rx="2"'
    track = f'<rect class="track" {place} width="{n(width)}"/>'
    if filled <= 0:
        return track
    return f'{track}<g class="tone-{tone}"><rect class="fill" {place} width="{n(max(filled, 2))}"/></g>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """Return the same data as a table; every column but the first is a number."""
    head = "".join(f'<th scope="col"{" class=num" if i else ""}>{esc(h)}</th>' for i, h in enumerate(headings))
    body = "".join(f"<tr>{''.join(_cell(i, words) for i, words in enumerate(row))}</tr>" for row in rows)
    about = f'<caption class="visually-hidden">{esc(caption)}</caption>'
    return f"<table>{about}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(column: int, words: str) -> str:
    return f"<td{' class=num' if column else ''}>{esc(words)}</td>"


SWATCH = (
    '<svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">'
    '<rect class="{}" width="10" height="10" rx="2"/></svg>'
)


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Return a legend of (css class of the colour, words)."""
    return f'<ul class="legend">{"".join(f"<li>{SWATCH.format(css)}{esc(words)}</li>" for css, words in entries)}</ul>'


def link(url: str, body: str) -> str:
    """Wrap a part of a drawing in a link when there is an address."""
    return f'<a href="{esc(url)}">{body}</a>' if url else body


def nice_top(value: int) -> int:
    """Return a round number at or above `value` that four or five even steps divide."""
    if value <= 0:
        return 4
    unit = int("1" + "0" * (len(str(value)) - 1))
    for tenths in (10, 12, 15, 16, 20, 24, 25, 30, 40, 50, 60, 80, 100):
        top = -(-unit * tenths // 10)
        if top >= value:
            return top
    return unit * 10
