"""Colours that carry words reach 4.5:1 and fills reach 3:1, in light and in dark."""

import re
from pathlib import Path

import pytest

import powertill.web

TOKENS = (Path(powertill.web.__file__).parent / "static/web/tokens.css").read_text("utf-8")
NAMED = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})\b")
LIGHT_PART, DARK_PART, SYSTEM_PART = re.split(r"@media screen[^{]*\{", TOKENS)
LIGHT, DARK, SYSTEM = (dict(NAMED.findall(part)) for part in (LIGHT_PART, DARK_PART, SYSTEM_PART))

WORDS = [
    (ink, ground)
    for ink in ("ink", "ink-2", "accent", "ok", "warn", "bad", "info", "none")
    for ground in ("surface", "canvas")
]
WORDS += [(ink, f"{ink}-tint") for ink in ("ok", "warn", "bad", "info", "none")]
WORDS += [("surface", tone) for tone in ("ok", "warn", "bad", "info", "none")]
WORDS += [
    ("on-accent", "accent-fill"),
    ("accent", "accent-tint"),
    ("ink", "raised"),
    ("ink-2", "raised"),
    ("ink", "bad-tint"),
    ("ink", "accent-tint"),
]
WORDS += [("ink", "shade-0"), ("ink", "shade-1"), ("on-shade-3", "shade-3"), ("surface", "shade-4"), ("ink", "shade-2")]
FILLS = [(f"{tone}-fill", "surface") for tone in ("ok", "warn", "bad", "info", "none")]
FILLS += [(f"band-{number}", "surface") for number in range(1, 6)] + [
    ("line-strong", "surface"),
    ("focus", "surface"),
    ("focus", "canvas"),
    ("chart-line", "surface"),
]


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), WORDS)
def test_words_can_be_read(theme, ink, ground):
    colours = LIGHT if theme == "light" else LIGHT | DARK
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("fill", "ground"), FILLS)
def test_bars_and_borders_can_be_told_apart(theme, fill, ground):
    colours = LIGHT if theme == "light" else LIGHT | DARK
    assert contrast(colours[fill], colours[ground]) >= 3


def test_dark_without_javascript_is_the_same_dark():
    assert SYSTEM == DARK


def test_colours_are_written_in_one_place_only():
    folder = Path(powertill.web.__file__).parent / "static/web"
    for name in ("app.css", "portal.css"):
        assert not re.search(
            r"#[0-9a-fA-F]{3,6}\b(?!\s*\{)", re.sub(r"background: #fff", "", (folder / name).read_text("utf-8"))
        ), name
