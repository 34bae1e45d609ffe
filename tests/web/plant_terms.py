"""Names, times, terms and the shape of the cast of the plant and portal pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from powertill.apps.metering.models import Meter
from powertill.apps.people.models import User
from powertill.apps.sites.models import Account, Node, Site, SupplyPoint
from powertill.apps.tariffs.models import Version

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 12, 31, 7, tzinfo=ZONE)  # a Monday
HISTORY_DAYS = 16
NAMES = ("周伟", "刘敏", "陈洋", "张勇", "王芳", "黄军", "李娜", "赵磊", "陈静", "Nakato Grace", "吴强", "孙丽")


def terms(code: str, name: str, add: str) -> dict[str, object]:
    return {
        "code": code,
        "name": name,
        "currency": "CNY",
        "exponent": 2,
        "zone": "Asia/Shanghai",
        "reference": "Provincial order 2026/41",
        "parts": [
            {
                "kind": "ladder_time_of_use",
                "name": "Energy",
                "period": "month",
                "form": "add",
                "blocks": [
                    {"name": "First", "up_to_kwh": "230", "add": "0"},
                    {"name": "Second", "up_to_kwh": "400", "add": "5"},
                    {"name": "Third", "up_to_kwh": None, "add": add},
                ],
                "bands": [
                    {
                        "name": "valley",
                        "minor_per_kwh": "30.83",
                        "when": [{"hours": ["22:00-08:00"], "days": ["weekday", "weekend"]}, {"days": ["holiday"]}],
                    },
                    {
                        "name": "flat",
                        "minor_per_kwh": "52.83",
                        "when": [
                            {"hours": ["12:00-18:00"], "days": ["weekday"]},
                            {"hours": ["08:00-22:00"], "days": ["weekend"]},
                        ],
                    },
                    {
                        "name": "peak",
                        "minor_per_kwh": "92.11",
                        "when": [{"hours": ["08:00-12:00", "18:00-22:00"], "days": ["weekday"]}],
                    },
                ],
            },
            {"kind": "daily", "name": "Meter rent", "minor_per_day": "15"},
            {"kind": "tax", "name": "VAT", "per_mille": 130, "included": True},
        ],
    }


POLICY = {
    "code": "home",
    "name": "Homes",
    "warn_minor": [3000, 1000],
    "overdraft_minor": 0,
    "protected": ["18:00", "10:00"],
    "weekends": True,
    "holidays": True,
    "notice_hours": 12,
    "last_call_minutes": 30,
    "reading_age_minutes_max": 90,
    "reconnect_above_minor": 0,
    "reclose": "permit",
    "quiet": ["21:00", "08:00"],
}


@dataclass
class Cast:
    """Who and what there is; `room` by label, `person` by user name."""

    site: Site
    other_site: Site
    room: dict[str, SupplyPoint] = field(default_factory=dict)
    meter: dict[str, Meter] = field(default_factory=dict)
    account: dict[str, Account] = field(default_factory=dict)
    person: dict[str, User] = field(default_factory=dict)
    node: dict[str, Node] = field(default_factory=dict)
    version: Version | None = None
    approval_id: int = 0
    cookies: dict[str, str] = field(default_factory=dict)  # sessions by user name, for the browser
