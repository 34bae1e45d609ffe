"""Rating state as JSON: dates as ISO text, Decimals as text, so that nothing is lost on the way."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from powertill.core.errors import Sentence
from powertill.core.tariff.engine import Line, State
from powertill.core.tariff.export import ExportState

_KINDS: Final[dict[str, Callable[[Any], Any]]] = {
    "month": date.fromisoformat,
    "fixed_until": datetime.fromisoformat,
    "cost": Decimal,
    "fixed_cost": Decimal,
}


@dataclass(frozen=True, slots=True)
class MeterTook:
    """What a meter took from its own purse in the local month so far, and the tax posted of it, in minor units."""

    month: date | None = None
    taken_minor: int = 0
    tax_minor: int = 0


def dump(state: State | ExportState | MeterTook) -> dict[str, Any]:
    """Return the state as plain JSON values."""
    return {name: _plain(value) for name, value in asdict(state).items()}


def load(raw: Mapping[str, Any]) -> State:
    """Return the state stored by `dump`; an empty mapping is the state before the first charge."""
    return State(**_values(raw))


def load_export(raw: Mapping[str, Any]) -> ExportState:
    """Return the export state stored by `dump`."""
    return ExportState(**_values(raw))


def load_took(raw: Mapping[str, Any]) -> MeterTook:
    """Return what the meter took, as stored by `dump`."""
    return MeterTook(**_values(raw))


def _values(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _KINDS[name](value) if value and name in _KINDS else value for name, value in raw.items()}


def explain(lines: tuple[Line, ...]) -> list[dict[str, Any]]:
    """Return bill lines as JSON, prices and exact costs as text, the reason also as message and parameters."""
    return [
        {name: _plain(value) for name, value in asdict(line).items()} | _translatable(line.because) for line in lines
    ]


def _translatable(sentence: Sentence) -> dict[str, Any]:
    params = {name: _plain(value) for name, value in sentence.params.items()}
    return {"because": str(sentence), "because_msgid": sentence.msgid, "because_params": params}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
