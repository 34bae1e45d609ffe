"""The money pages in Chromium: a sale by keyboard alone, quiet consoles, no serious accessibility fault."""

import shutil
from datetime import timedelta

import pytest

from powertill.apps.notices.models import Message
from powertill.apps.sales import quoting
from powertill.apps.sales.models import Sale
from powertill.web.console import receipts
from tests.web import cast as casts
from tests.web.money_stage import LOOKS, base, browser, noon, sign_in  # noqa: F401

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the Debian package chromium"),
]


@pytest.fixture
def cast(base):  # noqa: F811
    return casts.build()


@pytest.fixture
def desk(cast, base, browser):  # noqa: F811
    context = sign_in(browser.new_context(**LOOKS["light"]), base, cast.users["cashier"])
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.said = said
    page.goto(f"{base}/sell")
    yield page
    context.close()


def sold(cast, room):
    return Sale.objects.filter(account=cast.accounts[room]).order_by("-id").first()


def test_a_repeat_customer_is_sold_to_with_eight_keys(desk, cast):
    keys = ["0", "6", "0", "8", "Enter", "3", "Control+Enter"]  # Control and Enter are two keys: eight in all
    for key in keys:
        desk.keyboard.press(key)
    desk.wait_for_selector("#last-sale[data-sold]")
    sale = sold(cast, "2-0608")
    assert (sale.amount_minor, sale.given_minor, sale.tender) == (10_000, 10_000, "cash")
    assert desk.evaluate("document.activeElement.id") == "who"
    assert desk.input_value("#who") == ""
    assert desk.evaluate("sessionStorage.getItem('powertill.sale')") is None
    assert not desk.said


def test_any_amount_can_be_typed_from_the_quick_keys_and_paid_otherwise(desk, cast):
    desk.keyboard.type("noodle")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#amount")
    desk.keyboard.type("35.5")
    assert desk.input_value("#amount") == "35.5"
    desk.keyboard.press("F3")
    desk.wait_for_selector("#sell-button:not([disabled])")
    assert not desk.is_visible("#given")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#last-sale[data-sold]")
    sale = sold(cast, "2-0605")
    assert (sale.amount_minor, sale.tender) == (3550, "qr")


def test_arrows_choose_and_the_change_is_computed(desk, cast):
    desk.keyboard.type("2-06")
    desk.wait_for_selector("#hits [role=option]")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#amount")
    assert "2-0602" in desk.inner_text("#how h2")
    desk.keyboard.press("2")
    desk.fill("#given", "70")
    desk.wait_for_selector("#change:has-text('20.00')")
    desk.fill("#given", "49")
    desk.wait_for_selector("#gets .refusal")
    assert desk.is_disabled("#sell-button")
    desk.keyboard.press("Escape")
    assert desk.evaluate("document.activeElement.id") == "who"


def test_a_double_click_sells_once(desk, cast):
    desk.keyboard.type("0601")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#amount")
    desk.keyboard.press("1")
    desk.wait_for_selector("#sell-button:not([disabled])")
    desk.dblclick("#sell-button")
    desk.wait_for_selector("#last-sale[data-sold]")
    desk.wait_for_timeout(300)
    assert Sale.objects.filter(account=cast.accounts["2-0601"], amount_minor=2000).count() == 1
    assert not desk.said


def test_a_lost_answer_is_asked_for_and_not_sold_again(desk, cast, base):  # noqa: F811
    desk.keyboard.type("0601")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#amount")
    desk.keyboard.press("1")
    desk.wait_for_selector("#sell-button:not([disabled])")

    def swallow(route):
        route.fetch()  # the sale is made, and its answer is lost on the way back
        route.abort()

    desk.route("**/pay", swallow)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#lost button")
    assert desk.is_disabled("#sell-button")
    desk.click("#lost button")
    desk.wait_for_selector("#last-sale[data-sold]")
    assert desk.get_attribute("#last-sale", "data-number") == sold(cast, "2-0601").number
    assert Sale.objects.filter(account=cast.accounts["2-0601"], amount_minor=2000).count() == 1
    assert not desk.is_visible("#lost")


def test_credit_arrives_on_the_meter_while_the_cashier_looks_on(desk, cast):
    desk.keyboard.type("0604")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#amount")
    desk.keyboard.press("2")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#last-sale[data-sold]")
    assert "credit made" in desk.inner_text("#last-sale .here")
    desk.click("#last-sale .slip-fold summary")
    casts.deliver(cast, "2-0604", at=casts.NOON)
    desk.wait_for_timeout(2500)
    assert "credit made" in desk.inner_text("#last-sale .here")  # nothing moves under the eyes of a reader
    desk.click("#last-sale .slip-fold summary")
    desk.wait_for_selector("#last-sale .here:has-text('on the meter')")


@pytest.mark.parametrize("look", LOOKS)
def test_every_money_page_is_quiet_and_accessible(look, cast, base, browser):  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe

    casts.sell(cast, "2-0604", 3000, at=casts.NOON - timedelta(minutes=14))
    casts.cut(cast, "2-0605")
    number, sale = cast.accounts["2-0604"].number, Sale.objects.first()
    context = sign_in(browser.new_context(**LOOKS[look]), base, cast.users["manager"])
    language = "zh-hans" if look == "zh" else "en"
    context.add_cookies([{"name": "django_language", "value": language, "url": base}])
    page, said, wrong = context.new_page(), [], {}
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for url in (
        "/",
        f"/sell?account={number}&q=2-06",
        "/customers",
        f"/customers/{number}",
        "/customers/open",
        "/messages",
        f"/messages/{Message.objects.first().pk}",
        "/receipts",
        f"/receipts/{sale.number}",
        "/search?q=2-06&all",
        "/" + receipts.verify_url(sale).partition("://")[2].partition("/")[2],
    ):
        page.goto(base + url)
        found = Axe().run(page).response["violations"]
        serious = [rule["id"] for rule in found if rule["impact"] in {"serious", "critical"}]
        if serious:
            wrong[url] = [(rule["id"], [node["html"][:140] for node in rule["nodes"][:3]]) for rule in found]
    context.close()
    assert (said, wrong) == ([], {})


def chosen_and_quoted(desk):
    desk.keyboard.type("noodle")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#amount")
    desk.keyboard.type("35.5")
    desk.wait_for_selector("#gets td:text-is('35.50')")
    desk.wait_for_selector("#sale:not([data-quoting])")


def test_a_quote_that_expired_is_replaced_and_the_same_keys_sell(desk, cast, monkeypatch):
    chosen_and_quoted(desk)
    before = sold(cast, "2-0605").pk
    monkeypatch.setattr("powertill.clock._real", lambda: casts.NOON + quoting.LIFE)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#gets .refusal")
    assert sold(cast, "2-0605").pk == before
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#last-sale[data-sold]")
    assert sold(cast, "2-0605").amount_minor == 3550


def test_a_quote_renews_itself_while_the_cashier_waits(desk, monkeypatch):
    desk.clock.install()
    desk.reload()
    chosen_and_quoted(desk)
    first = desk.get_attribute("input[name=quote]", "value")
    monkeypatch.setattr("powertill.clock._real", lambda: casts.NOON + timedelta(minutes=5))
    desk.clock.fast_forward(61_000)
    desk.wait_for_function("old => document.querySelector('input[name=quote]').value !== old", arg=first)
    desk.wait_for_selector("#sell-button:not([disabled])")
