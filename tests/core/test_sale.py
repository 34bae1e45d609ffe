"""A payment is split so that its parts sum to it, debts and fees stay under their cap, and energy is never oversold."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.core.errors import Refusal
from powertill.core.sale import Arrear, Fee, Quote, SalePolicy, quote
from powertill.core.tariff.engine import State

from .examples import BOTH, FLAT, LADDER, TIME_OF_USE, VAT_ADDED, VAT_INSIDE, local, plan

NOON = local("2026-01-05 12:00")
ROUND = plan(FLAT | {"minor_per_kwh": "50"})
PLANS = [
    ROUND,
    plan(LADDER, VAT_INSIDE),
    plan(TIME_OF_USE, VAT_ADDED),
    plan(BOTH, VAT_INSIDE),
    plan(FLAT | {"minor_per_kwh": "123456.789"}),
    plan(FLAT | {"minor_per_kwh": "0"}),
    plan({"kind": "ladder", "name": "Energy", "blocks": [
        {"name": "free", "up_to_kwh": "10", "minor_per_kwh": "0"},
        {"name": "paid", "up_to_kwh": None, "minor_per_kwh": "99.99"},
    ]}),
    plan(TIME_OF_USE | {"bands": [
        {"name": "cheap", "minor_per_kwh": "0.0001", "when": [{"hours": ["00:00-12:00"]}]},
        {"name": "dear", "minor_per_kwh": "99999999", "when": [{"hours": ["12:00-24:00"]}]},
    ]}),
]  # fmt: skip


def ask(amount_minor: int, **params: Any) -> Quote:
    given_params: dict[str, Any] = {"plan": ROUND, "state": State(), "at": NOON} | params
    return quote(amount_minor=amount_minor, **given_params)


def told(result: Quote) -> list[tuple[str, str, int]]:
    return [(part.kind, part.code, part.minor) for part in result.parts]


def test_all_of_a_plain_payment_is_credit() -> None:
    result = ask(5000)
    assert told(result) == [("energy", "T1", 5000)]
    assert (result.credit_minor, result.wh_estimate) == (5000, 100_000)


def test_the_preset_is_repaid_first_and_whole() -> None:
    result = ask(5000, preset_owed_minor=2000, arrears=(Arrear("old", "Old debt", 9000),))
    assert told(result) == [("preset", "preset", 2000), ("debt", "old", 2500), ("energy", "T1", 500)]
    assert told(ask(1500, preset_owed_minor=2000)) == [("preset", "preset", 1500)]


def test_debts_and_fees_share_one_cap() -> None:
    arrears = (Arrear("a", "First", 9000, cap_per_mille=300), Arrear("b", "Second", 100))
    result = ask(1001, arrears=arrears, fees=(Fee("rent", "Rent", 5000),))
    assert told(result) == [("debt", "a", 300), ("debt", "b", 100), ("fee", "rent", 100), ("energy", "T1", 501)]


def test_the_operator_may_switch_the_lifeline_off() -> None:
    policy = SalePolicy(lifeline_first=False)
    assert told(ask(1000, fees=(Fee("rent", "Rent", 5000),), policy=policy)) == [("fee", "rent", 1000)]


@pytest.mark.parametrize("amount_minor", [-1, 0, 99, 50_001])
def test_an_amount_outside_the_limits_is_refused(amount_minor: int) -> None:
    with pytest.raises(Refusal) as refusal:
        ask(amount_minor, policy=SalePolicy(minor_min=100, minor_max=50_000))
    assert "between 1.00 and 500.00" in refusal.value.text()


@pytest.mark.parametrize("amount_minor", [100, 50_000])
def test_the_limits_themselves_are_allowed(amount_minor: int) -> None:
    assert ask(amount_minor, policy=SalePolicy(minor_min=100, minor_max=50_000)).credit_minor == amount_minor


def test_energy_is_told_from_the_present_place_on_the_ladder() -> None:
    state = State(month=date(2026, 1, 1), month_wh=29_000, year=2026, year_wh=29_000)
    result = ask(50 + 12_340 + 9233, plan=plan(LADDER, VAT_INSIDE), state=state)
    assert [(part.block, part.wh, part.minor) for part in result.parts] == [
        ("lifeline", 1_000, 50),
        ("ordinary", 200_000, 12_340),
        ("high", 100_000, 9_233),
    ]
    assert result.tax_included_minor == round(Decimal(21_623) * 130 / 1130)


def test_a_new_month_begins_at_the_first_block() -> None:
    state = State(month=date(2025, 12, 1), month_wh=900_000, year=2025, year_wh=900_000)
    assert ask(100, plan=plan(LADDER), state=state).parts[0].block == "lifeline"


def test_energy_is_told_at_the_usual_mix() -> None:
    result = ask(8084, plan=plan(TIME_OF_USE), mix={"valley": 500, "day": 0, "peak": 500})
    wh = {part.band: part.wh for part in result.parts}
    assert set(wh) == {"valley", "peak"}
    assert abs(wh["valley"] - wh["peak"]) <= 1


def test_without_a_mix_each_band_counts_with_its_hours() -> None:
    result = ask(100_000, plan=plan(TIME_OF_USE))
    wh = {part.band: part.wh for part in result.parts}
    assert abs(wh["valley"] * 4 - wh["peak"] * 10) <= 10


def test_an_unknown_band_in_the_mix_is_refused() -> None:
    with pytest.raises(Refusal, match=r"sale\.mix"):
        ask(5000, mix={"night": 1000})


def test_what_buys_nothing_is_kept_as_credit() -> None:
    result = ask(200, plan=plan(FLAT | {"minor_per_kwh": "123456"}))
    assert told(result) == [("energy", "T1", 124), ("remainder", "remainder", 76)]
    assert (result.credit_minor, result.wh_estimate) == (200, 1)
    assert told(ask(100, plan=PLANS[5])) == [("remainder", "remainder", 100)]


def test_an_added_tax_is_in_the_prices_of_the_sale() -> None:
    result = ask(113_00, plan=plan(FLAT | {"minor_per_kwh": "50"}, VAT_ADDED))
    assert (result.wh_estimate, result.tax_included_minor) == (200_000, 13_00)
    assert result.parts[0].minor_per_kwh == Decimal("56.5")


@pytest.mark.parametrize("bad", [{"arrears": (Arrear("a", "A", -1),)}, {"fees": (Fee("f", "F", -1),)}])
def test_negative_debts_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"sale\.owed"):
        ask(5000, **bad)


@given(
    amount=st.integers(100, 10_000_000),
    sold=st.sampled_from(PLANS),
    month_wh=st.integers(0, 300_000),
    owed=st.lists(st.integers(0, 10**6), max_size=3),
    caps=st.integers(0, 1000),
    preset=st.integers(0, 10_000),
    weights=st.lists(st.integers(0, 1000), min_size=3, max_size=3),
)
def test_parts_always_sum_to_the_payment(amount, sold, month_wh, owed, caps, preset, weights) -> None:  # type: ignore[no-untyped-def]
    state = State(month=date(2026, 1, 1), month_wh=month_wh, year=2026, year_wh=month_wh)
    arrears = tuple(Arrear(f"d{n}", "Debt", minor, caps) for n, minor in enumerate(owed))
    result = ask(
        amount,
        plan=sold,
        state=state,
        preset_owed_minor=preset,
        arrears=arrears,
        fees=(Fee("f", "Fee", 777),),
        mix=dict(zip(sold.band_names, weights, strict=False)),
    )
    assert sum(part.minor for part in result.parts) == amount
    assert all(part.minor >= 0 for part in result.parts)
    assert sum(part.minor for part in result.parts if part.kind in ("debt", "fee")) <= amount // 2
    assert result.credit_minor == sum(part.minor for part in result.parts if part.kind in ("energy", "remainder"))
    energy = [part for part in result.parts if part.kind == "energy"]
    exact = sum((Decimal(part.wh) * (part.minor_per_kwh or 0) / 1000 for part in energy), Decimal(0))
    assert exact <= result.credit_minor
    assert all(abs(part.minor - Decimal(part.wh) * (part.minor_per_kwh or 0) / 1000) < 2 for part in energy)
