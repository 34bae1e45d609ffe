"""A tax on everything else in the plan, contained in the prices or added to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from powertill.core.errors import Refusal, Sentence
from powertill.core.money import WIDE, exact_sum, inclusive_tax
from powertill.core.tariff.fields import Fields
from powertill.core.tariff.line import Line

KIND = "tax"
ROLE = "tax"


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate in per mille of the net amount; `included` tells whether the plan's prices contain it."""

    name: str
    reference: str
    per_mille: int
    included: bool

    @property
    def basis(self) -> str:
        """Return rate and form as a short text: costs under another basis are not summed with these."""
        return f"{self.per_mille}{'i' if self.included else 'a'}"

    def part_of(self, cost: Decimal) -> Decimal:
        """Return the exact tax on an amount that is written in the plan's prices."""
        if self.included:
            return inclusive_tax(cost, self.per_mille)
        return WIDE.multiply(cost, Decimal(self.per_mille)).scaleb(-3)

    def gross(self, cost: Decimal) -> Decimal:
        """Return what the customer pays for an amount that is written in the plan's prices."""
        return cost if self.included else exact_sum((cost, self.part_of(cost)))

    def net(self, cost: Decimal) -> Decimal:
        """Return what is ours of an amount that is written in the plan's prices."""
        return exact_sum((cost, -self.part_of(cost))) if self.included else cost


def parse(terms: Mapping[str, Any], where: str) -> Tax:
    """Read {name, reference?, per_mille: whole number up to 1000, included: true|false}."""
    fields = Fields(terms, where)
    rate, included = fields.number("per_mille"), fields.get("included")
    if rate != int(rate) or rate > 1000:
        raise Refusal("tariff.number", where=where, field="per_mille", value=rate)
    if not isinstance(included, bool):
        raise Refusal("tariff.choice", where=where, field="included", value=included, choices="true, false")
    tax = Tax(fields.text("name"), fields.text("reference", ""), int(rate), included)
    fields.done()
    return tax


def lines(tax: Tax, cost: Decimal) -> Iterator[Line]:
    """Yield the tax on the other lines; an included tax costs nothing more and only explains."""
    percent = f"{Decimal(tax.per_mille).scaleb(-1).normalize():f}"
    if tax.included:
        because = Sentence("%(percent)s %% tax is contained in the prices above.", percent=percent)
    else:
        because = Sentence("%(percent)s %% tax is added to the prices above.", percent=percent)
    added = Decimal(0) if tax.included else tax.part_of(cost)
    yield Line(KIND, tax.name, "", "", 0, None, added, tax.reference, because)
