"""The database itself refuses what no flow would do: changed journals, unbalanced entries, overlapping periods."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from powertill.apps.audit.models import LogEntry, Operation
from powertill.apps.ledger.models import Debit, Entry, Posting
from powertill.apps.metering.models import Charge, Installation, Meter
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Delivery, DeliveryEvent, Reversal, Sale
from powertill.apps.sites.models import Occupancy
from powertill.apps.supply.models import RelayOrder, RelayResult
from powertill.apps.tariffs.models import Assignment, Version
from tests.flows.cast import QUARTER, START, Cast, build, seen
from tests.flows.stages import cut, use_up

pytestmark = pytest.mark.django_db
JOURNALS = (Entry, Posting, Debit, LogEntry, Sale, Reversal, Charge, DeliveryEvent, RelayOrder, RelayResult)


@pytest.fixture
def cast() -> Cast:
    made = build()
    use_up(made)
    cut(made)
    account = made.open("B")
    made.sell(account, 1000)
    made.bring(at=START)
    sale = made.sell(account, 1000)
    sales.reverse(op_id=made.op(), sale_id=sale.pk, reason="x", actor=made.users["manager"], now=START)
    made.read("B", 0, at=START, credit=seen(1000, 1))
    made.read("B", 50, at=START + QUARTER, credit=seen(997, 1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as at COMMIT: nothing is left pending
    return made


def refuses(sql: str) -> str:
    with pytest.raises(DatabaseError) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return str(no.value)


def test_journals_are_only_ever_added_to(cast):
    for model in JOURNALS:
        table, key = model._meta.db_table, model._meta.pk.column
        assert model.objects.exists(), table
        assert "Cannot update or delete" in refuses(f"UPDATE {table} SET {key} = {key}"), table
        assert "Cannot update or delete" in refuses(f"DELETE FROM {table}"), table
        assert "append-only" in refuses(f"TRUNCATE {table} CASCADE"), table


def test_operations_are_kept_and_their_answers_stand(cast):
    assert Operation.objects.filter(result__isnull=False).exists()
    assert "Cannot update" in refuses("UPDATE audit_operation SET result = '{}'")
    assert "Cannot delete" in refuses("DELETE FROM audit_operation")
    assert "append-only" in refuses("TRUNCATE audit_operation CASCADE")


def test_published_prices_never_change(cast):
    assert "Cannot update" in refuses("UPDATE tariffs_version SET terms = '{}'")
    assert "Cannot" in refuses("DELETE FROM tariffs_version")
    version = Version.objects.get()
    Version.objects.create(tariff=version.tariff, number=2, terms={}, from_at=START).delete()  # a draft may go


@pytest.mark.parametrize(
    "postings",
    [
        [],
        [("cash:counter", 100, "money")],
        [("cash:counter", 100, "money"), ("customer:1", -99, "money")],
        [("cash:counter", 100, "money"), ("customer:1", -100, "Wh")],
    ],
)
def test_entries_that_do_not_balance_are_refused_at_commit(cast, postings):
    def check() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what COMMIT does

    with pytest.raises(IntegrityError), transaction.atomic():
        entry = Entry.objects.create(key="planted", kind="payment", at=START, posted_at=START)
        for account, amount, unit in postings:
            Posting.objects.create(entry=entry, account=account, amount=amount, unit=unit)
        check()


def test_a_posting_is_never_zero_and_a_fact_is_booked_once(cast):
    entry = Entry.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Posting.objects.create(entry=entry, account="x", amount=0, unit="money")
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(key=entry.key, kind="payment", at=START, posted_at=START)


def test_periods_do_not_overlap(cast):
    point, later = cast.points["A"], START + timedelta(days=1)
    meter = Meter.objects.get(pk=cast.meters["B"].pk)
    account = point.occupancies.get().account
    for make in (
        lambda: Occupancy.objects.create(supply_point=point, account=account, from_at=later),
        lambda: Installation.objects.create(supply_point=point, meter=meter, from_at=later),
        lambda: Assignment.objects.create(supply_point=point, tariff=cast.tariff, from_at=later),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()


def test_half_open_periods_may_touch(cast):
    row = cast.points["A"].occupancies.get()
    row.to_at = START + timedelta(days=1)
    row.save()
    Occupancy.objects.create(supply_point=row.supply_point, account=row.account, from_at=row.to_at)


def test_maker_is_not_checker_even_by_hand(cast):
    from powertill.apps.audit.models import Approval

    user = cast.users["manager"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.create(
            kind="x",
            subject="x",
            payload={},
            payload_hash="",
            reason="x",
            maker=user,
            checker=user,
            made_at=START,
            expires_at=START,
        )


def test_amounts_of_sales_and_deliveries_are_positive(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(amount_minor=0)
