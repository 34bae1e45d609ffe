"""What energy costs at the demo site and when supply may be cut there: terms as data, all invented."""

from typing import Any, Final

VAT: Final = {"kind": "tax", "name": "VAT", "per_mille": 130, "included": True}

# Lotus Court is let as studios, so the steps are short: a studio that is also heated by electricity climbs them
# within days, and the demo shows each step.
RESIDENTIAL: Final[dict[str, Any]] = {
    "code": "RES-TOU-2026",
    "name": "Residential, steps and hours",
    "currency": "CNY",
    "exponent": 2,
    "zone": "Asia/Shanghai",
    "reference": "Lotus Court price notice 2026-01 (simulated)",
    "export": {"minor_per_kwh": "41.55"},
    "parts": [
        {
            "kind": "ladder_time_of_use",
            "name": "Energy",
            "period": "month",
            "form": "add",
            "blocks": [
                {"name": "step 1", "up_to_kwh": "50", "add": "0"},
                {"name": "step 2", "up_to_kwh": "120", "add": "20"},
                {"name": "step 3", "up_to_kwh": None, "add": "50"},
            ],
            "bands": [
                {"name": "valley", "minor_per_kwh": "58.30", "when": [{"hours": ["23:00-07:00"]}]},
                {"name": "flat", "minor_per_kwh": "98.80",
                 "when": [{"hours": ["07:00-10:00", "12:00-17:00", "21:00-23:00"]}]},
                {"name": "peak", "minor_per_kwh": "138.60", "when": [{"hours": ["10:00-12:00", "17:00-21:00"]}]},
            ],
        },
        VAT,
    ],
}  # fmt: skip

SHOPS: Final[dict[str, Any]] = {
    "code": "SHOP-TOU-2026",
    "name": "Shops, hours and a daily charge",
    "currency": "CNY",
    "exponent": 2,
    "zone": "Asia/Shanghai",
    "reference": "Lotus Court price notice 2026-02 (simulated)",
    "parts": [
        {
            "kind": "time_of_use",
            "name": "Energy",
            "bands": [
                {"name": "valley", "minor_per_kwh": "46.20", "when": [{"hours": ["23:00-07:00"]}]},
                {"name": "flat", "minor_per_kwh": "92.40",
                 "when": [{"hours": ["07:00-10:00", "12:00-17:00", "21:00-23:00"]}]},
                {"name": "peak", "minor_per_kwh": "145.10", "when": [{"hours": ["10:00-12:00", "17:00-21:00"]}]},
            ],
        },
        {"kind": "daily", "name": "Connection", "minor_per_day": "150"},
        VAT,
    ],
}  # fmt: skip

POLICIES: Final[tuple[dict[str, Any], ...]] = (
    {
        "code": "residential",
        "name": "Residential supply",
        "warn_minor": [3000, 1000],
        "protected": ["18:00", "10:00"],
        "weekends": True,
        "holidays": True,
        "notice_hours": 12,
        "last_call_minutes": 30,
        "quiet": ["21:00", "08:00"],
        "reclose": "permit",
    },
    {
        "code": "shops",
        "name": "Supply of shops",
        "warn_minor": [10000, 3000],
        "protected": ["20:00", "09:00"],
        "weekends": True,
        "holidays": True,
        "notice_hours": 12,
        "last_call_minutes": 30,
        "quiet": ["22:00", "08:00"],
        "reclose": "permit",
    },
)
