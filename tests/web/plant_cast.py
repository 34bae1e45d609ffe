"""A small site for the tests of plant and portal pages: a tree, rooms, meters with history, money, a tariff, people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.test import Client

from powertill.apps.audit import flows as audit
from powertill.apps.audit.models import Operation
from powertill.apps.ledger.models import Debit, Purse
from powertill.apps.metering.models import Charge, Gateway, Installation, Meter, RatingState, Reading
from powertill.apps.metering.state import dump, explain
from powertill.apps.notices.models import Contact
from powertill.apps.people.models import Customer, User
from powertill.apps.sales.models import Delivery, DeliveryEvent, Sale
from powertill.apps.sites.models import Account, Holiday, Membership, Node, Occupancy, Site, SupplyPoint
from powertill.apps.supply import incidents
from powertill.apps.supply.models import RelayOrder, RelayResult, Supply, SupplyPolicy
from powertill.apps.tariffs import queries as tariffs
from powertill.apps.tariffs.models import Assignment, Tariff, Version
from powertill.config import config
from powertill.core import check_digit
from powertill.core.span import Span
from powertill.core.tariff import engine

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 12, 31, 7, tzinfo=ZONE)  # a Monday
HISTORY_DAYS = 16
NAMES = ("周伟", "刘敏", "陈洋", "张勇", "王芳", "黄军", "李娜", "赵磊", "陈静", "Nakato Grace", "吴强", "孙丽")


def _terms(code: str, name: str, add: str) -> dict[str, object]:
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


def build() -> Cast:
    """Write the cast into the database."""
    site = Site.objects.create(
        code="lotus",
        name="Lotus Court",
        zone="Asia/Shanghai",
        currency="CNY",
        simulated=True,
        help_line="400 800 1234",
        tax_number="91320000MA1",
        holidays_known_to=date(2027, 12, 31),
    )
    Holiday.objects.create(site=site, date=date(2026, 10, 1), name="National Day")
    other = Site.objects.create(code="mill", name="Old Mill", zone="Africa/Kampala", currency="UGX", exponent=0)
    cast = Cast(site, other)
    _people(cast)
    _tree(cast)
    _tariff(cast)
    _rooms(cast)
    _history(cast, "2-0608")
    _sales(cast, "2-0608")
    _relay(cast, "1-0104")
    _acts(cast)
    return cast


def new_user(name: str) -> User:
    """Make someone who signs in without a password, because hashing one takes longer than a test."""
    user = User(username=name)
    user.set_unusable_password()
    user.save()
    return user


def _people(cast: Cast) -> None:
    for name, role in (
        ("mona", "manager"),
        ("mark", "manager"),
        ("cai", "cashier"),
        ("eng", "engineer"),
        ("aud", "auditor"),
    ):
        user = new_user(name)
        Membership.objects.create(user=user, site=cast.site, role=role)
        cast.person[name] = user
    cast.person["stranger"] = new_user("stranger")


def _tree(cast: Cast) -> None:
    def node(code: str, name: str, kind: str, kw: int, parent: str | None) -> None:
        above = cast.node[parent] if parent else None
        cast.node[code] = Node.objects.create(
            site=cast.site, code=code, name=name, kind=kind, capacity_w=kw * 1000, parent=above
        )

    node("TX1", "Main", "transformer", 400, None)
    for feeder, name, panels in (("F1", "Block 1", 3), ("F2", "Block 2", 2), ("F3", "Shops", 1)):
        node(feeder, name, "feeder", 160 if feeder != "F3" else 60, "TX1")
        for n in range(1, panels + 1):
            node(f"{feeder}-{n:02}", f"Floor {n}", "panel", 32, feeder)


def _tariff(cast: Cast) -> None:
    tariff = Tariff.objects.create(site=cast.site, code="HOME-TOU", name="Homes, ladder and time of use")
    for number, (add, start) in enumerate(
        (("28", datetime(2025, 7, 1, tzinfo=ZONE)), ("30", datetime(2026, 6, 1, tzinfo=ZONE))), 1
    ):
        cast.version = Version.objects.create(
            tariff=tariff,
            number=number,
            terms=_terms("HOME-TOU", tariff.name, add),
            state="published",
            from_at=start,
            published_at=start - timedelta(days=10),
        )
    Version.objects.create(
        tariff=tariff, number=3, terms=_terms("HOME-TOU", tariff.name, "32"), from_at=datetime(2027, 1, 1, tzinfo=ZONE)
    )
    flat = {
        "code": "SHOP",
        "name": "Shops, one price",
        "currency": "CNY",
        "zone": "Asia/Shanghai",
        "parts": [{"kind": "flat", "name": "Energy", "minor_per_kwh": "88.5"}],
    }
    shop = Tariff.objects.create(site=cast.site, code="SHOP", name="Shops, one price")
    Version.objects.create(
        tariff=shop,
        number=1,
        terms=flat,
        state="published",
        from_at=datetime(2026, 1, 1, tzinfo=ZONE),
        published_at=datetime(2025, 12, 20, tzinfo=ZONE),
    )


def _rooms(cast: Cast) -> None:
    policy = SupplyPolicy.objects.create(site=cast.site, code="home", name="Homes", terms=POLICY)
    gateway = Gateway.objects.create(
        site=cast.site, code="GW1", host="127.0.0.1", port=9001, connected=True, seen_at=NOW
    )
    rooms = [
        (f"{b}-{f:02}{n:02}", f"F{b}-{f:02}") for b, f in ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2)) for n in range(1, 6)
    ]
    rooms += [("2-0608", "F2-02"), ("S-01", "F3-01"), ("S-02", "F3-01")]
    for index, (label, node) in enumerate(rooms):
        _room(cast, index, label, node, policy=policy, gateway=gateway)
    Occupancy.objects.filter(account=cast.account["S-02"]).delete()  # nobody lives there


def _room(cast: Cast, index: int, label: str, node: str, *, policy: SupplyPolicy, gateway: Gateway) -> None:
    start = NOW - timedelta(days=60)
    room = SupplyPoint.objects.create(
        site=cast.site,
        node=cast.node[node],
        label=label,
        place="meter" if index % 5 == 3 and label != "1-0104" else "account",
        power_limit_w=6000,
        protected=label == "1-0105",
        protected_reason="oxygen concentrator" if label == "1-0105" else "",
    )
    customer = Customer.objects.create(
        number=f"{index + 1:012d}", name=NAMES[index % len(NAMES)], phone=f"1380000{index:04d}"
    )
    account = Account.objects.create(
        number=check_digit.append(f"{index + 1:07d}"), site=cast.site, customer=customer, opened_at=start
    )
    Occupancy.objects.create(supply_point=room, account=account, from_at=start)
    shop = label.startswith("S")
    Assignment.objects.create(
        supply_point=room, tariff=Tariff.objects.get(code="SHOP" if shop else "HOME-TOU"), from_at=start
    )
    meter = _meter(cast, index, label, gateway=gateway, room=room, start=start)
    balance = 1520 if label == "2-0608" else -120 if label == "1-0104" else 1273 + 1737 * (index % 11)
    for place in ("account", "meter"):
        credit = balance if place == room.place else 0
        Purse.objects.create(account=account, place=place, credits_minor=credit + 5000 if credit else 0)
        if credit:
            Debit.objects.create(account=account, place=place, at=NOW, debits_minor=5000, used_wh=90_000)
    closed = label != "1-0104"
    Supply.objects.create(
        supply_point=room,
        policy=policy,
        wanted_relay="closed" if closed else "open",
        code="supply.credit_good" if closed else "supply.off_until_paid",
        seen_relay="" if label == "S-02" else "closed" if closed else "open",
        seen_commanded="closed",
        seen_keep_power=False,
        seen_at=None if label == "S-02" else NOW - timedelta(minutes=4),
        reviewed_at=NOW,
        next_at=NOW,
        order="ordered" if label == "S-02" else "agreed",
    )
    cast.room[label], cast.account[label], cast.meter[label] = room, account, meter


def _meter(cast: Cast, index: int, label: str, *, gateway: Gateway, room: SupplyPoint, start: datetime) -> Meter:
    never, lost = label == "S-02", label == "2-0102"
    taken = NOW - timedelta(hours=9) if lost else NOW - timedelta(minutes=4)
    watts = 180 + 433 * (index % 9)
    live = {
        "taken_at": taken.isoformat(),
        "clock_at": taken.isoformat(),
        "import_wh": 2_421_000 + index * 84_310,
        "export_wh": 0,
        "import_band_wh": [800_000, 900_000, 721_000],
        "voltage_mv": [230_400 - index * 100],
        "current_ma": [watts * 1000 // 230],
        "power_w": watts,
        "power_phase_w": [watts],
        "trip_count": 2,
        "cover_open_count": 0,
        "power_down_count": 5,
    }
    if room.place == "meter":
        live["credit"] = {"remaining_minor": 1273 + 1737 * (index % 11), "overdraft_minor": 0, "purchase_count": 0}
    meter = Meter.objects.create(
        number=check_digit.append(f"01420000{index:03d}"),
        site=cast.site,
        gateway=gateway,
        driver="dlt645",
        settings={},
        power_w_max=8000,
        seen_at=None if never else taken,
        live={} if never else live,
        accepted_at=None if never else taken,
        accepted_import_wh=None if never else live["import_wh"],
        failures=12 if lost else 0,
        last_fault="no answer in 2000 ms" if lost else "",
    )
    Installation.objects.create(meter=meter, supply_point=room, from_at=start)
    return meter


def _watts(at: datetime) -> int:
    hour = at.astimezone(ZONE).hour
    shape = (
        90,
        80,
        70,
        70,
        75,
        110,
        420,
        760,
        610,
        320,
        300,
        370,
        500,
        280,
        240,
        250,
        310,
        460,
        820,
        900,
        760,
        540,
        300,
        150,
    )
    return shape[hour] * (9 + at.astimezone(ZONE).day % 4) // 10


def _history(cast: Cast, label: str) -> None:
    """Readings each half hour and the charges between them, through the real engine."""
    room, meter, account, version = cast.room[label], cast.meter[label], cast.account[label], cast.version
    assert version is not None
    plan, state = tariffs.plan(version), engine.State()
    at = (NOW - timedelta(days=HISTORY_DAYS)).replace(minute=0, second=0)
    register, readings, charges = 2_000_000, [], []
    while at <= NOW:
        watts = _watts(at)
        readings.append(
            Reading(
                meter=meter,
                taken_at=at,
                received_at=at,
                import_wh=register,
                power_w=watts,
                verdict="accept",
                reason=f"{watts // 2} Wh were used since the reading before.",
            )
        )
        span = Span(at, at + timedelta(minutes=30))
        if span.end <= NOW:
            made = engine.charge(plan, state, engine.Use(span, watts // 2))
            state = made.state
            charges.append(
                Charge(
                    supply_point=room,
                    account=account,
                    meter=meter,
                    version=version,
                    from_at=at,
                    to_at=span.end,
                    wh=made.wh,
                    minor=made.minor,
                    rated_minor=made.minor,
                    tax_minor=made.tax_minor,
                    lines=explain(made.lines),
                )
            )
        register += watts // 2
        at += timedelta(minutes=30)
    readings[-6].verdict, readings[-6].reason = (
        "jump",
        "90000 Wh is more than this connection can deliver in the time; a person must look.",
    )
    Reading.objects.bulk_create(readings)
    Charge.objects.bulk_create(charges)
    RatingState.objects.create(supply_point=room, state=dump(state))
    user = new_user("grace")
    account.customer.user = user
    account.customer.save(update_fields=["user"])
    cast.person["grace"] = user
    Contact.objects.create(customer=account.customer, channel="sms", address="13800000025")
    Contact.objects.create(customer=account.customer, channel="email", address="grace@example.org", rank=2)


def _sales(cast: Cast, label: str) -> None:
    room, account, meter = cast.room[label], cast.account[label], cast.meter[label]
    for days, amount in ((9, 5000), (4, 2000)):
        at = NOW - timedelta(days=days)
        operation = Operation.objects.create(
            op_id=f"cast-sale-{days}", kind="sale", body_hash="0" * 64, result={}, at=at
        )
        parts = [
            {
                "kind": "debt",
                "code": "debt",
                "name": "Arrears",
                "minor": 300,
                "wh": 0,
                "minor_per_kwh": None,
                "block": "",
                "band": "",
            },
            {
                "kind": "energy",
                "code": "",
                "name": "Energy",
                "minor": amount - 300,
                "wh": (amount - 300) * 1000 // 53,
                "minor_per_kwh": "52.83",
                "block": "First",
                "band": "flat",
            },
        ]
        sale = Sale.objects.create(
            operation=operation,
            account=account,
            supply_point=room,
            version=cast.version,
            amount_minor=amount,
            credit_minor=amount - 300,
            given_minor=amount,
            tender="cash",
            channel="cash:counter",
            parts=parts,
            wh_estimate=(amount - 300) * 1000 // 53,
            tax_minor=(amount - 300) * 130 // 1130,
            cashier=cast.person["cai"],
            sold_at=at,
        )
        delivery = Delivery.objects.create(
            account=account,
            meter=meter,
            sale=sale,
            kind="recharge",
            amount_minor=amount - 300,
            state="on_meter",
            count=3 + days,
            before={"purchase_count": 2},
            made_at=at,
            proven_at=at + timedelta(seconds=40),
            next_at=at,
        )
        for event, state in (("send", "sent"), ("lose", "unknown"), ("moved_as_ordered", "on_meter")):
            DeliveryEvent.objects.create(delivery=delivery, at=at, event=event, state=state, detail={"count": 3 + days})


def _relay(cast: Cast, label: str) -> None:
    supply = Supply.objects.get(supply_point=cast.room[label])
    order = RelayOrder.objects.create(
        supply=supply,
        meter=cast.meter[label],
        command="trip",
        code="supply.credit_used_up",
        sent_at=NOW - timedelta(hours=1),
        evidence={
            "available_minor": -120,
            "reading_at": NOW.isoformat(),
            "notices": [["low_2", NOW.isoformat()]],
            "mode": "normal",
        },
    )
    RelayResult.objects.create(order=order, at=order.sent_at, outcome="accepted")
    RelayResult.objects.create(
        order=order, at=order.sent_at + timedelta(seconds=20), outcome="open", detail="read back 0050"
    )


def _acts(cast: Cast) -> None:
    incidents.open_incident(
        meter=cast.meter["2-0608"],
        kind="reading.jump",
        subject=cast.meter["2-0608"].number,
        params={"wh": 90_000},
        now=NOW,
    )
    mona = cast.person["mona"]
    audit.log(
        act="tariff.published",
        subject="HOME-TOU v2",
        actor=mona,
        now=NOW - timedelta(days=100),
        op_id="op-tariff-2",
        site=cast.site,
    )
    audit.log(
        act="supply.cut",
        subject="1-0104",
        actor=mona,
        now=NOW - timedelta(hours=1),
        reason="meter room is flooded",
        facts={"relay": "open"},
        site=cast.site,
    )
    row = audit.request_approval(
        kind="supply.unprotect",
        subject="1-0105",
        payload={"supply_point": cast.room["1-0105"].pk},
        reason="the patient has moved out",
        maker=mona,
        now=NOW - timedelta(hours=2),
        site=cast.site,
    )
    cast.approval_id = row.pk


@contextmanager
def frozen_clock(home: Path, at: datetime = NOW) -> Iterator[None]:
    """Let every Clock stand still at `at`, as a simulated time that says so on the screen."""
    path = home / "clock.json"
    anchors = {"real_anchor": at.isoformat(), "simulated_anchor": at.isoformat(), "speed": 0}
    path.write_text(json.dumps(anchors), "utf-8")
    try:
        yield
    finally:
        path.unlink()


@pytest.fixture(scope="module", name="stage")
def stage_fixture(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The cast, built once for the tests of a module and rolled back after the last of them."""
    with django_db_blocker.unblock(), transaction.atomic(), frozen_clock(config().home):
        yield build()
        transaction.set_rollback(True)


@pytest.fixture(name="cast")
def cast_fixture(stage: Cast, db: None) -> Cast:
    """The cast for one test: whatever the test does to it is undone."""
    return deepcopy(stage)


def signed_in(cast: Cast, name: str) -> Client:
    """Return a browser in which this person has signed in."""
    client = Client()
    client.force_login(cast.person[name])
    return client
