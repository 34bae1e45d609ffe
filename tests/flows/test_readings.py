"""Readings: judged, charged once, and adding up to the bill of the month."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from powertill.apps.ledger import queries as ledger
from powertill.apps.ledger.models import Entry
from powertill.apps.metering import state as states
from powertill.apps.metering.models import Charge, Meter, RatingState, Reading
from powertill.apps.sites.models import Occupancy
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident
from powertill.apps.tariffs import flows as tariffs
from powertill.apps.tariffs import queries as plans
from powertill.apps.tariffs.models import Version
from powertill.core.errors import Refusal
from powertill.core.span import Span
from powertill.core.tariff import engine
from tests.flows.cast import PLAN, QUARTER, START, Cast, build, seen

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # 1 December in Shanghai


@pytest.fixture
def cast() -> Cast:
    return build()


def bill(cast: Cast, span: Span, wh: int) -> engine.Charge:
    plan = plans.plan(Version.objects.order_by("number").first())
    return engine.charge(plan, engine.State(), engine.Use(span, wh), holidays=plans.holidays(cast.site))


def settled(account, place="account") -> int:
    row = ledger.debits(account_id=account.pk, place=place)
    return row.debits_minor if row else 0


def test_the_first_reading_charges_nothing_and_the_second_the_difference(cast):
    account = cast.open("A")
    assert cast.read("A", 500_000, at=START).verdict == "first"
    outcome = cast.read("A", 500_400, at=START + QUARTER)
    assert (outcome.verdict, outcome.wh) == ("accept", 400)
    assert settled(account) == outcome.charged_minor == bill(cast, Span(START, START + QUARTER), 400).minor
    charge = Charge.objects.get()
    assert sum(line["wh"] for line in charge.lines) == charge.wh == 400
    assert charge.lines[0]["because_msgid"]


def test_the_same_reading_twice_is_charged_once(cast):
    cast.open("A")
    cast.read("A", 0, at=START)
    first = cast.read("A", 400, at=START + QUARTER)
    again = cast.read("A", 400, at=START + QUARTER)
    assert (again.verdict, again.charged_minor) == ("duplicate", 0)
    assert first.charged_minor == sum(Charge.objects.values_list("minor", flat=True))
    assert Reading.objects.count() == 2


def test_a_late_reading_is_kept_and_not_charged(cast):
    cast.open("A")
    cast.read("A", 0, at=START)
    cast.read("A", 400, at=START + 2 * QUARTER)
    late = cast.read("A", 200, at=START + QUARTER)
    assert (late.verdict, late.charged_minor) == ("late", 0)
    meter = Meter.objects.get(pk=cast.meters["A"].pk)
    assert (meter.accepted_import_wh, meter.live["import_wh"]) == (400, 400)


def test_a_register_that_rolls_over_is_charged_for_what_was_used(cast):
    cast.open("A")
    cast.read("A", 999_999_900, at=START)
    outcome = cast.read("A", 100, at=START + QUARTER)
    assert (outcome.verdict, outcome.wh) == (
        "roll_over",
        200,
    )  # in steps of 10 Wh, the last number before zero is 999,999.99 kWh


@pytest.mark.parametrize(("wh", "verdict"), [(2_000_000, "jump"), (900_000, "backwards"), (10, "reset")])
def test_what_is_not_believable_is_held_for_a_person(cast, wh, verdict):
    account = cast.open("A")
    cast.read("A", 1_000_000, at=START)
    assert cast.read("A", wh, at=START + QUARTER).verdict == verdict
    assert settled(account) == 0
    assert Incident.objects.get().kind == f"reading.{verdict}"


def test_a_reading_from_the_future_is_held(cast):
    cast.open("A")
    heard = supply.Heard(supply.metering.Snapshot(clock_at=None, import_wh=5), None, START + HOUR)
    outcome = supply.take_reading(meter_id=cast.meters["A"].pk, heard=heard, now=START, next_poll_at=START + QUARTER)
    assert outcome.verdict == "future"
    assert Meter.objects.get(pk=cast.meters["A"].pk).accepted_at is None


def test_a_spike_is_forgotten_but_a_jump_stays_held_however_long_it_lasts(cast):
    account = cast.open("A")
    cast.read("A", 0, at=START)
    cast.read("A", 5_000_000, at=START + QUARTER)
    assert cast.read("A", 300, at=START + 2 * QUARTER).verdict == "accept"
    charged = settled(account)
    cast.read("A", 100_300, at=START + 3 * QUARTER)
    assert cast.read("A", 100_500, at=START + timedelta(days=20)).verdict == "jump"
    assert settled(account) == charged


@pytest.mark.parametrize("charge", [True, False])
def test_a_person_ends_the_wait_of_a_held_reading(cast, charge):
    account = cast.open("A")
    cast.read("A", 0, at=START)
    cast.read("A", 100_000, at=START + QUARTER)
    request = {"meter_id": cast.meters["A"].pk, "charge": charge, "reason": "display read", "now": START + HOUR}
    with pytest.raises(Refusal, match=r"role\.forbidden"):
        supply.settle_reading(op_id=cast.op(), actor=cast.users["cashier"], **request)
    supply.settle_reading(op_id=cast.op(), actor=cast.users["manager"], **request)
    assert (settled(account) > 5000) is charge
    assert not Incident.objects.filter(closed_at=None).exists()
    assert cast.read("A", 100_200, at=START + 2 * QUARTER).verdict == "accept"
    with pytest.raises(Refusal, match=r"reading\.none_held"):
        supply.settle_reading(op_id=cast.op(), actor=cast.users["manager"], **request)


def test_a_month_of_quarter_hours_costs_what_the_month_computed_at_once_costs(cast):
    start = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)
    account = cast.open("A", at=start)
    cast.read("A", 0, at=start)
    wh = 0
    for number in range(1, 200):
        wh += number * 7 % 613
        cast.read("A", wh, at=start + number * QUARTER)
    plan = plans.plan(Version.objects.get())
    state, total = engine.State(), 0
    for charge in Charge.objects.order_by("from_at"):
        made = engine.charge(plan, state, engine.Use(Span(charge.from_at, charge.to_at), charge.wh))
        state, total = made.state, total + made.minor
    exact = sum(Decimal(line["cost"]) for charge in Charge.objects.all() for line in charge.lines)
    assert settled(account) == total
    assert abs(settled(account) - exact) <= Decimal("0.5")
    row = ledger.debits(account_id=account.pk, place="account")
    assert row.used_wh == wh == -ledger.account_total("supplied", unit="Wh")


def test_an_interval_over_the_end_of_a_month_begins_a_new_ladder(cast):
    cast.open("A")
    cast.read("A", 0, at=MIDNIGHT - timedelta(days=20))
    cast.read("A", 89_000, at=MIDNIGHT - HOUR)
    cast.read("A", 93_000, at=MIDNIGHT + HOUR)
    state = states.load(RatingState.objects.get().state)
    assert (state.month.month, state.month_wh) == (12, 2000)
    last = Charge.objects.first()
    assert {line["block"] for line in last.lines if line["wh"]} == {"two", "three", "one"}


def test_a_change_of_tariff_inside_an_interval_splits_it(cast):
    account = cast.open("A")
    flat = {**PLAN, "parts": [{"kind": "flat", "name": "Energy", "minor_per_kwh": "100"}]}
    version = tariffs.draft(site=cast.site, plan_terms=flat, from_at=START + HOUR)
    tariffs.publish(version_id=version.pk, actor=cast.users["manager"], now=START)
    cast.read("A", 0, at=START)
    cast.read("A", 4000, at=START + 2 * HOUR)
    first, second = Charge.objects.order_by("from_at")
    assert (first.wh, second.wh, second.version) == (2000, 2000, version)
    assert (first.minor, second.minor) == (bill(cast, Span(START, START + HOUR), 2000).minor, 200)
    assert settled(account) == first.minor + second.minor
    assert states.load(RatingState.objects.get().state).month_wh == 4000


def test_prices_do_not_change_in_the_past(cast):
    version = tariffs.draft(site=cast.site, plan_terms=PLAN, from_at=START - HOUR)
    with pytest.raises(Refusal, match=r"tariff\.past"):
        tariffs.publish(version_id=version.pk, actor=cast.users["manager"], now=START)
    with pytest.raises(Refusal, match=r"tariff\.past"):
        tariffs.assign(
            supply_point_id=cast.points["A"].pk,
            tariff_id=cast.tariff.pk,
            from_at=START - HOUR,
            actor=cast.users["manager"],
            now=START,
        )


def test_a_new_assignment_ends_the_one_before(cast):
    request = {"supply_point_id": cast.points["A"].pk, "tariff_id": cast.tariff.pk, "now": START}
    made = tariffs.assign(from_at=START + HOUR, actor=cast.users["manager"], **request)
    assert [row.to_at for row in cast.points["A"].assignments.order_by("from_at")] == [START + HOUR, None]
    assert made.from_at == START + HOUR


def test_energy_of_a_vacant_time_is_nobodys_and_no_one_inherits_a_ladder(cast):
    first = cast.open("A")
    cast.read("A", 0, at=START)
    cast.read("A", 40_000, at=START + timedelta(days=2))
    Occupancy.objects.update(to_at=START + timedelta(days=2, hours=1))
    second = cast.open("A", at=START + timedelta(days=2, hours=3))
    cast.read("A", 44_000, at=START + timedelta(days=2, hours=4))
    parts = Charge.objects.filter(from_at__gte=START + timedelta(days=2)).order_by("from_at")
    assert [(charge.account, charge.wh) for charge in parts] == [(first, 1000), (second, 1000)]
    assert parts[1].lines[0]["block"] == "one"
    assert states.load(RatingState.objects.get().state).month_wh == 1000


class TestThePurseInTheMeter:
    @pytest.fixture
    def account(self, cast):
        account = cast.open("B")
        cast.sell(account, 10_000)
        cast.read("B", 0, at=START, credit=seen(0, 0))
        cast.bring(at=START)
        return account

    def test_the_charge_is_what_the_purse_fell_by(self, cast, account):
        outcome = cast.read("B", 1000, at=START + HOUR, credit=seen(9943, 1))
        assert outcome.charged_minor == 57
        assert cast.balance(account, "meter") == 9943
        charge = Charge.objects.get()
        assert (charge.minor, charge.rated_minor) == (57, bill(cast, Span(START, START + HOUR), 1000).minor)

    def test_overdraft_makes_the_balance_negative(self, cast, account):
        cast.read("B", 10_000, at=START + HOUR, credit=seen(0, 1, owes=120))
        assert cast.balance(account, "meter") == -120

    def test_nothing_is_taken_while_the_count_is_not_the_proven_one(self, cast, account):
        cast.sell(account, 5000, at=START + QUARTER)
        unproven = cast.read("B", 1000, at=START + HOUR, credit=seen(14_900, 2))
        assert unproven.charged_minor == 0
        cast.bring(at=START + HOUR, purse=9900, count=1)
        proven = cast.read("B", 1100, at=START + 2 * HOUR, credit=seen(14_880, 2))
        assert proven.charged_minor == 120
        assert cast.balance(account, "meter") == 14_880

    def test_a_purse_that_rose_is_never_a_negative_charge(self, cast, account):
        assert cast.read("B", 10, at=START + HOUR, credit=seen(10_500, 1)).charged_minor == 0
        assert cast.balance(account, "meter") == 10_000

    def test_without_a_look_at_the_purse_energy_is_booked_and_money_waits(self, cast, account):
        assert cast.read("B", 500, at=START + HOUR).charged_minor == 0
        assert cast.read("B", 600, at=START + 2 * HOUR, credit=seen(9960, 1)).charged_minor == 40
        assert ledger.debits(account_id=account.pk, place="meter").used_wh == 600

    def test_tax_of_many_small_takings_is_that_of_their_sum(self, cast, account):
        for number in range(1, 60):
            cast.read("B", 30 * number, at=START + number * QUARTER, credit=seen(10_000 - 2 * number, 1))
        assert -ledger.account_total("tax:vat") == 14  # 118 x 130 / 1130 = 13.6; each 2 alone has 0.2


class TestExport:
    def test_small_credits_add_up_to_the_months(self, cast):
        account = cast.open("A")
        cast.read("A", 0, at=START)
        for number in range(1, 41):
            cast.read("A", 0, at=START + number * QUARTER, export=17 * number)
        row = ledger.debits(account_id=account.pk, place="account")
        assert row.fed_wh == 680
        assert ledger.account_total("cost:export") == 17  # 0.680 kWh x 25.37 = 17.25
        assert Entry.objects.filter(kind="export").count() == 40

    def test_it_is_money_in_the_account_also_where_the_purse_is_in_the_meter(self, cast):
        account = cast.open("B")
        cast.read("B", 0, at=START, credit=seen(0, 0))
        cast.read("B", 0, at=START + HOUR, credit=seen(0, 0), export=4000)
        assert cast.balance(account) == 101

    def test_a_jump_of_the_export_register_credits_nothing_and_asks_a_person(self, cast):
        cast.open("A")
        cast.read("A", 0, at=START)
        cast.read("A", 10, at=START + QUARTER, export=9_000_000)
        assert ledger.account_total("cost:export") == 0
        assert Incident.objects.get().kind == "reading.export"
