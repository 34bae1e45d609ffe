"""Invented numbers for the gallery: always the same, so that two pictures of it can be compared."""

from __future__ import annotations

import math
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import segno

from powertill.web.charts import diagram as single_line
from powertill.web.charts import hbars, line
from powertill.web.charts import hours as hour_bars
from powertill.web.charts import month as calendar
from powertill.web.charts import spark as sparkline
from powertill.web.charts.svg import Drawing
from powertill.web.shapes import Event, Receipt, ReceiptCode, ReceiptLine

NOON = datetime(2026, 11, 22, 4, 31, 7, tzinfo=UTC)  # 12:31 in Shanghai
NAMES = ("周伟", "刘敏", "陈洋", "张勇", "Otieno J.", "王芳", "黄军", "Li Wei", "李敏", "李娜")


def load() -> Drawing:
    """Draw two days of site load in steps of 15 minutes, with one gap."""
    points = []
    for step in range(193):
        hour = step / 4
        watts = int(
            1000
            * (
                270
                + 105 * math.sin((hour - 5) / 24 * 4 * math.pi)
                + 40 * math.sin(hour / 2)
                + 25 * math.sin(hour * 1.7)
            )
        )
        points.append(
            line.Point(
                f"{20 + int(hour) // 24} Nov {int(hour) % 24:02}:{step % 4 * 15:02}",
                None if 120 <= step < 123 else watts,
            )
        )
    ticks = tuple(
        line.Tick(h * 4, "20 Nov" if h == 0 else "21 Nov" if h == 24 else f"{h % 24:02}:00", h % 24 == 0)
        for h in range(0, 48, 6)
    )
    return line.draw(
        line.LineChart(
            "Site load, 48 h",
            "Between 170 and 420 kW; the contracted 560 kW were not reached.",
            tuple(points),
            "kW",
            ("Time", "Load"),
            scale=1000,
            ticks=ticks,
            limit=560_000,
            limit_label="contracted 560 kW",
        )
    )


def feeders() -> Drawing:
    """Draw five feeders, one near its limit."""
    bars = (
        ("F1 Block 1", "92.8 kW", 580),
        ("F2 Block 2", "113.6 kW", 710),
        ("F3 Block 3", "153.4 kW", 960),
        ("F4 Shops", "49.8 kW", 830),
        ("F5 Chargers", "3.0 kW", 50),
    )
    drawn = tuple(hbars.Bar(name, f"{kw} · {share // 10} %", share, "#") for name, kw, share in bars)
    return hbars.draw(hbars.CapacityBars("Feeders", "F3 Block 3 is at 96 %.", drawn, ("Feeder", "Load")))


def hours() -> Drawing:
    """Draw thirteen hours of a room's day by rate."""
    use = (90, 60, 50, 50, 55, 70, 270, 440, 320, 175, 165, 205, 265)
    slots = tuple(
        hour_bars.Slot(
            f"{h:02}:00",
            use[h] if h < len(use) else None,
            2 if 8 <= h < 12 else 1,
            f"{h:02}:00 · 0.{use[h]:03} kWh" if h < len(use) else "",
        )
        for h in range(24)
    )
    axis = ((0, "00"), (6, "06"), (12, "12"), (18, "18"), (24, "24"))
    return hour_bars.draw(
        hour_bars.HourBars(
            "Use today by hour",
            "2.22 kWh so far, most at 07:00.",
            slots,
            ((2, "peak rate 0.92"), (1, "normal 0.53")),
            ("Hour", "Use"),
            axis,
        )
    )


def month(first: date) -> Drawing:
    """Draw a month whose last days have not come yet."""
    days = []
    for number in range(1, monthrange(first.year, first.month)[1] + 1):
        wh = 0 if number == 8 else 2200 + number * 977 % 3100 if number <= 22 else None
        days.append(
            calendar.Day(
                first.replace(day=number),
                wh,
                f"{wh / 1000:.1f}" if wh is not None else "",
                f"{number} Nov · {wh} Wh" if wh is not None else "not yet",
            )
        )
    shades = ("none", "up to 1.3 kWh", "up to 2.6", "up to 3.9", "up to 5.3")
    return calendar.draw(
        calendar.Month(
            "Use in November",
            "Most on day 16.",
            tuple(days),
            ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
            ("Day", "Use"),
            shades,
        )
    )


def spark() -> Drawing:
    """Draw seven days."""
    return sparkline.draw(sparkline.Spark("Last 7 days", "3.1 to 4.8 kWh a day, rising", (31, 33, 30, 38, 41, 40, 48)))


FEEDERS = (
    ("F1 Block 1", "98.2 / 160 kW", 610, 5, 32),
    ("F2 Block 2", "76.0 / 160 kW", 470, 4, 32),
    ("F3 Block 3", "104.2 / 160 kW", 650, 5, 32),
    ("F4 Shops", "20.5 / 60 kW", 340, 3, 12),
    ("F5 Chargers", "15.1 / 60 kW", 250, 2, 12),
)


