"""Opening, selling and reversing: once per operation, in balance, and never a third price."""

from datetime import timedelta

import pytest
from django.core import signing

from powertill.apps.audit import flows as audit
from powertill.apps.ledger import queries as ledger
from powertill.apps.notices.models import Contact, Message
from powertill.apps.sales import delivering, quoting
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Delivery, Reversal, Sale
from powertill.apps.sites.models import Account
from powertill.apps.tariffs import flows as tariffs
from powertill.core.errors import Refusal
from tests.flows.cast import PLAN, START, Cast, build, seen

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast() -> Cast:
    return build()


def refused(code, call, **kwargs):
    with pytest.raises(Refusal) as no:
        call(**kwargs)
    assert no.value.code == code, no.value
    no.value.text()


def sell(cast: Cast, account: Account, **changes):
    quote = changes.pop("quote", None) or quoting.make(account=account, amount_minor=5000, now=START).text
    request = {
        "op_id": "operation-of-this-test",
        "account_id": account.pk,
        "amount_minor": 5000,
        "given_minor": 5000,
        "tender": "cash",
        "quote": quote,
        "cashier": cast.users["cashier"],
        "now": START,
    }
    return {**request, **changes}


@pytest.mark.parametrize("flat", ["A", "B"])
def test_an_account_opens_with_light_on_a_preset_that_the_first_purchase_pays_back(cast, flat):
    account = cast.open(flat, preset=2000)
    assert cast.balance(account) == 2000
    assert ledger.account_total(f"preset:{account.pk}") == 2000
    assert ("preset" in Delivery.objects.values_list("kind", flat=True)) is (flat == "B")
    first = cast.sell(account, 10_000)
    assert (first.parts[0]["kind"], first.parts[0]["minor"]) == ("preset", 2000)
    assert first.credit_minor == 8000
    assert ledger.account_total(f"preset:{account.pk}") == 0
    assert cast.balance(account) == 10_000
    assert "preset" not in {part["kind"] for part in cast.sell(account, 1000).parts}


def test_a_first_purchase_smaller_than_the_preset_pays_a_part_of_it(cast):
    account = cast.open("B", preset=2000)
    sale = cast.sell(account, 1500)
    assert (sale.credit_minor, Delivery.objects.filter(sale=sale).exists()) == (0, False)
    assert ledger.account_total(f"preset:{account.pk}") == 500


def test_a_customer_without_any_contact_is_served_all_the_same(cast):
    Contact.objects.all().delete()
    account = cast.open("A", preset=1000)
    cast.sell(account, 5000)
    assert not Message.objects.exists()


def test_a_contact_of_rank_two_is_told_when_there_is_no_first(cast):
    Contact.objects.update(rank=2)
    cast.sell(cast.open("A"), 5000)
    assert Message.objects.filter(topic="credited").count() == 1


def test_account_numbers_carry_a_check_digit_and_are_never_the_same(cast):
    numbers = {cast.open(flat).number for flat in "AB"}
    assert len(numbers) == 2
    assert {len(number) for number in numbers} == {8}


def test_a_room_has_one_account_at_a_time(cast):
    cast.open("A")
    with pytest.raises(Refusal, match=r"account\.occupied"):
        cast.open("A")


def test_the_parts_of_a_sale_sum_to_the_payment(cast):
    account = cast.open("A", preset=333)
    for amount in (777, 5001, 12_345, 100):
        sale = cast.sell(account, amount)
        assert sum(part["minor"] for part in sale.parts) == amount == sale.amount_minor


def test_money_of_a_sale_stands_in_its_channel(cast):
    account = cast.open("A")
    sales.sell(**sell(cast, account, tender="qr"))
    assert ledger.account_total("clearing:qr") == 5000


def test_the_same_operation_has_the_same_answer_for_ever(cast):
    request = sell(cast, cast.open("A"))
    first, replayed = sales.sell(**request)
    assert not replayed
    again, replayed = sales.sell(**{**request, "now": START + timedelta(days=30)})
    assert (again, replayed) == (first, True)
    assert Sale.objects.count() == 1


def test_the_same_operation_with_another_body_is_a_conflict(cast):
    request = sell(cast, cast.open("A"))
    sales.sell(**request)
    refused("operation.conflict", sales.sell, **{**request, "amount_minor": 5001, "given_minor": 5001})
    assert Sale.objects.count() == 1


def test_an_operation_that_was_not_found_is_refused_when_it_arrives_late(cast):
    request = sell(cast, cast.open("A"))
    assert audit.last_response(op_id=request["op_id"], now=START) is None
    refused("operation.tombstone", sales.sell, **request)
    assert not Sale.objects.exists()


def test_the_last_response_is_the_stored_answer(cast):
    request = sell(cast, cast.open("A"))
    answer, _replayed = sales.sell(**request)
    assert audit.last_response(op_id=request["op_id"], now=START) == answer


@pytest.mark.parametrize(
    "op_id", ["", "short", "x" * 65, "operation 00001", "操作操作操作操作操作", "operation\x00001"]
)
def test_operation_ids_are_bounded(cast, op_id):
    request = sell(cast, cast.open("A"), op_id=op_id)
    refused("operation.id", sales.sell, **request)


