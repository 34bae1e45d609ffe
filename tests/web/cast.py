"""A small town for page tests, made with the real flows: Lotus Court on a Sunday at noon, always the same."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from powertill.apps.metering.flows import Heard
from powertill.apps.metering.models import Gateway, Installation, Meter
from powertill.apps.notices.models import Contact
from powertill.apps.people.models import Customer, User
from powertill.apps.sales import delivering, quoting
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Sale
from powertill.apps.sites.models import Account, Holiday, Membership, Node, Site, SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Supply, SupplyPolicy
from powertill.apps.tariffs import flows as tariffs
from powertill.apps.tariffs.models import Assignment
from powertill.core import check_digit
from powertill.core.ports import Contact as Relay
from powertill.core.ports import CreditSeen, Snapshot

NOON = datetime(2026, 11, 22, 4, 31, tzinfo=UTC)  # 12:31 in Shanghai
DAYS = 5
HOURS = (*range(0, 72, 8), *range(72, DAYS * 24 + 1, 3))  # after the start, when meters were read

PLAN: dict[str, Any] = {
    "code": "RES-TOU-2026",
    "name": "Homes, by time and block",
    "currency": "CNY",
    "exponent": 2,
    "zone": "Asia/Shanghai",
    "reference": "Order 2026-18",
    "parts": [
        {
            "kind": "ladder_time_of_use",
            "name": "Energy",
            "period": "month",
            "form": "add",
            "reference": "Order 2026-18",
            "blocks": [
                {"name": "Block 1", "up_to_kwh": "180", "add": "0"},
                {"name": "Block 2", "up_to_kwh": "350", "add": "5"},
                {"name": "Block 3", "up_to_kwh": None, "add": "30"},
            ],
            "bands": [
                {"name": "peak", "minor_per_kwh": "56.83", "when": [{"days": ["all"], "hours": ["08:00-22:00"]}]},
                {"name": "valley", "minor_per_kwh": "35.83", "when": [{"days": ["all"], "hours": ["22:00-08:00"]}]},
            ],
        },
        {"kind": "tax", "name": "VAT", "per_mille": 130, "included": True},
    ],
}
POLICY = {"code": "home", "name": "Homes", "warn_minor": [3000, 1000]}

# room, name, phone, language, place of the purse, paid at the start, Wh of an ordinary hour
PEOPLE: tuple[tuple[str, str, str, str, str, int, int], ...] = (
    ("2-0601", "吴勇", "13800000601", "zh-hans", "account", 15_000, 300),
    ("2-0602", "陈娜", "13800000602", "zh-hans", "account", 3_500, 240),
    ("2-0603", "Otieno J.", "13800000603", "en", "meter", 12_000, 350),
    ("2-0604", "李伟", "13800000604", "zh-hans", "meter", 5_000, 150),
    ("2-0605", "Noodle shop", "13800000605", "en", "account", 2_600, 700),
    ("2-0608", "王芳", "13800000608", "zh-hans", "account", 9_000, 400),
)


@dataclass
class Cast:
    """Who and what a test can name."""

    site: Site
    policy: SupplyPolicy
    gateway: Gateway
    accounts: dict[str, Account] = field(default_factory=dict)  # by room
    meters: dict[str, Meter] = field(default_factory=dict)  # by room
    users: dict[str, User] = field(default_factory=dict)  # by role
    credit: dict[str, tuple[int, int]] = field(default_factory=dict)  # purse and purchase count of meters, by room


def build(*, history: bool = False) -> Cast:
    """Make the site, its people and their first sales; with `history` five days of readings too."""
    site = _site("lotus", "Lotus Court 莲花公寓")
    panels = _tree(site)
    policy = SupplyPolicy.objects.create(site=site, code="home", name="Homes", terms=POLICY)
    gateway = Gateway.objects.create(site=site, code="G1", host="127.0.0.1", port=9, connected=True, seen_at=NOON)
    cast = Cast(site, policy, gateway)
    version = tariffs.draft(site=site, plan_terms=PLAN, from_at=NOON - timedelta(days=300))
    tariffs.publish(version_id=version.pk, actor=None, now=NOON - timedelta(days=300))
    cast.users = {role: _user(role, site) for role in ("cashier", "manager", "engineer", "auditor")}
    for number, person in enumerate(PEOPLE, start=1):
        _move_in(cast, number, *person, node=panels[number % len(panels)], tariff=version.tariff)
    _room(cast, "2-0609", place="account", node=panels[0], tariff=version.tariff, number=9)
    for hour in HOURS if history else (0, DAYS * 24):
        for room in cast.accounts:
            _read(cast, room, hour)
    return cast


def _site(code: str, name: str) -> Site:
    site = Site.objects.create(
        code=code,
        name=name,
        zone="Asia/Shanghai",
        currency="CNY",
        simulated=True,
        help_line="400-000-0000",
        tax_number="91310000SIMULATED",
        holidays_known_to=date(2027, 12, 31),
    )
    Holiday.objects.create(site=site, date=date(2026, 10, 1), name="National Day")
    return site


def _tree(site: Site) -> list[Node]:
    top = Node.objects.create(site=site, kind="transformer", code="T1", name="Transformer", capacity_w=20_000)
    made = []
    for code, name in (("F1", "Block 1"), ("F2", "Block 2"), ("F3", "Shops")):
        made.append(Node.objects.create(site=site, parent=top, kind="feeder", code=code, name=name, capacity_w=1_600))
    return made


def _user(role: str, site: Site) -> User:
    user = User.objects.create(username=role, first_name=role.title(), last_name="Li")
    Membership.objects.create(user=user, site=site, role=role)
    return user


def stranger(role: str = "manager") -> User:
    """Make a manager of another site."""
    other = Site.objects.create(code="other", name="Other Court", zone="Africa/Nairobi", currency="KES")
    user = User.objects.create(username="stranger")
    Membership.objects.create(user=user, site=other, role=role)
    return user


def _room(cast: Cast, room: str, *, place: str, node: Node, tariff: Any, number: int) -> SupplyPoint:
    start = NOON - timedelta(days=60)
    point = SupplyPoint.objects.create(site=cast.site, node=node, label=room, place=place, power_limit_w=8_000)
    meter = Meter.objects.create(
        number=check_digit.append(f"02604200{number:03d}"),
        site=cast.site,
        gateway=cast.gateway,
        driver="dlt645",
        seen_at=NOON - timedelta(minutes=6),
    )
    Installation.objects.create(meter=meter, supply_point=point, from_at=start)
    Assignment.objects.create(supply_point=point, tariff=tariff, from_at=start)
    cast.meters[room] = meter
    return point


def _move_in(
    cast: Cast,
    number: int,
    room: str,
    name: str,
    phone: str,
    language: str,
    place: str,
    paid_minor: int,
    hour_wh: int,
    *,
    node: Node,
    tariff: Any,
) -> None:
    point = _room(cast, room, place=place, node=node, tariff=tariff, number=number)
    customer = Customer.objects.create(number=f"{800_000_000_000 + number}", name=name, phone=phone, language=language)
    Contact.objects.create(customer=customer, channel="file", address=f"{room}@lotus.example")
    start = NOON - timedelta(days=DAYS)
    opened = sales.open_account(
        op_id=f"cast-open-{room}",
        supply_point_id=point.pk,
        customer_id=customer.pk,
        policy_id=cast.policy.pk,
        preset_minor=1000 if place == "account" else 0,
        actor=None,
        now=start,
    )
    cast.accounts[room] = Account.objects.get(pk=opened["account"])
    Supply.objects.filter(supply_point=point).update(
        seen_relay="closed", seen_commanded="closed", seen_at=NOON - timedelta(minutes=6), order="agreed"
    )
    sell(cast, room, paid_minor, at=start)
    if place == "meter":
        deliver(cast, room, at=start)


def _read(cast: Cast, room: str, hour: int) -> None:
    at = NOON - timedelta(days=DAYS) + timedelta(hours=hour) - timedelta(minutes=6)
    wh = next(person[6] for person in PEOPLE if person[0] == room)
    busy = (at + timedelta(hours=8)).hour in range(17, 22)
    power_w = wh * (2 if busy else 1)
    used = sum(
        wh * (2 if (at - timedelta(hours=back) + timedelta(hours=8)).hour in range(17, 22) else 1)
        for back in range(hour)
    )
    heard = Heard(
        snapshot=Snapshot(clock_at=at, import_wh=100_000 + used, power_w=power_w),
        credit=_spend(cast, room, hour),
        taken_at=at,
    )
    supply.take_reading(
        meter_id=cast.meters[room].pk, heard=heard, now=at + timedelta(seconds=4), next_poll_at=at + timedelta(hours=1)
    )


def _spend(cast: Cast, room: str, hour: int) -> CreditSeen | None:
    if not in_meter(cast, room):
        return None
    minor, count = cast.credit.get(room, (0, 0))
    cast.credit[room] = (minor - (150 if hour else 0) if minor > 150 else minor, count)
    return _purse(cast, room)


def _purse(cast: Cast, room: str) -> CreditSeen:
    """Return what the meter's purse shows: filled by deliveries, emptied by a steady price."""
    minor, count = cast.credit.get(room, (0, 0))
    return CreditSeen(remaining_minor=minor, overdraft_minor=0, purchase_count=count)


