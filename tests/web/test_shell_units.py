"""Numbers and times as people read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from powertill.web.templatetags import units

NOON = datetime(2026, 11, 22, 4, 31, 7, tzinfo=UTC)
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("minor", "where", "shown"),
    [
        (123450, "CNY", f"¥{SPACE}1,234.50"),
        (-300, "CNY", f"−¥{SPACE}3.00"),
        (0, "CNY", f"¥{SPACE}0.00"),
        (1234, "JPY", f"¥{SPACE}1,234"),
        (1234567, "KES", f"KSh{SPACE}12,345.67"),
        (1234, SimpleNamespace(currency="CNY", exponent=3), f"¥{SPACE}1.234"),
        (None, "CNY", "–"),
    ],
)
def test_money_is_shown_to_the_last_minor_unit(minor, where, shown):
    assert units.money(minor, where) == shown


def test_the_sign_is_the_same_in_both_languages():
    with translation.override("zh-hans"):
        assert units.money(1520, "CNY") == f"¥{SPACE}15.20"


@pytest.mark.parametrize(
    ("wh", "places", "shown"),
    [
        (163900, 2, "163.90"),
        (163900, 1, "163.9"),
        (5, 2, "0.00"),
        (15, 2, "0.02"),
        (-2500, 1, "−2.5"),
        (1234567890, 0, "1,234,568"),
    ],
)
def test_energy_rounds_half_to_even_for_the_eye_only(wh, places, shown):
    assert units.kwh(wh, places) == f"{shown}{SPACE}kWh"


@pytest.mark.parametrize(
    ("fen", "shown"), [("52.83", "0.5283"), ("50", "0.5000"), ("30.8312", "0.308312"), ("1200", "12.0000")]
)
def test_a_price_keeps_every_digit_it_has(fen, shown):
    assert units.price(Decimal(fen), "CNY") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (11520, "3 h 12 min ago"),
        (86400, "24 h ago"),
        (172800, "2 days ago"),
        (-7200, "in 2 h"),
    ],
)
def test_an_age_has_one_sensible_unit(seconds, shown):
    assert units.ago(NOON - timedelta(seconds=seconds), NOON) == shown


def test_a_time_is_the_sites_and_names_its_zone():
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        shown = units.site_time(NOON)
    assert ">22 Nov 12:31<" in shown
    assert 'title="2026-11-22 12:31:07 +0800 Asia/Shanghai"' in shown


def test_a_reading_of_yesterday_says_its_day_and_an_old_one_that_it_is_stale():
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert units.age(NOON - timedelta(minutes=6), NOON)["kind"] == "time"
        old = units.age(NOON - timedelta(hours=13), NOON)
    assert (old["kind"], old["stale"]) == ("short", True)


def test_a_token_is_read_in_groups_of_four():
    assert units.groups_of_four("58210094771300264410") == "5821 0094 7713 0026 4410"