def test_quotes_are_refused_when_expired_foreign_or_tampered_with(cast):
    account, other = cast.open("A"), cast.open("B")
    quote = quoting.make(account=account, amount_minor=5000, now=START).text
    late = START + quoting.LIFE
    refused("sale.quote_expired", sales.sell, **sell(cast, account, quote=quote, now=late))
    refused("sale.quote_expired", sales.sell, **sell(cast, account, quote=quote, now=START - MINUTE))
    refused("sale.quote_other", sales.sell, **sell(cast, other, quote=quote))
    refused("sale.quote_other", sales.sell, **sell(cast, account, quote=quote, amount_minor=4999))
    refused("sale.quote_unknown", sales.sell, **sell(cast, account, quote=quote[:-2] + "xx"))
    refused("sale.quote_unknown", sales.sell, **sell(cast, account, quote="x" * 10_000))
    forged = signing.dumps({"account": account.pk}, salt="another")
    refused("sale.quote_unknown", sales.sell, **sell(cast, account, quote=forged))
    assert not Sale.objects.exists()


def test_a_quote_is_refused_when_what_is_owed_has_changed(cast):
    account = cast.open("A", preset=1000)
    quote = quoting.make(account=account, amount_minor=5000, now=START).text
    cast.sell(account, 3000)
    refused("sale.quote_changed", sales.sell, **sell(cast, account, quote=quote))


def test_a_quote_keeps_its_price_over_a_change_of_tariff(cast):
    account = cast.open("A")
    quoted = quoting.make(account=account, amount_minor=5000, now=START)
    dearer = {**PLAN, "parts": [{"kind": "flat", "name": "Energy", "minor_per_kwh": "99"}]}
    version = tariffs.draft(site=cast.site, plan_terms=dearer, from_at=START + MINUTE)
    tariffs.publish(version_id=version.pk, actor=cast.users["manager"], now=START)
    sale, _ = sales.sell(**sell(cast, account, quote=quoted.text, now=START + 2 * MINUTE))
    assert Sale.objects.get(pk=sale["sale"]).parts == quoting.parts_json(quoted.quote)
    later = quoting.make(account=account, amount_minor=5000, now=START + 2 * MINUTE)
    assert later.version == version


def test_amounts_and_tenders_are_checked(cast):
    account = cast.open("A")
    refused("sale.given", sales.sell, **sell(cast, account, given_minor=4999))
    refused("sale.tender", sales.sell, **sell(cast, account, tender="shells"))
    refused("sale.no_account", sales.sell, **sell(cast, account, account_id=0))
    refused("sale.amount", quoting.make, account=account, amount_minor=0, now=START)
    refused("sale.amount", quoting.make, account=account, amount_minor=10**12, now=START)


def test_a_debt_takes_its_share_of_a_payment_and_no_more(cast):
    from powertill.apps.ledger import flows as posting
    from powertill.core import ledger as books

    account = cast.open("A")
    posting.post(books.debt_charged(key="old-debt", at=START, account=account.pk, amount_minor=9000), now=START)
    sale = cast.sell(account, 4000)
    assert sale.credit_minor == 2000
    assert ledger.account_total(f"debt:{account.pk}") == 7000
    assert cast.balance(account) == 2000


@pytest.mark.parametrize("flat", ["A", "B"])
def test_a_sale_is_undone_by_mirror_entries(cast, flat):
    account = cast.open(flat, preset=1000)
    sale = cast.sell(account, 5000)
    sales.reverse(op_id=cast.op(), sale_id=sale.pk, reason="wrong room", actor=cast.users["manager"], now=START)
    assert cast.balance(account) == 1000
    assert ledger.account_total(f"preset:{account.pk}") == 1000
    assert ledger.account_total("cash:counter") == 0
    assert Reversal.objects.get().sale == sale
    assert set(Delivery.objects.filter(sale=sale).values_list("state", flat=True)) <= {"reversed"}
    assert Message.objects.filter(topic="reversed").exists()
    request = {"sale_id": sale.pk, "actor": cast.users["manager"], "now": START}
    refused("sale.reversed", sales.reverse, op_id=cast.op(), reason="again", **request)
    refused("sale.reverse_reason", sales.reverse, op_id=cast.op(), reason=" ", **request)
    refused("sale.unknown", sales.reverse, op_id=cast.op(), reason="x", **{**request, "sale_id": 0})


def test_a_sale_on_the_account_is_undone_only_at_once_and_while_unused(cast):
    account = cast.open("A")
    sale = cast.sell(account, 5000)
    request = {"sale_id": sale.pk, "reason": "no", "actor": cast.users["manager"]}
    refused("sale.too_late", sales.reverse, op_id=cast.op(), now=START + timedelta(minutes=6), **request)
    cast.read("A", 0, at=START)
    cast.read("A", 900, at=START + 4 * MINUTE)
    refused("sale.too_late", sales.reverse, op_id=cast.op(), now=START + 4 * MINUTE, **request)


def test_a_sale_whose_order_has_left_is_not_reversed(cast):
    sale = cast.sell(cast.open("B"), 5000)
    (step,) = delivering.steps(gateway_id=cast.gateway.pk, now=START)
    delivering.fix_order(step=step, seen=seen(0, 0), now=START)
    request = {"sale_id": sale.pk, "reason": "no", "actor": cast.users["manager"], "now": START}
    refused("sale.delivered", sales.reverse, op_id=cast.op(), **request)


def test_a_reversal_wins_over_a_worker_that_has_not_sent_yet(cast):
    from powertill.apps.lease import LeaseLost

    sale = cast.sell(cast.open("B"), 5000)
    (step,) = delivering.steps(gateway_id=cast.gateway.pk, now=START)
    sales.reverse(op_id=cast.op(), sale_id=sale.pk, reason="no", actor=cast.users["manager"], now=START)
    with pytest.raises(LeaseLost):
        delivering.fix_order(step=step, seen=seen(0, 0), now=START)
