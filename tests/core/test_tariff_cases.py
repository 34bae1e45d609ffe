"""Bills that an accountant wrote: every case in tests/cases/tariffs is charged and compared."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from powertill.core.tariff.engine import Charge, State, Use, charge
from powertill.core.tariff.terms import KINDS, parse

from .examples import Span, local

FOLDER = Path(__file__).parents[1] / "cases" / "tariffs"
CASES = [(path.stem, case) for path in sorted(FOLDER.glob("*.yaml")) for case in yaml.safe_load(path.read_text())]


def charged(case: dict[str, Any]) -> list[Charge]:
    plan = parse(case["tariff"])
    state, charges = State(**case.get("before", {})), []
    for start, end, wh in case["use"]:
        span = Span(local(start, plan.zone), local(end, plan.zone))
        charges.append(charge(plan, state, Use(span, wh), holidays=frozenset(case.get("holidays", ()))))
        state = charges[-1].state
    return charges


def summed(charges: list[Charge]) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    lines: dict[tuple[str, str, str], tuple[int, Decimal]] = {}
    for line in (line for one in charges for line in one.lines):
        wh, cost = lines.get((line.name, line.block, line.band), (0, Decimal(0)))
        lines[line.name, line.block, line.band] = wh + line.wh, cost + line.cost
    return lines


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[f"{kind}: {case['name']}" for kind, case in CASES])
def test_the_bill_is_the_accountants(kind: str, case: dict[str, Any]) -> None:
    charges = charged(case)
    expected = {(name, block, band): (wh, Decimal(cost)) for name, block, band, wh, cost in case["lines"]}
    assert summed(charges) == expected
    assert sum(one.minor for one in charges) == case["total"]
    assert sum(one.tax_minor for one in charges) == case.get("tax", 0)
    assert sum(one.fixed_minor for one in charges) == case.get("fixed", 0)
    assert [one.minor for one in charges] == case.get("totals", [one.minor for one in charges])


def test_every_kind_of_charge_has_a_case() -> None:
    used = {part["kind"] for _kind, case in CASES for part in case["tariff"]["parts"]}
    assert used == set(KINDS)
    assert all(isinstance(case.get("before", {}).get("month", date.min), date) for _kind, case in CASES)
