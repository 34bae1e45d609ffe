"""The demo site as data: complete, unique and checkable numbers, and the customers the story needs."""

from collections import Counter
from datetime import date

import pytest

from powertill.core import check_digit
from powertill.core.supply import policy
from powertill.simulators.town import holidays, prices, site


def test_there_are_64_units_on_four_gateways():
    assert Counter(unit.gateway for unit in site.UNITS) == dict.fromkeys(site.GATEWAYS, 16)
    assert Counter(unit.is_shop for unit in site.UNITS) == {False: 48, True: 16}


@pytest.mark.parametrize("what", ["label", "number"])
def test_no_two_units_share_a_label_or_a_meter_number(what):
    assert len({getattr(unit, what) for unit in site.UNITS}) == len(site.UNITS)


def test_meter_and_customer_numbers_carry_check_digits():
    for unit in site.UNITS:
        for number in (unit.number, unit.person.number):
            assert len(number) == 12
            assert check_digit.valid(number)


def test_phones_differ_in_the_four_digits_that_staff_search_by():
    assert len({unit.person.phone[-4:] for unit in site.UNITS}) == len(site.UNITS)


def test_every_panel_hangs_below_the_transformer():
    parents = {place.code: place.parent for place in site.PLACES}
    for unit in site.UNITS:
        assert parents[parents[unit.panel]] == "TX1"


def test_purses_are_in_half_of_the_flats_meters_and_in_all_shops_accounts():
    places = Counter((unit.is_shop, unit.place) for unit in site.UNITS)
    assert places == {(False, "meter"): 24, (False, "account"): 24, (True, "account"): 16}


def test_the_story_flat_is_vacant_and_everybody_else_has_paid():
    assert site.STORY.label == "2-0604"
    assert (site.STORY.place, site.STORY.phases, site.STORY.person.name) == ("meter", 1, "王芳")
    assert [unit.label for unit in site.UNITS if not unit.purchase_minor] == ["2-0604"]
    paid = [unit.purchase_minor for unit in site.UNITS if unit.purchase_minor and not unit.protected_reason]
    assert all(2_000 <= minor <= 60_000 for minor in paid)


def test_the_special_customers_are_there():
    assert site.unit("1-0603").load == "solar"
    assert site.unit("1-0603").place == "account"
    assert site.unit("1-0202").protected_reason
    assert site.unit("1-0202").purchase_minor < 1_000
    assert site.unit("2-0303").debt_minor > 0


def test_the_policies_are_understood():
    residential, shops = (policy.from_terms(terms) for terms in prices.POLICIES)
    assert (residential.warn_minor, residential.notice_hours) == ((3000, 1000), 12)
    assert shops.warn_minor[0] > residential.warn_minor[0]


def test_the_calendar_names_each_holiday_once():
    days = [day for day, _name in holidays.HOLIDAYS]
    assert len(set(days)) == len(days) == 33 + 13
    assert date(2026, 10, 1) in days
    assert date(2026, 11, 23) not in days
    assert max(days) <= holidays.KNOWN_TO
