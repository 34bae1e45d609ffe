"""The seeded demo site: whole books, purses that agree with the meters, and sign-ins that work."""

import shutil
import stat
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings

from powertill import drivers
from powertill.apps.audit import queries as audit
from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.models import Charge, Gateway, Installation, Meter
from powertill.apps.notices.models import Contact, Message
from powertill.apps.people.models import Customer, User
from powertill.apps.sales.models import Delivery, Sale
from powertill.apps.sites.models import Account, Membership, Node, Occupancy, Site, SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Supply
from powertill.clock import Clock
from powertill.core.ports import MeterConfig
from powertill.simulators.meter import Memory, converse
from powertill.simulators.seed import logins, seed
from powertill.simulators.town import meters, site
from powertill.simulators.town.ports import ports

pytestmark = pytest.mark.django_db
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def once(django_db_setup, django_db_blocker, tmp_path_factory):
    """Seed once for this file, in a transaction that is rolled back after it; each test runs in a savepoint."""
    home = tmp_path_factory.mktemp("home")
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), transaction.atomic(), quick:
        yield home, seed(home=home, clock=Clock(home), speed=0)
        transaction.set_rollback(True)


@pytest.fixture
def seeded(once, db):
    return once[1]


@pytest.fixture
def home(once, tmp_path):
    """A copy of the seeded home, whose meters a test may move along."""
    return shutil.copytree(once[0], tmp_path / "home")


def account_of(label: str) -> Account:
    return Occupancy.objects.get(supply_point__label=label, to_at=None).account


def simulated(home, label: str):
    unit = site.unit(label)
    return meters.build(unit, Memory(meters.memory_path(home, unit), durable=False))


def take_reading(home, label: str, *, now, steps: int = 1) -> None:
    """Read a unit's meter in this process and hand the reading over, as a head-end does each quarter of an hour."""
    unit, meter = site.unit(label), simulated(home, label)
    driver, row = drivers.meter_driver("dlt645"), Meter.objects.get(number=unit.number)
    config = MeterConfig(unit.number, unit.phases, site.ZONE, row.settings)
    for _ in range(steps):
        meter.advance(now)
        credit = converse(driver.read_credit(config), meter, now) if unit.place == "meter" else None
        heard = supply.Heard(snapshot=converse(driver.read(config), meter, now), credit=credit, taken_at=now)
        supply.take_reading(meter_id=row.pk, heard=heard, now=now, next_poll_at=now + QUARTER)
        now += QUARTER


def test_the_site_stands_with_all_its_meters_and_a_gateway_for_each_port(seeded, home):
    lotus = Site.objects.get(code="lotus")
    assert (lotus.simulated, lotus.zone, lotus.currency) == (True, "Asia/Shanghai", "CNY")
    assert dict(Gateway.objects.values_list("code", "port")) == ports(home).gateways
    assert SupplyPoint.objects.count() == Meter.objects.count() == Supply.objects.count() == 64
    assert Installation.objects.filter(to_at=None).count() == 64
    assert Node.objects.get(parent=None).capacity_w == 160_000
    assert lotus.holidays.count() == 46


def test_the_books_are_whole(seeded):
    assert ledger.unbalanced_entries() == []
    assert ledger.empty_entries() == []
    assert ledger.wrong_purses() == []
    assert ledger.wrong_credit_sides() == []
    assert audit.broken_links() == []