def in_meter(cast: Cast, room: str) -> bool:
    """Tell whether a room's purse is in its meter."""
    return any(person[0] == room and person[4] == "meter" for person in PEOPLE)


def sell(
    cast: Cast, room: str, amount_minor: int, *, at: datetime = NOON, tender: str = "cash", given: int = 0
) -> Sale:
    """Sell to a room at that moment, as a page would."""
    account = cast.accounts[room]
    quoted = quoting.make(account=account, amount_minor=amount_minor, now=at)
    result, _ = sales.sell(
        op_id=f"cast-sale-{room}-{amount_minor}-{at:%d%H%M}",
        account_id=account.pk,
        amount_minor=amount_minor,
        given_minor=given or amount_minor,
        tender=tender,
        quote=quoted.text,
        cashier=cast.users["cashier"],
        now=at,
    )
    return Sale.objects.get(pk=result["sale"])


def deliver(cast: Cast, room: str, *, at: datetime) -> None:
    """Bring due credit to a room's meter as a head-end would, with the meter's own proof."""
    for step in delivering.steps(gateway_id=cast.gateway.pk, now=at):
        if step.meter.pk != cast.meters[room].pk:
            continue
        before = _purse(cast, room)
        delivering.fix_order(step=step, seen=before, now=at)
        cast.credit[room] = (before.remaining_minor + step.amount_minor, before.purchase_count + 1)
        filled = _purse(cast, room)
        after = replace(filled, last_amount_minor=step.amount_minor, last_before_minor=before.remaining_minor)
        delivering.looked(step=step, after=replace(after, last_after_minor=filled.remaining_minor), now=at)


def cut(cast: Cast, room: str) -> None:
    """Show a room as off for want of credit."""
    row = Supply.objects.get(supply_point__label=room)
    row.wanted_relay, row.seen_relay, row.seen_commanded = Relay.OPEN.value, Relay.OPEN.value, Relay.OPEN.value
    row.code, row.params = "supply.credit_used_up", {}
    row.save()
