"""A small cast: one court in Shanghai, two flats, a purse on the account and a purse in the meter."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.flows import Heard, Outcome
from powertill.apps.metering.models import Gateway, Installation, Meter
from powertill.apps.notices import flows as notices
from powertill.apps.notices.models import Contact, Message
from powertill.apps.people.models import Customer, User
from powertill.apps.sales import delivering, quoting
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Delivery, Sale
from powertill.apps.sites.models import Account, Holiday, Membership, Node, Site, SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Supply, SupplyPolicy
from powertill.apps.tariffs import flows as tariffs
from powertill.apps.tariffs.models import Assignment, Tariff
from powertill.core import check_digit
from powertill.core.ports import Contact as Relay
from powertill.core.ports import CreditSeen, Receipt, RelaySeen, Snapshot

START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)  # Monday 2 November, noon in Shanghai
QUARTER = timedelta(minutes=15)
ROLES = ("cashier", "manager", "engineer", "auditor")

BANDS: list[dict[str, Any]] = [
    {"name": "valley", "minor_per_kwh": "30.83", "when": [{"hours": ["22:00-08:00"]}]},
    {"name": "day", "minor_per_kwh": "55.83", "when": [{"hours": ["08:00-18:00"]}]},
    {"name": "peak", "minor_per_kwh": "80.01", "when": [{"hours": ["18:00-22:00"]}]},
]
PLAN: dict[str, Any] = {
    "code": "HOME",
    "name": "Homes by step and hour",
    "currency": "CNY",
    "zone": "Asia/Shanghai",
    "reference": "order 7",
    "parts": [
        # The steps differ by band: only such a tariff shows a flow that loses the order of use.
        {
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
        },
        {"kind": "daily", "name": "Meter rent", "minor_per_day": "15.5"},
        {"kind": "tax", "name": "VAT", "per_mille": 130, "included": True},
    ],
    "export": {"minor_per_kwh": "25.37"},
}
POLICY: dict[str, Any] = {"code": "home", "name": "Homes", "warn_minor": [3000, 1000]}


@dataclass
class Cast:
    """Who and what a test can name. Flat A has its purse on the account, flat B in the meter."""

    site: Site
    policy: SupplyPolicy
    gateway: Gateway
    tariff: Tariff
    points: dict[str, SupplyPoint] = field(default_factory=dict)
    meters: dict[str, Meter] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    ops: int = 0

    def op(self) -> str:
        """Return an operation id that was never used."""
        self.ops += 1
        return f"operation-{self.ops:06d}"

    def open(self, flat: str = "A", *, preset: int = 0, at: datetime = START) -> Account:
        """Open an account for a flat."""
        opened = sales.open_account(
            op_id=self.op(),
            supply_point_id=self.points[flat].pk,
            customer_id=self.customers[flat].pk,
            policy_id=self.policy.pk,
            preset_minor=preset,
            actor=self.users["cashier"],
            now=at,
        )
        return Account.objects.get(pk=opened["account"])

    def sell(self, account: Account, amount: int, *, at: datetime = START, op: str = "") -> Sale:
        """Quote and sell, as the counter does."""
        quoted = quoting.make(account=account, amount_minor=amount, now=at)
        result, _replayed = sales.sell(
            op_id=op or self.op(),
            account_id=account.pk,
            amount_minor=amount,
            given_minor=amount,
            tender="cash",
            quote=quoted.text,
            cashier=self.users["cashier"],
            now=at,
        )
        return Sale.objects.get(pk=result["sale"])

    def read(
        self, flat: str, wh: int, *, at: datetime, credit: CreditSeen | None = None, export: int = 0, power: int = 500
    ) -> Outcome:
        """Let the flat's meter say what it counted."""
        heard = Heard(Snapshot(clock_at=at, import_wh=wh, export_wh=export, power_w=power), credit, at)
        return supply.take_reading(meter_id=self.meters[flat].pk, heard=heard, now=at, next_poll_at=at + QUARTER)

    def bring(self, *, at: datetime, purse: int = 0, count: int = 0, last: int | None = None) -> Delivery:
        """Bring the one delivery that is due to a meter whose purse shows `purse` at `count` before."""
        (step,) = delivering.steps(gateway_id=self.gateway.pk, now=at)
        before = seen(purse, count)
        order = delivering.fix_order(step=step, seen=before, now=at)
        after = seen(purse + order.amount_minor, order.count or count, last or order.amount_minor)
        delivering.looked(step=step, after=after, now=at)
        return Delivery.objects.get(pk=step.delivery_id)

    def supply(self, flat: str) -> Supply:
        """Return the flat's supply as it is now."""
        return Supply.objects.get(supply_point=self.points[flat])

    def look(self, flat: str, contact: str, commanded: str = "", *, at: datetime, keep: bool = False) -> Supply:
        """Let the head-end read the flat's switch."""
        told = Relay(commanded or contact)
        permitted = contact == "open" and told is Relay.CLOSED
        relay = RelaySeen(Relay(contact), told, keep_power=keep, permitted=permitted, raw="0000")
        from powertill.apps.supply import switching

        switching.seen(supply_id=self.supply(flat).pk, relay=relay, now=at)
        return self.supply(flat)

    def command(self, flat: str, *, at: datetime) -> str | None:
        """Let the head-end take the flat's switch and ask what to do."""
        from powertill.apps.supply import switching

        supply.review_due(now=at)
        Supply.objects.filter(supply_point=self.points[flat]).update(lease_until=None)
        found = switching.tasks(gateway_id=self.gateway.pk, now=at)
        task = next((task for task in found if task.supply_id == self.supply(flat).pk), None)
        return switching.next_command(supply_id=task.supply_id, epoch=task.epoch, now=at) if task else None

    def balance(self, account: Account, place: str = "account") -> int:
        """Return the balance of one purse."""
        return ledger.balance_minor(account_id=account.pk, place=place)