def test_everybody_but_the_story_customer_has_an_account_with_what_was_paid(seeded):
    assert Account.objects.count() == Sale.objects.count() == 63
    for unit in site.UNITS:
        if unit.purchase_minor:
            account = account_of(unit.label)
            balance = ledger.balance_minor(account_id=account.pk, place=unit.place)
            assert balance + min(unit.debt_minor, unit.purchase_minor // 2) == unit.purchase_minor


def test_the_purse_in_each_meter_agrees_with_the_books(seeded, home):
    for unit in site.UNITS:
        if unit.place != "meter" or unit is site.STORY:
            continue
        state, row = simulated(home, unit.label).state, Meter.objects.get(number=unit.number)
        booked = ledger.balance_minor(account_id=account_of(unit.label).pk, place="meter")
        assert (state.remaining_minor, state.count, state.customer) == (booked, 1, unit.person.number)
        assert (row.proven_count, state.contact_open) == (1, False)
    assert set(Delivery.objects.values_list("state", "kind", "count")) == {("on_meter", "opening", 1)}
    assert Delivery.objects.count() == 23


def test_the_story_flat_is_vacant_and_its_meter_unopened(seeded, home):
    assert not Occupancy.objects.filter(supply_point__label=site.STORY.label).exists()
    story = Customer.objects.get(number=site.STORY.person.number)
    assert (story.name, story.user.username, story.accounts.count()) == ("王芳", "wangfang", 0)
    assert not meters.memory_path(home, site.STORY).exists()
    assert Meter.objects.get(number=site.STORY.number).proven_count == 0


def test_the_special_customers_are_as_promised(seeded):
    protected = SupplyPoint.objects.get(label=site.PROTECTED_LABEL)
    assert protected.protected
    assert ledger.balance_minor(account_id=account_of(site.PROTECTED_LABEL).pk, place="meter") < 1000
    debt = ledger.account_total(f"debt:{account_of(site.ARREARS_LABEL).pk}")
    assert 0 < debt < site.DEBT_MINOR, "half of the first purchase went to the debt"


def test_the_protected_customer_low_on_credit_is_wanted_on(seeded, home):
    take_reading(home, site.PROTECTED_LABEL, now=site.STARTS_AT)
    row = Supply.objects.get(supply_point__label=site.PROTECTED_LABEL)
    assert (row.wanted_relay, row.wanted_keep_power) == ("closed", True)


def test_nobody_is_told_about_the_day_before(seeded):
    assert Message.objects.count() == 0
    assert set(Contact.objects.filter(customer__number=site.STORY.person.number).values_list("channel", "rank")) == {
        ("file", 1),
        ("console", 2),
    }


def test_sign_ins_work_and_are_kept_from_others(seeded, home, client):
    kept = logins.read(home)
    assert kept == seeded.passwords
    assert {"cashier", "manager", "manager2", "engineer", "auditor", "wangfang"} < set(kept)
    assert len(kept) == 8
    assert stat.S_IMODE((home / logins.FILE).stat().st_mode) == 0o600
    assert all(client.login(username=name, password=password) for name, password in kept.items())
    assert Membership.objects.filter(role="manager").count() == 2
    assert User.objects.filter(customer__isnull=False).count() == 3


def test_a_second_seed_changes_nothing(seeded, home):
    before = (home / logins.FILE).read_text(), Sale.objects.count(), (home / "clock.json").read_text()
    assert seed(home=home, clock=Clock(home)) is None
    assert before == ((home / logins.FILE).read_text(), Sale.objects.count(), (home / "clock.json").read_text())


@pytest.mark.parametrize("label", ["1-0101", "1-0103"])
def test_readings_after_the_seed_charge_what_the_meter_took(seeded, home, label):
    assert site.unit(label).place == "meter"
    take_reading(home, label, now=site.STARTS_AT, steps=16)
    state, account = simulated(home, label).state, account_of(label)
    rows = Charge.objects.filter(account=account)
    assert rows.count() == 15
    assert sum(row.minor for row in rows) == site.unit(label).purchase_minor - state.remaining_minor > 0
    assert ledger.balance_minor(account_id=account.pk, place="meter") == state.remaining_minor
    rated = sum(row.rated_minor for row in rows)
    assert abs(rated - sum(row.minor for row in rows)) <= 5, "our own rating and the meter's agree"
    assert ledger.wrong_purses() == []


@pytest.mark.parametrize("label", ["1-0102", "S-02"])
def test_readings_of_a_purse_in_the_account_are_charged_by_us(seeded, home, label):
    account = account_of(label)
    before = ledger.balance_minor(account_id=account.pk, place="account")
    take_reading(home, label, now=site.STARTS_AT, steps=9)
    spent = before - ledger.balance_minor(account_id=account.pk, place="account")
    assert spent == sum(row.minor for row in Charge.objects.filter(account=account)) > 0


def test_the_roof_feeds_back_and_is_credited(seeded, home):
    noon = site.STARTS_AT + timedelta(hours=5)
    take_reading(home, site.SOLAR_LABEL, now=site.STARTS_AT)
    meter_row = Meter.objects.get(number=site.unit(site.SOLAR_LABEL).number)
    take_reading(home, site.SOLAR_LABEL, now=noon, steps=3)
    charges = Charge.objects.filter(meter=meter_row)
    assert sum(row.export_wh for row in charges) > 0
    fed = ledger.account_total(f"fed:{account_of(site.SOLAR_LABEL).pk}", unit="Wh")
    assert fed == -sum(row.export_wh for row in charges)
