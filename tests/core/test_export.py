"""Energy fed back: the price in the terms, and credits that add up to the month."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powertill.core.errors import Refusal
from powertill.core.span import Span
from powertill.core.tariff.export import ExportState, credit
from powertill.core.tariff.terms import Plan, parse
from tests.core.examples import FLAT, QUARTER, terms

START = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)  # 1 November, midnight in Shanghai


def plan(price: object = "25.37") -> Plan:
    return parse({**terms(FLAT), "export": {"minor_per_kwh": price}})


def test_the_price_is_read_from_the_terms():
    assert plan().export_minor_per_kwh == Decimal("25.37")
    assert parse(terms(FLAT)).export_minor_per_kwh is None
    assert parse({**terms(FLAT), "export": None}).export_minor_per_kwh is None


@pytest.mark.parametrize(
    ("export", "code"),
    [
        ({"minor_per_kwh": "-1"}, "tariff.negative"),
        ({"minor_per_kwh": 25.0}, "tariff.number"),
        ({"minor_per_kwh": "NaN"}, "tariff.number"),
        ({}, "tariff.missing"),
        ({"minor_per_kwh": "1", "per": "day"}, "tariff.unknown_field"),
        ("25", "tariff.text"),
    ],
)
def test_bad_export_terms_are_refused(export, code):
    with pytest.raises(Refusal) as refused:
        parse({**terms(FLAT), "export": export})
    assert refused.value.code == code


def test_no_price_means_no_credit():
    assert credit(parse(terms(FLAT)), ExportState(), Span(START, START + QUARTER), 500) == (0, ExportState())


def test_negative_energy_is_refused():
    with pytest.raises(Refusal, match=r"tariff\.use"):
        credit(plan(), ExportState(), Span(START, START + QUARTER), -1)


@settings(max_examples=100)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=300))
def test_quarter_hours_add_up_to_the_month(quarters):
    state, total, at = ExportState(), 0, START
    for wh in quarters:
        minor, state = credit(plan(), state, Span(at, at + QUARTER), wh)
        total, at = total + minor, at + QUARTER
    whole, _state = credit(plan(), ExportState(), Span(START, at), sum(quarters))
    assert total == whole


def test_a_new_month_is_rounded_on_its_own():
    end_of_month = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    span = Span(end_of_month - timedelta(hours=1), end_of_month + timedelta(hours=1))
    minor, state = credit(plan("1"), ExportState(), span, 3000)
    assert (minor, state.cost, state.posted_minor) == (4, Decimal("1.5"), 2)  # 1.5 is 2, twice: half to even


def test_late_credit_stays_in_the_present_month():
    december = ExportState(datetime(2026, 12, 1).date(), Decimal("1"), 1)
    minor, state = credit(plan("10"), december, Span(START, START + QUARTER), 1000)
    assert (minor, state.month) == (10, december.month)