def diagram() -> Drawing:
    """Draw a site of one transformer, five feeders and nineteen panels."""
    feeders = []
    for name, text, share, panels, capacity in FEEDERS:
        kids = []
        for number in range(1, panels + 1):
            filled = (share + number * 173) % 560 + 380
            kids.append(
                single_line.Node(
                    f"{name[:2]}-{number:02}",
                    f"{capacity * filled / 1000:.1f} / {capacity} kW · {12 + number * 3} meters · {filled // 10} %",
                    filled,
                    url="#",
                )
            )
        feeders.append(single_line.Node(name, f"{text} · {share // 10} %", share, tuple(kids), url="#"))
    root = single_line.Node("TX1 · 630 kVA", "314 kW now · 50 %", 500, tuple(feeders), "transformer", "#")
    return single_line.draw(
        single_line.Diagram("Site & capacity", "One transformer at 50 %, five feeders.", (root,), ("Place", "Load"))
    )


def events() -> tuple[Event, ...]:
    """Return one event of each kind."""
    return (
        Event(NOON, "money", "Paid in cash at counter 2", "R-000417", "¥ 100.00", "#", who="li.na"),
        Event(NOON + timedelta(seconds=40), "credit", "Credit on the meter", "163.90 kWh", "", "#", "ok"),
        Event(NOON - timedelta(hours=1), "reading", "Reading", "8,142.31 kWh"),
        Event(
            NOON - timedelta(hours=5), "relay", "Power turned on", "credit is available", tone="ok", who="supply rules"
        ),
        Event(NOON - timedelta(hours=9), "message", "Low balance, SMS delivered", "¥ 8.20 left", tone="warn"),
        Event(NOON - timedelta(days=2), "note", "Asked for a second key", who="li.na"),
    )


def sales() -> list[dict[str, Any]]:
    """Return the last sales in five states of delivery."""
    rows = (
        ("R-000417", "2-0608", "王芳", "Counter 2, cash", 10_000, 163_900, "on_meter"),
        ("R-000416", "1-1203", "Otieno J.", "Counter 2, cash", 5_000, 81_200, "on_meter"),
        ("R-000415", "3-0104", "Li Wei", "WeChat Pay", 20_000, 311_000, "sent"),
        ("R-000414", "S-12", "Noodle shop", "Transfer", 100_000, 902_400, "unknown"),
        ("R-000413", "2-1104", "赵敏", "M-Pesa", 3_000, 56_700, "person"),
    )
    names = ("number", "room", "customer", "channel", "minor", "wh", "state")
    return [dict(zip(names, row, strict=True)) | {"at": NOON - timedelta(minutes=3 * i)} for i, row in enumerate(rows)]


def meters() -> list[SimpleNamespace]:
    """Return a hundred rows of meters."""
    return [
        SimpleNamespace(
            number=f"0142{i:08}",
            room=f"2-{i // 20 + 1:02}{i % 20 + 1:02}",
            customer=NAMES[i * 7 % 10],
            minor=(i * 4_177) % 34_000 - (500 if i % 17 == 3 else 0),
            feeder=f"F{i // 40 + 1}",
            wanted="open" if i % 11 == 8 else "closed",
            seen="closed" if i % 22 == 8 or i % 11 != 8 else "open",
            verified=i % 9 != 4,
            read_at=NOON - timedelta(minutes=i % 15, hours=5 if i == 6 else 0),
            wh=2_421_000 + i * 977_310,
        )
        for i in range(100)
    ]


def hits() -> list[dict[str, Any]]:
    """Return what a search for a room finds."""
    return [
        {"room": f"2-060{i}", "name": NAMES[i], "number": f"0142000005{i:02}", "minor": 14_131 - i * 1_022}
        for i in range(1, 9)
    ]


def receipt() -> Receipt:
    """Return a receipt with every part."""
    row = ReceiptLine
    facts = (
        row("Date 时间", "2026-11-22 12:31:07 +08:00"),
        row("Cashier 收银员", "counter-2 / li.na"),
        row("Customer 客户", "王芳 Wang Fang"),
        row("Room 房间", "2-0608"),
        row("Meter 表号", "01420000417"),
        row("SGC / KRN / TI", "600727 / 1 / 01"),
        row("Tariff 电价", "RES-TOU-2026 居民分时"),
    )
    lines = (
        row("Arrears 欠费", "10.00"),
        row("Tier 1: 96.0 kWh × 0.5283", "50.72"),
        row("Tier 2: 67.9 kWh × 0.5783", "39.28"),
    )
    after = (
        row("of which VAT 13 % 增值税", "10.35", muted=True),
        row("Arrears left 剩余欠费", "115.00"),
        row("Units 电量 kWh", "163.90", strong=True),
        row("Balance 余额", "¥ 105.20"),
        row("Fewer units than last time", "tier 2 began"),
    )
    code = segno.make("https://example.org/r/000417", error="m").svg_inline(omitsize=True, border=0)
    return Receipt(
        "Lotus Court 莲花公寓",
        "Tax receipt",
        "R-20261122-000417",
        facts,
        lines,
        row("Paid 实收, cash", "¥ 100.00", strong=True),
        "91440300MA5000000X",
        "Prepaid electricity 预付费购电凭证",
        (ReceiptCode("Credit 充值码", "12345678901234567890"),),
        after,
        code,
        "Help 24 h: 0755-0000 0000",
        0,
        True,
    )
