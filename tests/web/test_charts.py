"""Drawings are safe, say in words what they show, and put their numbers where they belong."""

import re
from datetime import date
from xml.etree import ElementTree

import pytest

from powertill.web import samples
from powertill.web.charts import diagram, hbars, hours, line, month, spark, svg

EVIL = '"><script>alert(1)</script>&'
SVG = "{http://www.w3.org/2000/svg}"


def all_drawings():
    return {
        "line": samples.load(),
        "hbars": samples.feeders(),
        "hours": samples.hours(),
        "month": samples.month(date(2026, 11, 1)),
        "spark": samples.spark(),
        "diagram": samples.diagram(),
    }


@pytest.mark.parametrize("kind", ["line", "hbars", "hours", "month", "spark", "diagram"])
def test_a_drawing_is_well_formed_and_speaks(kind):
    drawing = all_drawings()[kind]
    root = ElementTree.fromstring(drawing.svg)
    assert root.get("role") == ("group" if "<a " in drawing.svg else "img")
    title, summary = root.get("aria-labelledby").split()
    assert root.find(f"{SVG}title").get("id") == title and root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").get("id") == summary and root.find(f"{SVG}desc").text
    assert "style=" not in drawing.svg, "the content security policy forbids it"
    if kind != "spark":
        ElementTree.fromstring(drawing.table.replace("class=num", 'class="num"'))


@pytest.mark.parametrize(
    "drawing",
    [
        lambda: line.draw(
            line.LineChart(
                EVIL,
                EVIL,
                (line.Point(EVIL, 5),),
                EVIL,
                (EVIL, EVIL),
                ticks=(line.Tick(0, EVIL),),
                limit=9,
                limit_label=EVIL,
            )
        ),
        lambda: hbars.draw(hbars.CapacityBars(EVIL, EVIL, (hbars.Bar(EVIL, EVIL, 5, EVIL),), (EVIL, EVIL))),
        lambda: hours.draw(
            hours.HourBars(EVIL, EVIL, (hours.Slot(EVIL, 5, 1, EVIL),), ((1, EVIL),), (EVIL, EVIL), ((0, EVIL),))
        ),
        lambda: month.draw(
            month.Month(EVIL, EVIL, (month.Day(date(2026, 2, 1), 5, EVIL, EVIL),), (EVIL,) * 7, (EVIL, EVIL), (EVIL,))
        ),
        lambda: spark.draw(spark.Spark(EVIL, EVIL, (1, 2))),
        lambda: diagram.draw(
            diagram.Diagram(
                EVIL, EVIL, (diagram.Node(EVIL, EVIL, 1, (diagram.Node(EVIL, EVIL, 2, url=EVIL),)),), (EVIL, EVIL)
            )
        ),
    ],
)
def test_names_from_people_cannot_become_markup(drawing):
    drawn = drawing()
    assert all("<script" not in text for text in (drawn.svg, drawn.table, drawn.legend))
    assert "alert(1)" in drawn.svg, "it is shown, as text"
    ElementTree.fromstring(drawn.svg)


def test_a_missing_reading_is_a_gap_and_not_a_line_through_it():
    points = tuple(line.Point(str(i), None if i == 2 else 10) for i in range(5))
    drawn = line.draw(line.LineChart("Load", "10 kW", points, "kW", ("Time", "Load")))
    assert drawn.svg.count('class="curve"') == 2
    assert "<td>2</td><td class=num>–</td>" in drawn.table


def test_no_readings_at_all_is_an_empty_grid():
    assert 'class="curve"' not in line.draw(line.LineChart("Load", "none", (), "kW", ("Time", "Load"))).svg


def test_the_contract_line_is_inside_the_picture_even_above_all_load():
    drawn = line.draw(line.LineChart("Load", "s", (line.Point("a", 100),), "kW", ("t", "l"), limit=560, height=240))
    assert 8 <= float(re.search(r'class="contract".*?y1="([\d.]+)"', drawn.svg)[1]) <= 208


@pytest.mark.parametrize(
    ("share", "tone"), [(0, "ok"), (799, "ok"), (800, "warn"), (949, "warn"), (950, "bad"), (1500, "bad")]
)
def test_a_load_near_its_capacity_changes_its_tone(share, tone):
    assert svg.tone_of(share) == tone


def test_a_bar_never_leaves_its_track():
    drawn = hbars.draw(
        hbars.CapacityBars("F", "s", (hbars.Bar("F1", "200 %", 2000), hbars.Bar("F2", "export", -50)), ("a", "b"))
    )
    assert re.findall(r'class="fill" width="([\d.]+)%"', drawn.svg) == ["100", "0"]


@pytest.mark.parametrize(("wh", "shade"), [(0, 0), (1, 1), (25, 1), (26, 2), (50, 2), (75, 3), (76, 4), (100, 4)])
def test_a_day_gets_one_of_five_shades(wh, shade):
    assert month.shade(wh, 100) == shade


def test_the_first_of_the_month_stands_under_its_weekday():
    days = (month.Day(date(2026, 11, 1), 5, "5", "1 Nov"),)  # a Sunday
    assert 'x="85.9%"' in month.draw(month.Month("Nov", "s", days, ("M",) * 7, ("a", "b"))).svg


def test_a_diagram_of_any_depth_has_every_place_once():
    def tree(depth):
        kids = () if depth == 0 else (tree(depth - 1), tree(depth - 1))
        return diagram.Node(f"n{depth}", "1 kW", 100, kids)

    drawn = diagram.draw(diagram.Diagram("T", "s", (tree(4),), ("Place", "Load")))
    assert drawn.svg.count("1 kW") == drawn.table.count("1 kW") == 31


def test_a_landlord_without_transformer_or_feeders_still_gets_a_picture():
    drawn = diagram.draw(diagram.Diagram("T", "s", (diagram.Node("House", "3 kW", None),), ("Place", "Load")))
    assert "House" in drawn.svg


def test_a_loop_in_the_tree_is_refused():
    node = diagram.Node("end", "", 0)
    for _ in range(14):
        node = diagram.Node("n", "", 0, (node,))
    with pytest.raises(ValueError, match="deeper than 12"):
        diagram.draw(diagram.Diagram("T", "s", (node,), ("a", "b")))


@pytest.mark.parametrize("value", [0, 1, 7, 13, 99, 100, 101, 560, 999, 12_345, 987_654])
def test_the_scale_ends_at_a_round_number_not_far_above(value):
    top = svg.nice_top(value)
    assert value <= top <= max(value * 2, 4)
