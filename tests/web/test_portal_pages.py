"""The customer portal by the test client: own accounts only, friendly words, empty states, weight."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.web.plant_cast import NOW, Cast, cast_fixture, signed_in, stage_fixture  # noqa: F401
from tests.web.plant_rooms import new_user

pytestmark = pytest.mark.django_db
FIRST_VIEW_BYTES_MAX = 40 * 1024


def shown(cast: Cast, page: str = "/my/", **wish: str) -> str:
    return signed_in(cast, "grace").get(page, wish).content.decode()


def test_the_first_page_shows_the_balance_its_age_and_how_long_it_lasts(cast: Cast) -> None:
    text = shown(cast)
    assert "¥\N{NO-BREAK SPACE}15.20" in text and "4 min ago" in text
    assert "About 3 days left" in text and "Thursday" in text
    assert "We warn you when credit is below 30.00" in text


def test_the_hours_of_today_add_up_to_what_was_charged(cast: Cast) -> None:
    from powertill.apps.metering.models import Charge

    total = signed_in(cast, "grace").get("/my/").context["total"]
    midnight = NOW.replace(hour=0, minute=0, second=0)
    rows = Charge.objects.filter(from_at__gte=midnight)
    assert total.wh == sum(row.wh for row in rows) and total.minor == sum(row.minor for row in rows)


def test_the_rates_of_the_month_add_up_to_what_was_charged(cast: Cast) -> None:
    from powertill.apps.metering.models import Charge

    answer = signed_in(cast, "grace").get("/my/", {"view": "rate"})
    rows = Charge.objects.filter(to_at__gt=NOW.replace(day=1, hour=0, minute=0, second=0))
    assert answer.context["total"].minor == sum(row.minor for row in rows)
    assert {rate.band for rate in answer.context["rates"]} == {"valley", "flat", "peak", "Meter rent"}


@pytest.mark.parametrize("view", ["day", "week", "month", "rate", "nonsense"])
def test_every_view_weighs_little_and_needs_no_script(cast: Cast, view: str) -> None:
    text = shown(cast, view=view)
    assert len(gzip.compress(text.encode())) < FIRST_VIEW_BYTES_MAX // 3
    assert "<script" not in text.replace('<script src="/static/web/theme.js"></script>', "")


def test_the_first_view_with_its_styles_is_below_forty_kilobytes(cast: Cast) -> None:
    text = shown(cast)
    names = set(re.findall(r'(?:href|src)="/static/([^"]+)"', text))
    assert names
    parts = [text.encode(), *(Path(finders.find(name)).read_bytes() for name in names)]
    assert sum(len(gzip.compress(part)) for part in parts) < FIRST_VIEW_BYTES_MAX


def test_another_customers_account_and_receipt_are_not_found(cast: Cast) -> None:
    from powertill.apps.sales.models import Sale

    other = cast.account["1-0101"]
    other.customer.user = cast.person["other"] = new_user("other")
    other.customer.save(update_fields=["user"])
    receipt = Sale.objects.first()
    assert receipt is not None
    for page in ("/my/", "/my/receipts", "/my/alerts", "/my/power", "/my/top-up"):
        assert signed_in(cast, "grace").get(page, {"account": other.number}).status_code == 404, page
        assert signed_in(cast, "other").get(page).status_code == 200
    assert signed_in(cast, "grace").get(f"/my/receipts/{receipt.number}").status_code == 200
    assert signed_in(cast, "other").get(f"/my/receipts/{receipt.number}").status_code == 404
    assert signed_in(cast, "other").get("/my/receipts").context["rows"] == []
    assert signed_in(cast, "grace").get("/my/receipts/R-999999").status_code == 404
    assert signed_in(cast, "grace").get("/my/receipts/nonsense").status_code == 404


def test_nobody_sees_a_customers_page_without_signing_in(cast: Cast) -> None:
    for page in ("/my/", "/my/receipts", "/my/alerts", "/my/power", "/my/top-up"):
        assert Client().get(page).status_code == 302


def test_staff_without_a_customer_get_a_friendly_page(cast: Cast) -> None:
    text = signed_in(cast, "cai").get("/my/").content.decode()
    assert "not linked to a customer" in text and "Go to the console" in text


def test_a_customer_does_not_get_into_the_console(cast: Cast) -> None:
    for page in ("/meters", "/site", "/tariffs", "/audit"):
        assert signed_in(cast, "grace").get(page).status_code in {302, 403}


def test_a_customer_with_two_accounts_chooses_between_them(cast: Cast) -> None:
    second = cast.account["1-0102"]
    second.customer = cast.account["2-0608"].customer
    second.save(update_fields=["customer"])
    text = shown(cast, account=second.number)
    assert "Room 1-0102" in text and f"account={second.number}" in text


def test_what_a_payment_buys_is_the_counters_quote(cast: Cast) -> None:
    answer = signed_in(cast, "grace").get("/my/top-up", {"amount": "50"})
    quote = answer.context["quote"]
    assert quote.amount_minor == 5000 and sum(part.minor for part in quote.parts) == 5000
    assert "Nothing was" not in answer.content.decode()


@pytest.mark.parametrize("amount", ["0", "-5", "1e9", "fifty", "９９"])
def test_an_amount_that_is_none_is_refused_in_words(cast: Cast, amount: str) -> None:
    answer = signed_in(cast, "grace").get("/my/top-up", {"amount": amount})
    assert answer.status_code == 200 and "refused" in answer.context and "quote" not in answer.context


def cause(cast: Cast, **changes: object) -> str:
    from powertill.apps.supply.models import Supply

    Supply.objects.filter(supply_point=cast.room["2-0608"]).update(**changes)
    return str(signed_in(cast, "grace").get("/my/power").context["cause"].code)


def test_power_is_off_why(cast: Cast) -> None:
    assert cause(cast) == "on"
    assert cause(cast, seen_relay="open", seen_permitted=True) == "button"
    assert cause(cast, seen_permitted=False) == "switching"
    assert cause(cast, wanted_relay="open", code="supply.off_until_paid") == "credit"
    assert cause(cast, hold_relay="open") == "held"
    assert "Power is off" in shown(cast)


def test_a_meter_that_is_not_heard_claims_nothing(cast: Cast) -> None:
    meter = cast.meter["2-0608"]
    meter.seen_at = NOW - timedelta(hours=5)
    meter.save(update_fields=["seen_at"])
    assert cause(cast) == "unheard"


def test_a_new_account_without_use_says_when_the_forecast_comes(cast: Cast) -> None:

    account = cast.account["1-0103"]
    account.customer.user = cast.person["new"] = new_user("new")
    account.customer.save(update_fields=["user"])
    text = signed_in(cast, "new").get("/my/").content.decode()
    assert "after three whole days of use" in text and "none yet" in text
    assert "No receipt yet" in signed_in(cast, "new").get("/my/receipts").content.decode()
    assert "we cannot warn you" in signed_in(cast, "new").get("/my/alerts").content.decode()


def test_a_customer_who_moved_out_still_sees_the_balance(cast: Cast) -> None:
    from powertill.apps.sites.models import Occupancy

    Occupancy.objects.filter(account=cast.account["2-0608"]).update(to_at=NOW - timedelta(days=1))
    text = shown(cast)
    assert "no room at present" in text and "15.20" in text
    assert (
        signed_in(cast, "grace").get("/my/top-up", {"amount": "20"}).context["refused"].code == "sale.no_supply_point"
    )


def test_the_portal_speaks_the_customers_language(cast: Cast) -> None:
    customer = cast.account["2-0608"].customer
    customer.language = "zh-hans"
    customer.save(update_fields=["language"])
    answer = signed_in(cast, "grace").get("/my/")
    assert 'lang="zh-hans"' in answer.content.decode()
