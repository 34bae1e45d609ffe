"""Rating state as JSON: dates as ISO text, Decimals as text, so that nothing is lost on the way."""

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from powertill.core.tariff.engine import Line, State

_DATES = {"month": date, "fixed_until": datetime}


def dump(state: State) -> dict[str, Any]:
    """Return the state as plain JSON values."""
    return {name: _plain(value) for name, value in asdict(state).items()}


def load(raw: dict[str, Any]) -> State:
    """Return the state stored by `dump`; an empty dict is the state before the first charge."""
    values = dict(raw)
    for name, kind in _DATES.items():
        if values.get(name):
            values[name] = kind.fromisoformat(values[name])
    if "cost" in values:
        values["cost"] = Decimal(values["cost"])
    return State(**values)


def explain(lines: tuple[Line, ...]) -> list[dict[str, Any]]:
    """Return bill lines as JSON, prices and exact costs as text."""
    return [{name: _plain(value) for name, value in asdict(line).items()} for line in lines]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
