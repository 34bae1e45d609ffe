"""The people, places and meters of the cast of the plant and portal pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from powertill.apps.ledger.models import Debit, Purse
from powertill.apps.metering.models import Gateway, Installation, Meter
from powertill.apps.people.models import Customer, User
from powertill.apps.sites.models import Account, Membership, Node, Occupancy, SupplyPoint
from powertill.apps.supply.models import Supply, SupplyPolicy
from powertill.apps.tariffs.models import Assignment, Tariff, Version
from powertill.core import check_digit
from tests.web.plant_terms import NAMES, NOW, POLICY, ZONE, Cast, terms


def new_user(name: str) -> User:
    """Make someone who signs in without a password, because hashing one takes longer than a test."""
    user = User(username=name)
    user.set_unusable_password()
    user.save()
    return user


def people(cast: Cast) -> None:
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


def tree(cast: Cast) -> None:
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


def tariff(cast: Cast) -> None:
    tariff = Tariff.objects.create(site=cast.site, code="HOME-TOU", name="Homes, ladder and time of use")
    for number, (add, start) in enumerate(
        (("28", datetime(2025, 7, 1, tzinfo=ZONE)), ("30", datetime(2026, 6, 1, tzinfo=ZONE))), 1
    ):
        cast.version = Version.objects.create(
            tariff=tariff,
            number=number,
            terms=terms("HOME-TOU", tariff.name, add),
            state="published",
            from_at=start,
            published_at=start - timedelta(days=10),
        )
    Version.objects.create(
        tariff=tariff, number=3, terms=terms("HOME-TOU", tariff.name, "32"), from_at=datetime(2027, 1, 1, tzinfo=ZONE)
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


def rooms(cast: Cast) -> None:
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
