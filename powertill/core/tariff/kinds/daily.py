"""A fixed amount for each local calendar day, whatever is used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from powertill.core.errors import Sentence
from powertill.core.tariff.fields import Fields
from powertill.core.tariff.line import Line

KIND = "daily"
ROLE = "fixed"


@dataclass(frozen=True, slots=True)
class Daily:
    """A charge per day in minor units."""

    name: str
    reference: str
    minor_per_day: Decimal


def parse(terms: Mapping[str, Any], where: str) -> Daily:
    """Read {name, reference?, minor_per_day}."""
    fields = Fields(terms, where)
    daily = Daily(fields.text("name"), fields.text("reference", ""), fields.number("minor_per_day"))
    fields.done()
    return daily


def lines(daily: Daily, day: date) -> Iterator[Line]:
    """Yield the charge of one local day; the engine asks once for each day."""
    because = Sentence("Charged once for each calendar day.")
    yield Line(KIND, daily.name, "", "", 0, None, daily.minor_per_day, daily.reference, because)