def seen(purse: int, count: int, last: int | None = None, *, owes: int = 0, customer: str | None = None) -> CreditSeen:
    """Return what a meter shows of its purse."""
    return CreditSeen(purse, owes, count, last_amount_minor=last, customer_number=customer)


def deliver_messages(*, at: datetime, delivered: bool = True) -> list[str]:
    """Hand every due message to a channel that proves delivery; return their topics in order."""
    sent: list[str] = []

    def send(message: Message) -> Receipt:
        sent.append(message.topic)
        return Receipt(accepted=True, proof=f"proof-{message.pk}", delivered=delivered)

    notices.dispatch(now=at, send=send)
    return sent


def build() -> Cast:
    """Make the court, its people, its tariff and its policy; nobody has an account yet."""
    site = Site.objects.create(
        code="court",
        name="Lotus Court",
        zone="Asia/Shanghai",
        currency="CNY",
        simulated=True,
        holidays_known_to=date(2027, 12, 31),
    )
    Holiday.objects.create(site=site, date=date(2026, 11, 5), name="Founding Day")
    top = Node.objects.create(site=site, kind="transformer", code="T1", name="Transformer", capacity_w=100_000)
    node = Node.objects.create(site=site, parent=top, kind="feeder", code="F1", name="Block 1", capacity_w=50_000)
    policy = SupplyPolicy.objects.create(site=site, code="home", name="Homes", terms=POLICY)
    gateway = Gateway.objects.create(site=site, code="G1", host="127.0.0.1", port=9)
    version = tariffs.draft(site=site, plan_terms=PLAN, from_at=START - timedelta(days=100))
    tariffs.publish(version_id=version.pk, actor=None, now=START - timedelta(days=100))
    cast = Cast(site, policy, gateway, version.tariff)
    for flat, place in (("A", "account"), ("B", "meter")):
        add_flat(cast, flat, place=place, node=node)
    for role in ROLES:
        cast.users[role] = User.objects.create(username=role)
        Membership.objects.create(user=cast.users[role], site=site, role=role)
    return cast


def add_flat(cast: Cast, flat: str, *, place: str, node: Node) -> None:
    """Add a supply point with its meter, its tariff and a customer who can be told things."""
    number = len(cast.points) + 1
    point = SupplyPoint.objects.create(site=cast.site, node=node, label=flat, place=place, power_limit_w=8_000)
    meter = Meter.objects.create(
        number=check_digit.append(f"02604200{number:03d}"), site=cast.site, gateway=cast.gateway, driver="dlt645"
    )
    Installation.objects.create(meter=meter, supply_point=point, from_at=START - timedelta(days=60))
    Assignment.objects.create(supply_point=point, tariff=cast.tariff, from_at=START - timedelta(days=60))
    customer = Customer.objects.create(number=f"{800_000_000_000 + number}", name=f"Customer {flat}")
    Contact.objects.create(customer=customer, channel="file", address=f"{flat}@example.org")
    cast.points[flat], cast.meters[flat], cast.customers[flat] = point, meter, customer
