"""The other money pages: who may see them, what they show, and that bad addresses do no harm."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from powertill.apps.audit.models import Approval, LogEntry, Operation
from powertill.apps.notices.models import Message
from powertill.apps.people.models import Customer, User
from powertill.apps.sales.models import Sale
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.apps.supply import facts
from powertill.apps.supply.models import Supply
from powertill.web.console import figures, receipts, slip, standing
from tests.web import cast as casts
from tests.web.money_stage import noon  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(noon):  # noqa: F811
    return casts.build()


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def text_of(response):
    return response.content.decode()


def addresses(cast):
    account, sale, message = cast.accounts["2-0608"], Sale.objects.first(), Message.objects.first()
    seen = ["/", "/customers", f"/customers/{account.number}", "/messages", f"/messages/{message.pk}"]
    seen += ["/receipts", f"/receipts/{sale.number}", "/search?q=2-06", "/search?q=2-06&all"]
    return seen, ["/sell", f"/sell/{account.number}", "/sell/find?q=2", "/customers/open"]


@pytest.mark.parametrize("role", ["cashier", "manager", "engineer", "auditor"])
def test_each_role_sees_its_pages_and_only_sellers_sell(role, cast):
    client = as_(cast.users[role])
    seen, selling = addresses(cast)
    assert {url: client.get(url).status_code for url in seen} == dict.fromkeys(seen, 200)
    allowed = 200 if role in {"cashier", "manager"} else 403
    assert {url: client.get(url).status_code for url in selling} == dict.fromkeys(selling, allowed)
    assert ('href="/sell?account=' in text_of(client.get(seen[2]))) is (allowed == 200)


def test_a_stranger_of_another_site_finds_nothing(cast):
    client = as_(casts.stranger())
    seen, selling = addresses(cast)
    for url in (seen[2], seen[4], seen[6], selling[1]):
        assert client.get(url).status_code == 404, url
    assert "2-0608" not in text_of(client.get("/customers"))
    assert "王芳" not in text_of(client.get("/search?q=2-0608"))
    number = cast.accounts["2-0608"].number
    assert client.post(f"/sell/{number}/pay", {}).status_code == 404
    assert client.post(f"/customers/{number}/hold", {"relay": "open", "reason": "x"}).status_code == 404
    assert client.get("/?site=lotus").status_code == 200
    assert "Other Court" in text_of(client.get("/?site=lotus"))


def test_nobody_else_comes_in(cast):
    assert Client().get("/").status_code == 302
    lodger = User.objects.create(username="lodger")
    assert as_(lodger).get("/").status_code == 403
    Customer.objects.filter(number="800000000006").update(user=lodger)
    assert as_(lodger).get("/")["Location"].startswith("/my/")


@pytest.mark.parametrize(
    "url",
    [
        "/receipts/R-999999",
        "/receipts/R-٣",
        "/receipts/hello",
        "/receipts/R-99999999999999999999",
        "/customers/0000",
        "/messages/999999",
        "/sell/nobody",
    ],
)
def test_an_address_that_leads_nowhere_is_a_404(url, cast):
    assert as_(cast.users["manager"]).get(url).status_code == 404


def test_odd_filters_do_no_harm(cast):
    client = as_(cast.users["manager"])
    for url in (
        "/customers?sort=x&state=y&page=-1&q=%01",
        "/messages?topic=x&state=y&sort=z",
        "/receipts?day=tomorrow",
    ):
        assert client.get(url).status_code == 200, url
    account = cast.accounts["2-0608"].number
    for before in ("yesterday", "2026-13-45T00:00", "2026-11-22", ""):
        assert client.get(f"/customers/{account}", {"before": before}).status_code == 200


def test_every_number_of_the_overview_leads_to_its_rows(cast):
    casts.cut(cast, "2-0605")
    casts.sell(cast, "2-0608", 5000)
    page = text_of(as_(cast.users["manager"]).get("/"))
    assert "¥\N{NO-BREAK SPACE}50.00" in page
    for url in ("/receipts?day=2026-11-22", "/customers?state=low", "/customers?state=off"):
        assert url in page
    client = as_(cast.users["manager"])
    assert "2-0605" in text_of(client.get("/customers?state=off"))
    assert "2-0608" not in text_of(client.get("/customers?state=off"))


def test_sold_today_is_compared_with_the_same_day_last_week(cast):
    casts.sell(cast, "2-0608", 6000)
    sold = figures.sold(cast.site, now=casts.NOON)
    assert (sold.minor, sold.count, sold.change_percent) == (6000, 1, None)
    nextweek = figures.sold(cast.site, now=casts.NOON + timedelta(days=7))
    assert (nextweek.minor, nextweek.before_minor, nextweek.change_percent) == (0, 6000, -100)
    earlier = figures.sold(cast.site, now=casts.NOON + timedelta(days=7, minutes=-1))
    assert earlier.before_minor == 0


def test_a_balance_in_a_list_is_the_balance_that_supply_is_decided_by(cast):
    for row in standing.of_site(cast.site, now=casts.NOON):
        one = facts.available_minor(supply_point=row.supply_point, account=row.account, meter=row.meter)
        assert row.available_minor == one


def test_a_receipt_adds_up_and_names_what_is_left(cast):
    sale = Sale.objects.get(account=cast.accounts["2-0608"])
    receipt = slip.build(sale)
    assert sum(round(float(line.value.replace(",", "")) * 100) for line in receipt.lines) == sale.amount_minor
    labels = {line.label: line.value for line in receipt.after}
    assert labels["Preset credit left to pay"] == "¥\N{NO-BREAK SPACE}0.00"
    assert labels["Balance after this"] == "¥\N{NO-BREAK SPACE}90.00"
    assert receipt.simulated
    page = text_of(as_(cast.users["cashier"]).get(f"/receipts/{sale.number}"))
    assert "SIMULATED" in page
    assert "<svg" in page


def test_the_code_on_a_receipt_proves_it_and_a_forged_one_does_not(cast):
    sale = Sale.objects.first()
    path = receipts.verify_url(sale).partition("://")[2].partition("/")[2]
    page = text_of(Client().get(f"/{path}"))
    assert "This receipt is genuine" in page
    assert sale.number in page
    assert sale.account.customer.name not in page
    forged = Client().get(f"/{path[:-1]}{'A' if path[-1] != 'A' else 'B'}")
    assert (forged.status_code, "not issued here" in text_of(forged)) == (404, True)


def test_a_reprint_says_copy_and_is_logged(cast):
    sale, client = Sale.objects.first(), as_(cast.users["cashier"])
    for copy in (1, 2):
        assert client.post(f"/receipts/{sale.number}/reprint", {"op": f"reprint-{copy}"}).status_code == 302
        assert f"COPY {copy}" in text_of(client.get(f"/receipts/{sale.number}"))
    assert LogEntry.objects.filter(act="receipt.reprinted", subject=sale.number).count() == 2


def test_the_customers_page_tells_money_use_and_messages_in_one_story(cast):
    page = text_of(as_(cast.users["cashier"]).get(f"/customers/{cast.accounts['2-0603'].number}"))
    for words in ("Sale R-", "Message: ", "Used on 2026-11-", "Account opened", "the purse moved as ordered"):
        assert words in page


def test_search_opens_the_best_hit(cast):
    client, sale = as_(cast.users["cashier"]), Sale.objects.first()
    assert client.get("/search", {"q": "2-0608"})["Location"] == f"/customers/{cast.accounts['2-0608'].number}"
    assert client.get("/search", {"q": sale.number.lower()})["Location"] == f"/receipts/{sale.number}"
    assert "2-0601" in text_of(client.get("/search", {"q": "2-06"}))
    assert "meter.check_digit" in text_of(client.get("/search", {"q": "123456789012"}))


def test_protection_is_one_persons_kindness_and_two_persons_end(cast):
    number, manager = cast.accounts["2-0608"].number, as_(cast.users["manager"])
    assert (
        as_(cast.users["cashier"])
        .post(f"/customers/{number}/protect", {"reason": "x", "op": "protect-0608-a"})
        .status_code
        == 403
    )
    assert manager.post(f"/customers/{number}/protect", {"reason": "", "op": "protect-0608-b"}).status_code == 422
    assert manager.post(f"/customers/{number}/protect", {"reason": "oxygen", "op": "protect-0608-c"}).status_code == 302
    assert SupplyPoint.objects.get(label="2-0608").protected
    assert (
        manager.post(f"/customers/{number}/unprotect", {"reason": "moved", "op": "unprotect-0608"}).status_code == 302
    )
    assert SupplyPoint.objects.get(label="2-0608").protected
    assert Approval.objects.filter(kind="supply.unprotect").count() == 1
    assert "a second person must approve" in text_of(manager.get(f"/customers/{number}"))
    refused = manager.post(f"/customers/{number}/hold", {"relay": "open", "reason": "x", "op": "hold-0608-open"})
    assert (refused.status_code, "supply.protected" in text_of(refused)) == (422, True)


def test_an_order_needs_a_reason_and_shows_on_the_page(cast):
    number, engineer = cast.accounts["2-0601"].number, as_(cast.users["engineer"])
    form = {"relay": "closed", "reason": "", "op": "hold-0601-on"}
    assert engineer.post(f"/customers/{number}/hold", form).status_code == 422
    assert engineer.post(f"/customers/{number}/hold", form | {"relay": "sideways", "reason": "x"}).status_code == 422
    assert engineer.post(f"/customers/{number}/hold", form | {"reason": "lift test"}).status_code == 302
    assert Supply.objects.get(supply_point__label="2-0601").hold_relay == "closed"
    assert "lift test" in text_of(engineer.get(f"/customers/{number}"))


def opening(client, cast, **change):
    page = text_of(client.get("/customers/open?room=2-0609"))
    op = re.search(r'name="op" value="([^"]+)"', page)[1]
    room = SupplyPoint.objects.get(label="2-0609")
    form = {"op": op, "room": room.pk, "name": "New Person", "language": "en", "policy": cast.policy.pk, "preset": "20"}
    return form | change


def test_an_account_is_opened_once_with_a_preset_and_supply_at_once(cast):
    client = as_(cast.users["cashier"])
    form = opening(client, cast, email="new@person.example")
    first, second = client.post("/customers/open", form), client.post("/customers/open", form)
    assert first["Location"] == second["Location"]
    account = Account.objects.get(customer__name="New Person")
    assert account.customer.contacts.get().address == "new@person.example"
    page = text_of(client.get(first["Location"]))
    assert "¥\N{NO-BREAK SPACE}20.00" in page
    assert "2-0609" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "Type the name"),
        ({"customer": "800000000099"}, "no customer with this number"),
        ({"preset": "20.123"}, "money.places"),
        ({"preset": "1000"}, "account.preset"),
        ({"policy": "0"}, "is-invalid"),
        ({"room": "x"}, "is-invalid"),
        ({"email": "nobody"}, "is-invalid"),
    ],
)
def test_a_wrong_opening_is_refused_and_leaves_no_row(change, words, cast):
    client = as_(cast.users["cashier"])
    form = opening(client, cast, **change)
    counts = (Account.objects.count(), Customer.objects.count(), Operation.objects.count())
    response = client.post("/customers/open", form)
    assert (response.status_code, words in text_of(response)) == (422, True)
    assert counts == (Account.objects.count(), Customer.objects.count(), Operation.objects.count())


def test_an_occupied_room_is_not_given_away(cast):
    client = as_(cast.users["cashier"])
    form = opening(client, cast, room=SupplyPoint.objects.get(label="2-0608").pk)
    response = client.post("/customers/open", form)
    assert (response.status_code, "account.occupied" in text_of(response)) == (422, True)
    assert not Customer.objects.filter(name="New Person").exists()


def test_pages_speak_the_language_of_the_person_until_they_choose(cast):
    cast.users["manager"].language = "zh-hans"
    cast.users["manager"].save()
    assert "今日售电" in text_of(as_(cast.users["manager"]).get("/"))
    client = as_(cast.users["manager"])
    client.cookies["django_language"] = "en"
    assert "Sold today" in text_of(client.get("/"))
