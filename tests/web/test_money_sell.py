"""Selling at the desk: what is refused leaves no row, what is sent twice is sold once."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from powertill.apps.audit.models import Operation
from powertill.apps.ledger import queries as ledger
from powertill.apps.sales import flows as sales
from powertill.apps.sales import quoting
from powertill.apps.sales.models import Delivery, Reversal, Sale
from powertill.core import check_digit
from tests.web import cast as casts
from tests.web.money_stage import noon  # noqa: F401

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def cast(noon):  # noqa: F811
    return casts.build()


@pytest.fixture
def desk(cast):
    client = Client(headers=HTMX)
    client.force_login(cast.users["cashier"])
    return client


def text_of(response):
    return response.content.decode()


def form_for(desk, cast, room, amount="50", **more):
    """Fill the form as the browser does: operation id from the form, quote from the quote."""
    number = cast.accounts[room].number
    op = re.search(r'name="op" value="([^"]+)"', text_of(desk.get(f"/sell/{number}")))[1]
    quoted = text_of(desk.get(f"/sell/{number}/quote", {"amount": amount, "tender": "cash"}))
    quote = re.search(r'name="quote" value="([^"]+)"', quoted)
    return {"op": op, "amount": amount, "tender": "cash", "quote": quote[1] if quote else "", **more}


def pay(desk, cast, room, form):
    return desk.post(f"/sell/{cast.accounts[room].number}/pay", form)


def test_a_sale_shows_the_receipt_and_books_what_was_quoted(desk, cast):
    before = Sale.objects.count()
    response = pay(desk, cast, "2-0608", form_for(desk, cast, "2-0608", given="100"))
    assert response.status_code == 200
    assert response["HX-Trigger"] == "powertill:sold"
    sale = Sale.objects.first()
    assert (Sale.objects.count(), sale.amount_minor, sale.given_minor) == (before + 1, 5000, 10_000)
    assert sale.number in text_of(response)
    assert "¥\N{NO-BREAK SPACE}50.00" in text_of(response)  # the change
    assert sum(part["minor"] for part in sale.parts) == 5000
    assert not ledger.unbalanced_entries()


def test_a_form_that_is_sent_twice_sells_once_and_gives_the_same_receipt(desk, cast):
    form = form_for(desk, cast, "2-0608")
    first, second = pay(desk, cast, "2-0608", form), pay(desk, cast, "2-0608", form)
    assert (first.status_code, second.status_code) == (200, 200)
    assert Sale.objects.filter(account=cast.accounts["2-0608"]).count() == 2  # the one of the cast, and this one
    assert Sale.objects.first().number in text_of(first)
    assert Sale.objects.first().number in text_of(second)


def test_an_old_operation_id_cannot_carry_another_sale(desk, cast):
    form = form_for(desk, cast, "2-0608")
    pay(desk, cast, "2-0608", form)
    other = form_for(desk, cast, "2-0608", amount="20") | {"op": form["op"]}
    count = Sale.objects.count()
    response = pay(desk, cast, "2-0608", other)
    assert response.status_code == 422
    assert "operation.conflict" in text_of(response)
    assert Sale.objects.count() == count


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0", "money.zero"),
        ("0.00", "money.zero"),
        ("-5", "money.format"),
        ("1e308", "money.format"),
        ("NaN", "money.format"),
        ("1.234", "money.places"),
        ("\uff15\uff10", "money.format"),  # full-width 50
        ("٥٠", "money.format"),
        ("50 or 60", "money.format"),
        ("99999999999", "money.large"),
        ("0.50", "sale.amount"),
        ("", "money.empty"),
    ],
)
def test_an_amount_that_is_none_is_refused_with_a_next_step_and_leaves_no_row(amount, code, desk, cast):
    counts = (Sale.objects.count(), Operation.objects.count(), Delivery.objects.count())
    number = cast.accounts["2-0608"].number
    if amount:
        quote = desk.get(f"/sell/{number}/quote", {"amount": amount})
        assert quote.status_code == 422
        assert code in text_of(quote)
        assert 'id="sell-button" disabled' in text_of(quote)
    good = form_for(desk, cast, "2-0608")
    response = pay(desk, cast, "2-0608", good | {"amount": amount})
    assert response.status_code == 422
    assert code in text_of(response) or code == "sale.amount"  # the pinned quote is for another amount then
    assert counts == (Sale.objects.count(), Operation.objects.count(), Delivery.objects.count())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"given": "49.99"}, "sale.given"),
        ({"given": "-1"}, "money.format"),
        ({"tender": "barter"}, "sale.tender"),
        ({"quote": "forged"}, "sale.quote_unknown"),
        ({"amount": "60"}, "sale.quote_other"),
        ({"op": ""}, "operation.id"),
        ({"op": "x" * 65}, "operation.id"),
    ],
)
def test_a_form_that_was_tampered_with_is_refused_and_leaves_no_row(change, code, desk, cast):
    form = form_for(desk, cast, "2-0608") | change
    counts = (Sale.objects.count(), Operation.objects.count())
    response = pay(desk, cast, "2-0608", form)
    assert (response.status_code, code in text_of(response)) == (422, True)
    assert counts == (Sale.objects.count(), Operation.objects.count())


def test_an_expired_quote_sells_nothing_and_brings_a_new_one(desk, cast, monkeypatch):
    form = form_for(desk, cast, "2-0608")
    monkeypatch.setattr("powertill.clock._real", lambda: casts.NOON + quoting.LIFE)
    count = Sale.objects.count()
    response = pay(desk, cast, "2-0608", form)
    assert response.status_code == 422
    assert "sale.quote_expired" in text_of(response)
    fresh = re.search(r'name="quote" value="([^"]+)"', text_of(response))[1]
    assert fresh != form["quote"]
    assert Sale.objects.count() == count
    assert pay(desk, cast, "2-0608", form | {"quote": fresh}).status_code == 200


def test_a_lost_answer_is_looked_up_and_an_unknown_one_is_buried(desk, cast):
    form = form_for(desk, cast, "2-0608")
    pay(desk, cast, "2-0608", form)
    found = desk.post("/sell/outcome", {"op": form["op"]})
    assert Sale.objects.first().number in text_of(found)
    other = form_for(desk, cast, "2-0601")
    assert "Nothing was sold" in text_of(desk.post("/sell/outcome", {"op": other["op"]}))
    late = pay(desk, cast, "2-0601", other)
    assert (late.status_code, "operation.tombstone" in text_of(late)) == (422, True)


def test_without_htmx_the_sale_leads_to_its_receipt(cast):
    client = Client()
    client.force_login(cast.users["cashier"])
    response = pay(client, cast, "2-0608", form_for(client, cast, "2-0608"))
    assert response.status_code == 302
    first, second = client.get(response["Location"]), client.get(response["Location"])
    assert "COPY" not in text_of(first)
    assert "COPY 1" in text_of(second)


@pytest.mark.parametrize(
    ("typed", "room"),
    [
        ("2-0608", "2-0608"),
        ("0608", "2-0608"),
        ("王芳", "2-0608"),
        ("otieno", "2-0603"),
        ("800000000004", "2-0604"),
        ("000601", "2-0601"),
    ],
)
def test_a_customer_is_found_by_what_people_type(typed, room, desk, cast):
    found = text_of(desk.get("/sell/find", {"q": typed}))
    assert re.search(r'role="option"[^>]*><b>([^<]+)</b>', found)[1] == room


def test_a_customer_is_found_by_meter_and_account_number(desk, cast):
    for number in (cast.meters["2-0605"].number, cast.accounts["2-0605"].number):
        assert "<b>2-0605</b>" in text_of(desk.get("/sell/find", {"q": number}))


def test_a_misread_meter_number_is_told_from_an_unknown_one(desk, cast):
    good = cast.meters["2-0605"].number
    wrong = good[:-1] + str((int(good[-1]) + 1) % 10)
    assert "meter.check_digit" in text_of(desk.get("/sell/find", {"q": wrong}))
    assert "meter.unknown" in text_of(desk.get("/sell/find", {"q": check_digit.append("99999999999")}))
    assert "Open one" in text_of(desk.get("/sell/find", {"q": "2-0609"}))
    assert desk.get("/sell/find", {"q": "a\1b" * 100}).status_code == 200


def test_credit_for_a_meter_is_followed_until_it_is_on_the_meter(desk, cast):
    pay(desk, cast, "2-0604", form_for(desk, cast, "2-0604"))
    number = Sale.objects.first().number
    under_way = text_of(desk.get(f"/sell/arrival/{number}"))
    assert 'hx-trigger="every 2s"' in under_way
    casts.deliver(cast, "2-0604", at=casts.NOON)
    arrived = text_of(desk.get(f"/sell/arrival/{number}"))
    assert "on the meter" in arrived
    assert "every 2s" not in arrived


def test_only_a_manager_reverses_and_only_while_the_credit_has_not_left(desk, cast):
    pay(desk, cast, "2-0604", form_for(desk, cast, "2-0604"))
    sale = Sale.objects.first()
    form = {"op": "reverse-me-please", "reason": "wrong room"}
    assert desk.post(f"/receipts/{sale.number}/reverse", form).status_code == 403
    manager = Client()
    manager.force_login(cast.users["manager"])
    assert manager.post(f"/receipts/{sale.number}/reverse", form | {"reason": " "}).status_code == 422
    assert not Reversal.objects.exists()
    for _ in range(2):
        assert manager.post(f"/receipts/{sale.number}/reverse", form).status_code == 302
    assert Reversal.objects.count() == 1
    assert "REVERSED" in text_of(manager.get(f"/receipts/{sale.number}"))
    delivered = Sale.objects.get(account=cast.accounts["2-0603"])
    again = manager.post(f"/receipts/{delivered.number}/reverse", form | {"op": "reverse-that-too"})
    assert (again.status_code, "sale.delivered" in text_of(again)) == (422, True)


def test_a_sale_on_the_account_is_reversible_for_five_minutes(cast, monkeypatch):
    sale = casts.sell(cast, "2-0608", 5000)
    manager = Client()
    manager.force_login(cast.users["manager"])
    assert "Reverse R-" in text_of(manager.get(f"/receipts/{sale.number}"))
    monkeypatch.setattr("powertill.clock._real", lambda: casts.NOON + sales.UNDO_WITHIN + timedelta(seconds=1))
    assert "Reverse R-" not in text_of(manager.get(f"/receipts/{sale.number}"))
