"""Entries cannot be out of balance, and each business fact is posted as an accountant expects."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertill.core import ledger
from powertill.core.errors import Refusal
from powertill.core.ledger import WH, Entry, Posting

AT = datetime(2026, 1, 1, tzinfo=UTC)
FACT = {"key": "k1", "at": AT}


def amounts(entry: Entry | None) -> dict[str, int]:
    assert entry is not None
    return {posting.account: posting.amount for posting in entry.postings}


@pytest.mark.parametrize(
    ("postings", "code"),
    [
        ((Posting("a", 1), Posting("b", -2)), "ledger.unbalanced"),
        ((Posting("a", 1), Posting("b", -1, WH)), "ledger.unbalanced"),
        ((Posting("a", 1),), "ledger.few"),
        ((), "ledger.few"),
    ],
)
def test_a_bad_entry_cannot_be_built(postings: tuple[Posting, ...], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        Entry("k1", "payment", AT, postings)
    assert refusal.value.code == code


def test_an_entry_needs_a_key_and_postings_an_amount() -> None:
    with pytest.raises(Refusal, match=r"ledger\.key"):
        Entry("", "payment", AT, (Posting("a", 1), Posting("b", -1)))
    with pytest.raises(Refusal, match=r"ledger\.zero"):
        Posting("a", 0)


MOVES = [
    (ledger.payment_received, {"channel": "bank", "account": 7}, "payment", "clearing:bank", "customer:7"),
    (ledger.payment_received, {"channel": "cash:3", "account": 7}, "payment", "cash:3", "customer:7"),
    (ledger.fee_taken, {"fee_code": "rent", "account": 7}, "fee", "customer:7", "revenue:fee:rent"),
    (ledger.debt_charged, {"account": 7}, "debt_charged", "debt:7", "suspense:takeover"),
    (ledger.overdraft_made_debt, {"account": 7}, "debt_charged", "debt:7", "customer:7"),
    (ledger.debt_repaid, {"account": 7}, "debt_repaid", "customer:7", "debt:7"),
    (ledger.preset_advanced, {"account": 7}, "preset", "preset:7", "customer:7"),
    (ledger.preset_repaid, {"account": 7}, "preset_repaid", "customer:7", "preset:7"),
    (ledger.credit_moved_to_meter, {"account": 7}, "to_meter", "customer:7", "onmeter:7"),
    (ledger.credit_returned_from_meter, {"account": 7}, "from_meter", "onmeter:7", "customer:7"),
    (ledger.refund_paid, {"channel": "cash:3", "account": 7}, "refund", "customer:7", "cash:3"),
    (ledger.suspense_received, {"channel": "bank", "ref": "flat 9"}, "suspense", "clearing:bank", "suspense:bank"),
    (ledger.suspense_resolved, {"channel": "bank", "account": 7}, "suspense_resolved", "suspense:bank", "customer:7"),
    (ledger.suspense_returned, {"channel": "bank", "ref": "x"}, "refund", "suspense:bank", "clearing:bank"),
    (ledger.rounding_posted, {"account": 7}, "rounding", "customer:7", "rounding"),
]


@pytest.mark.parametrize(("build", "params", "kind", "debit", "credit"), MOVES)
def test_a_fact_moves_money_from_credit_to_debit(build, params, kind, debit, credit) -> None:  # type: ignore[no-untyped-def]
    entry = build(**FACT, **params, amount_minor=500)
    assert (entry.kind, amounts(entry)) == (kind, {debit: 500, credit: -500})
    assert kind in ledger.CREDIT_SIDE


@pytest.mark.parametrize("build", [ledger.debt_repaid, ledger.preset_advanced, ledger.credit_moved_to_meter])
@pytest.mark.parametrize("amount_minor", [0, -1])
def test_a_fact_needs_a_positive_amount(build, amount_minor) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Refusal, match=r"ledger\.amount"):
        build(**FACT, account=7, amount_minor=amount_minor)


def test_a_fee_separates_its_tax() -> None:
    entry = ledger.fee_taken(**FACT, account=7, fee_code="rent", amount_minor=113, tax_minor=13)
    assert amounts(entry) == {"customer:7": 113, "revenue:fee:rent": -100, "tax:vat": -13}


def test_consumption_posts_money_and_energy_in_one_entry() -> None:
    entry = ledger.consumption_charged(
        **FACT, account=7, source="meter", amount_minor=128, tax_minor=13, fixed_minor=15, wh=2000
    )
    assert entry is not None
    assert entry.kind in ledger.SETTLEMENT_SIDE
    assert amounts(entry) == {
        "onmeter:7": 128,
        "revenue:energy": -100,
        "revenue:fixed": -15,
        "tax:vat": -13,
        "used:7": 2000,
        "supplied": -2000,
    }


def test_empty_halves_are_left_out() -> None:
    assert ledger.consumption_charged(**FACT, account=7, amount_minor=0) is None
    assert amounts(ledger.consumption_charged(**FACT, account=7, amount_minor=0, wh=5)) == {"used:7": 5, "supplied": -5}
    assert amounts(ledger.consumption_charged(**FACT, account=7, amount_minor=4)) == {
        "customer:7": 4,
        "revenue:energy": -4,
    }
    assert ledger.export_credited(**FACT, account=7, amount_minor=0, wh=0) is None
    assert amounts(ledger.export_credited(**FACT, account=7, amount_minor=9, wh=100)) == {
        "cost:export": 9,
        "customer:7": -9,
        "taken": 100,
        "fed:7": -100,
    }


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**9))
def test_every_consumption_balances_and_its_mirror_undoes_it(amount: int, tax: int, fixed: int, wh: int) -> None:
    entry = ledger.consumption_charged(**FACT, account=7, amount_minor=amount, tax_minor=tax, fixed_minor=fixed, wh=wh)
    if entry is None:
        assert (amount, tax, fixed, wh) == (0, 0, 0, 0)
        return
    mirror = ledger.reverse(entry, key="k2", at=AT)
    for unit in (ledger.MONEY, WH):
        assert sum(posting.amount for posting in entry.postings if posting.unit == unit) == 0
    assert {account: -amount for account, amount in amounts(entry).items()} == amounts(mirror)
    assert (mirror.kind, mirror.note) == ("reversal", "k1")


def test_every_kind_is_on_one_side() -> None:
    assert not ledger.CREDIT_SIDE & ledger.SETTLEMENT_SIDE
