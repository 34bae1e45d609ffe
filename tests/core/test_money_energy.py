"""Money is read strictly, rounded once and shared without loss; energy likewise."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.core.energy import affordable_wh, cost, format_kw, format_kwh, mean_price, split_wh, wh_from_kwh
from powertill.core.errors import Refusal
from powertill.core.money import (
    format_minor,
    inclusive_tax,
    parse_minor,
    round_minor,
    share,
    share_per_mille_cap,
)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("50", 5000), ("50.5", 5050), ("50.25", 5025), ("0.01", 1), ("007", 700), ("1000000", 100_000_000)],
)
def test_an_amount_is_read(text: str, minor: int) -> None:
    assert parse_minor(text) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "money.empty"),
        ("+5", "money.format"),
        ("-5", "money.format"),
        ("５０", "money.format"),
        ("٥", "money.format"),
        ("1e3", "money.format"),
        ("1e308", "money.format"),
        ("NaN", "money.format"),
        ("Infinity", "money.format"),
        ("1_000", "money.format"),
        ("1,000", "money.format"),
        (" 5", "money.format"),
        ("5\n", "money.format"),
        (".5", "money.format"),
        ("5.", "money.format"),
        ("1.2.3", "money.format"),
        ("9" * 41, "money.format"),
        ("1.005", "money.places"),
        ("0", "money.zero"),
        ("0.00", "money.zero"),
        ("1000000.01", "money.large"),
    ],
)
def test_rubbish_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_minor(text)
    assert refusal.value.code == code
    assert "%(" not in refusal.value.text()


def test_zero_and_other_exponents_are_read_when_allowed() -> None:
    assert parse_minor("0", allow_zero=True) == 0
    assert parse_minor("500", exponent=0) == 500
    assert parse_minor("1.005", exponent=3) == 1005


@given(st.text(max_size=50))
def test_any_text_is_an_amount_in_range_or_a_refusal(text: str) -> None:
    try:
        minor = parse_minor(text)
    except Refusal as refusal:
        assert refusal.code.startswith("money.")
    else:
        assert text.isascii()
        assert 0 < minor <= 100_000_000
        assert Decimal(text) * 100 == minor


@given(st.integers(1, 100_000_000), st.integers(0, 4))
def test_what_is_written_is_read_back(minor: int, exponent: int) -> None:
    assert parse_minor(format_minor(minor, exponent=exponent, grouped=False), exponent=exponent) == minor


@pytest.mark.parametrize(
    ("minor", "text"), [(123450, "1,234.50"), (-300, "-3.00"), (0, "0.00"), (-5, "-0.05"), (100, "1.00")]
)
def test_money_is_written_as_people_write_it(minor: int, text: str) -> None:
    assert format_minor(minor) == text


@pytest.mark.parametrize(("exact", "minor"), [("0.5", 0), ("1.5", 2), ("2.5", 2), ("-0.5", 0), ("2.51", 3)])
def test_half_a_minor_unit_goes_to_the_even_one(exact: str, minor: int) -> None:
    assert round_minor(Decimal(exact)) == minor


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_shares_sum_to_the_total_and_are_less_than_one_unit_off(total: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        with pytest.raises(ValueError, match="not all zero"):
            share(total, weights)
        return
    parts = share(total, weights)
    assert sum(parts) == total
    assert all(
        abs(part * sum(weights) - total * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True)
    )


def test_the_largest_remainder_gets_the_odd_unit() -> None:
    assert share(10, (1, 1, 1)) == (4, 3, 3)
    assert share(100, (Decimal("0.5"), Decimal("0.25"), Decimal("0.25"))) == (50, 25, 25)
    assert split_wh(7, (900, 900)) == (4, 3)


def test_caps_are_rounded_for_the_payer_and_tax_is_taken_out_of_the_gross() -> None:
    assert share_per_mille_cap(999, 500) == 499
    assert inclusive_tax(Decimal(113), 130) == 13


def test_energy_is_whole_wh_or_refused() -> None:
    assert wh_from_kwh(Decimal("1.234")) == 1234
    for text in ("1.2345", "NaN", "Infinity"):
        with pytest.raises(Refusal, match=r"energy\.fraction"):
            wh_from_kwh(Decimal(text))
    assert format_kwh(1_234_560) == "1,234.56"


def test_the_price_of_energy_is_exact() -> None:
    assert cost(1, Decimal("30.83")) == Decimal("0.03083")
    assert cost(10**12, Decimal("123456789.123456")) == Decimal("123456789123456000")


@given(st.integers(0, 10**8), st.decimals("0.0001", "9999", places=4))
def test_money_buys_the_most_wh_that_it_can(minor: int, price: Decimal) -> None:
    wh = affordable_wh(minor, price)
    assert cost(wh, price) <= minor < cost(wh + 1, price)


def test_a_price_of_zero_has_no_answer() -> None:
    with pytest.raises(ValueError, match="without limit"):
        affordable_wh(1, Decimal(0))


def test_a_mean_price_is_exact_and_needs_energy():
    assert mean_price(5683, 100_000) == Decimal("56.83")
    with pytest.raises(ValueError, match="no energy"):
        mean_price(1, 0)


def test_power_reads_like_energy():
    assert format_kw(412_550) == "412.6"
    assert format_kw(-1_000_000, 0) == "-1,000"
