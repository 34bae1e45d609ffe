"""What is pressed twice happens once, what belongs to another site stays there, and cuts stop and start by a person."""

import re

import pytest
from django.test import Client
from django.utils import translation

from powertill.apps.audit.models import Approval, LogEntry
from powertill.apps.people.models import Customer
from powertill.apps.sales.models import Sale
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.apps.supply.models import SiteMode
from powertill.web.console import standing
from tests.web import cast as casts
from tests.web.money_stage import noon  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(noon):  # noqa: F811
    return casts.build(history=True)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def text_of(response):
    return response.content.decode()


def op_in(page, action):
    """Return the operation id of the form that leads there."""
    return re.search(rf'action="{re.escape(action)}".*?name="op" value="([^"]+)"', page, re.S)[1]


def test_protection_pressed_twice_is_logged_once_and_asked_for_once(cast):
    manager, number = as_(cast.users["manager"]), cast.accounts["2-0608"].number
    for act, model, kind in (("protect", LogEntry, "act"), ("unprotect", Approval, "kind")):
        url = f"/customers/{number}/{act}"
        form = {"reason": "oxygen", "op": op_in(text_of(manager.get(f"/customers/{number}")), url)}
        assert [manager.post(url, form).status_code for _ in range(2)] == [302, 302]
        name = "supply.protected" if act == "protect" else "supply.unprotect"
        assert model.objects.filter(**{kind: name}).count() == 1
        refused = manager.post(url, {"reason": "oxygen"})
        assert (refused.status_code, "operation.id" in text_of(refused)) == (422, True)
    assert SupplyPoint.objects.get(label="2-0608").protected


def test_a_reprint_pressed_twice_is_one_copy(cast):
    sale, client = Sale.objects.first(), as_(cast.users["cashier"])
    url = f"/receipts/{sale.number}/reprint"
    form = {"op": "reprint-of-this-one"}
    assert [client.post(url, form).status_code for _ in range(2)] == [302, 302]
    assert LogEntry.objects.filter(act="receipt.reprinted", subject=sale.number).count() == 1
    assert client.post(url).status_code == 422


def test_a_cut_by_order_waits_for_its_hour_unless_there_is_danger(cast):
    """Sunday: nobody is cut, but a burst pipe does not wait for Monday."""
    engineer, number = as_(cast.users["engineer"]), cast.accounts["2-0608"].number
    page = text_of(engineer.get(f"/customers/{number}"))
    url = f"/customers/{number}/hold"
    assert 'name="danger"' in page
    form = {"relay": "open", "reason": "water in the meter room", "op": op_in(page, url)}
    refused = engineer.post(url, form)
    assert (refused.status_code, "supply.hours" in text_of(refused)) == (422, True)
    assert engineer.post(url, form | {"danger": "yes"}).status_code == 302


def test_a_person_stops_all_cuts_with_a_reason_and_allows_them_again(cast):
    manager = as_(cast.users["manager"])
    assert "Stop all cuts" in text_of(manager.get("/site"))
    assert manager.post("/site/mode", {"mode": "no_cut", "reason": " "}).status_code == 422
    assert as_(cast.users["cashier"]).post("/site/mode", {"mode": "no_cut", "reason": "x"}).status_code == 403
    assert manager.post("/site/mode", {"mode": "no_cut", "reason": "typhoon 100%"}).status_code == 302
    for url in ("/", "/site"):
        page = text_of(manager.get(url))
        assert 'id="no-cut"' in page and "typhoon 100%" in page and "Since " in page
    assert "Allow cuts again" in text_of(manager.get("/site"))
    assert manager.post("/site/mode", {"mode": "normal", "reason": "over"}).status_code == 302
    assert SiteMode.objects.get(site=cast.site).mode == "normal"
    assert 'id="no-cut"' not in text_of(manager.get("/"))


def test_another_sites_customer_is_nobody_here(cast):
    elsewhere = Customer.objects.create(number="800000000990", name="Elsewhere", language="en")
    client, room = as_(cast.users["cashier"]), SupplyPoint.objects.get(label="2-0609")
    form = {"op": "open-an-account", "room": room.pk, "language": "en", "policy": cast.policy.pk}
    for number in (elsewhere.number, "800000000999"):
        response = client.post("/customers/open", form | {"customer": number})
        assert response.status_code == 422
        assert "There is no customer with this number." in text_of(response)
    assert not Account.objects.filter(customer=elsewhere).exists()
    known = client.post("/customers/open", form | {"customer": "800000000006"})
    assert known.status_code == 302


def test_a_lost_answer_is_found_under_another_login_and_not_called_unsold(cast):
    casts.sell(cast, "2-0608", 5000)
    sale = Sale.objects.first()
    found = as_(cast.users["manager"]).post("/sell/outcome", {"op": sale.operation_id}, headers={"HX-Request": "true"})
    assert sale.number in text_of(found)
    elsewhere = as_(casts.stranger()).post("/sell/outcome", {"op": sale.operation_id}, headers={"HX-Request": "true"})
    assert "another site" in text_of(elsewhere) and "Nothing was sold" not in text_of(elsewhere)


def test_desk_and_portal_say_the_same_of_how_long_credit_lasts(cast):
    from powertill.apps.people.models import User

    lodger = User.objects.create(username="lodger")
    account = cast.accounts["2-0608"]
    Customer.objects.filter(pk=account.customer_id).update(user=lodger, language="en")
    stands = standing.of_account(account, now=casts.NOON)
    with translation.override("en"):
        said = standing.lasting(stands, now=casts.NOON)
    assert said
    assert said in text_of(as_(lodger).get("/my/"))
    assert said in text_of(as_(cast.users["cashier"]).get(f"/customers/{account.number}"))
