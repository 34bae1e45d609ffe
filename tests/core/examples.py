"""Tariffs and instants that several tests of the rules use."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from powertill.core.span import Span
from powertill.core.tariff.engine import Use
from powertill.core.tariff.terms import Plan, parse

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONDON = ZoneInfo("Europe/London")
QUARTER = timedelta(minutes=15)

FLAT: dict[str, Any] = {"kind": "flat", "name": "Energy", "minor_per_kwh": "61.27"}
LADDER: dict[str, Any] = {
    "kind": "ladder",
    "name": "Energy",
    "period": "month",
    "blocks": [
        {"name": "lifeline", "up_to_kwh": "30", "minor_per_kwh": "50"},
        {"name": "ordinary", "up_to_kwh": "230", "minor_per_kwh": "61.7"},
        {"name": "high", "up_to_kwh": None, "minor_per_kwh": "92.33"},
    ],
}
BANDS: list[dict[str, Any]] = [
    {"name": "valley", "minor_per_kwh": "30.83", "when": [{"hours": ["22:00-08:00"]}]},
    {"name": "day", "minor_per_kwh": "55.83", "when": [{"hours": ["08:00-18:00"]}]},
    {"name": "peak", "minor_per_kwh": "80.01", "when": [{"hours": ["18:00-22:00"]}]},
]
TIME_OF_USE: dict[str, Any] = {"kind": "time_of_use", "name": "Energy", "bands": BANDS}
# The steps differ by band: only such a tariff shows an engine that loses the order of use.
BOTH: dict[str, Any] = {
    "kind": "ladder_time_of_use",
    "name": "Energy",
    "period": "month",
    "form": "add",
    "blocks": [
        {"name": "one", "up_to_kwh": "30", "add": "0"},
        {"name": "two", "up_to_kwh": "90", "add": {"valley": "0", "day": "5", "peak": "11.5"}},
        {"name": "three", "up_to_kwh": None, "add": {"valley": "3", "day": "30", "peak": "60"}},
    ],
    "bands": BANDS,
}
RENT: dict[str, Any] = {"kind": "daily", "name": "Meter rent", "minor_per_day": "15.5"}
VAT_INSIDE: dict[str, Any] = {"kind": "tax", "name": "VAT", "per_mille": 130, "included": True}
VAT_ADDED: dict[str, Any] = {"kind": "tax", "name": "VAT", "per_mille": 130, "included": False}


def terms(*parts: dict[str, Any], zone: str = "Asia/Shanghai") -> dict[str, Any]:
    """Return terms with these parts."""
    return {"code": "T1", "name": "Test", "currency": "CNY", "zone": zone, "reference": "order 7", "parts": [*parts]}


def plan(*parts: dict[str, Any], zone: str = "Asia/Shanghai") -> Plan:
    """Return a compiled plan with these parts."""
    return parse(terms(*parts, zone=zone))


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """Return the instant of a local time such as "2026-03-01 08:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def use(start: str, end: str, wh: int, zone: ZoneInfo = SHANGHAI) -> Use:
    """Return a use between two local times."""
    return Use(Span(local(start, zone), local(end, zone)), wh)


def quarters(start: datetime, whs: list[int]) -> list[Use]:
    """Return consecutive 15-minute uses."""
    return [Use(Span(start + n * QUARTER, start + (n + 1) * QUARTER), wh) for n, wh in enumerate(whs)]


ZERO = Decimal(0)
