"""The day before: the site went prepaid, and every customer opened an account and paid.

Nothing here writes balances. Accounts are opened, debts taken on and purchases sold by the flows of the
counter, at moments of that Sunday; where the purse is in the meter, the credit is brought there by the
flows of the head-end and the real driver, which talks to the simulated meter in this process instead of
over a socket. So the books, the deliveries and the meters' memories agree because each step was proven.

One shortcut is taken: until the demo begins the meters measure an empty house, so that what was paid is
what is left.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from powertill import drivers
from powertill.apps.ledger import flows as ledger
from powertill.apps.people.models import Customer, User
from powertill.apps.sales import delivering, quoting
from powertill.apps.sales import flows as sales
from powertill.apps.sites.models import Account
from powertill.core import ledger as books
from powertill.core.ports import MeterConfig
from powertill.simulators.meter import Memory, SimulatedMeter, converse
from powertill.simulators.town import meters
from powertill.simulators.town.hashing import draw
from powertill.simulators.town.site import SEED, ZONE, Unit

from .places import Spot

BEFORE_START = timedelta(hours=21)  # the counter opened at 09:00 on the day before
EACH = timedelta(minutes=7)
TENDERS = ("cash", "cash", "qr", "qr", "card")


def open_all(
    spots: dict[str, Spot], customers: dict[str, Customer], *, cashier: User, home: Path, starts_at: datetime
) -> None:
    """Open the accounts of everybody who has moved in, in the order of the day."""
    for spot, at in _queue(spots, starts_at=starts_at):
        account = _account(spot, customers[spot.unit.label], cashier=cashier, now=at)
        _sell(spot.unit, account, cashier=cashier, now=at + timedelta(minutes=2))
        if spot.unit.place == "meter":
            _bring(spot, home=home, now=at + timedelta(minutes=3), starts_at=starts_at)


def _queue(spots: dict[str, Spot], *, starts_at: datetime) -> Iterator[tuple[Spot, datetime]]:
    at = starts_at - BEFORE_START
    for spot in spots.values():
        if spot.unit.purchase_minor:
            yield spot, at
            at += EACH


def _account(spot: Spot, customer: Customer, *, cashier: User, now: datetime) -> Account:
    opened = sales.open_account(
        op_id=f"seed-open-{spot.unit.label}",
        supply_point_id=spot.supply_point.pk,
        customer_id=customer.pk,
        policy_id=spot.supply.policy_id,
        preset_minor=0,
        actor=cashier,
        now=now,
    )
    if spot.unit.debt_minor:
        debt = books.debt_charged(
            key=f"takeover:{opened['account']}", at=now, account=opened["account"], amount_minor=spot.unit.debt_minor
        )
        ledger.post(debt, now=now)
    return Account.objects.get(pk=opened["account"])


def _sell(unit: Unit, account: Account, *, cashier: User, now: datetime) -> None:
    quoted = quoting.make(account=account, amount_minor=unit.purchase_minor, now=now)
    sales.sell(
        op_id=f"seed-sale-{unit.label}",
        account_id=account.pk,
        amount_minor=unit.purchase_minor,
        given_minor=unit.purchase_minor,
        tender=TENDERS[draw(SEED, "tender", unit.label) % len(TENDERS)],
        quote=quoted.text,
        cashier=cashier,
        now=now,
    )


def _bring(spot: Spot, *, home: Path, now: datetime, starts_at: datetime) -> None:
    """Bring the due credit to the unit's simulated meter, as a head-end does, and have its button pressed."""
    memory = Memory(meters.memory_path(home, spot.unit), durable=False)
    meter = meters.build(spot.unit, memory, load=lambda _at: (0,) * spot.unit.phases)
    meter.advance(now)
    _deliver(spot, meter, now=now)
    meter.press_button(now)
    meter.advance(starts_at)


def _deliver(spot: Spot, meter: SimulatedMeter, *, now: datetime) -> None:
    driver = drivers.meter_driver(spot.meter.driver)
    config = MeterConfig(spot.meter.number, spot.meter.phases, ZONE, spot.meter.settings)
    [step] = delivering.steps(gateway_id=spot.meter.gateway_id, now=now)
    before = converse(driver.read_credit(config), meter, now)
    order = delivering.fix_order(step=step, seen=before, now=now)
    converse(driver.write_credit(config, order), meter, now)
    state = delivering.looked(step=step, after=converse(driver.read_credit(config), meter, now), now=now)
    if state != "on_meter":
        raise AssertionError(f"{spot.unit.label}: the opening purchase ended as {state}")
