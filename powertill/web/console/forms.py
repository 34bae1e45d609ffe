"""What the money pages take from people: amounts as whole minor units or refused with a sentence, days, moments."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from powertill.apps.sales import flows as sales
from powertill.apps.sites.models import Site
from powertill.core import money
from powertill.core.errors import Refusal

QUICK_MAJOR = (20, 50, 100, 200)  # keys 1 to 4
YEARS = range(1970, 2200)  # outside of them a step of one zone or one day may leave the calendar
OP_ID_LENGTH_MAX = 64  # as audit.flows takes them
TEXT_LENGTH_MAX = 40  # longer than any amount; the parser refuses the rest


def new_op_id() -> str:
    """Return a fresh operation id; the form carries it, so that sending twice is one act."""
    return secrets.token_urlsafe(18)


def op_id(data: QueryDict) -> str:
    """Return the operation id that a form carries; a form without one could not be told from its repetition."""
    found = data.get("op", "")
    if not found:
        raise Refusal("operation.id")
    return found


@dataclass(frozen=True, slots=True)
class Payment:
    """What the customer pays: amount and money given in minor units, and how."""

    amount_minor: int
    given_minor: int
    tender: str

    @property
    def change_minor(self) -> int:
        """The money to hand back."""
        return self.given_minor - self.amount_minor


def amount(text: str, site: Site) -> int:
    """Return a typed amount in minor units of the site's currency."""
    return money.parse_minor(text.strip(" ")[:TEXT_LENGTH_MAX], exponent=site.exponent)


def payment(data: QueryDict, site: Site) -> Payment:
    """Read a payment from a form. Cash that is not counted is the exact amount; other tenders give no change."""
    tender = data.get("tender", "cash")
    if tender not in sales.TENDER_CHANNEL:
        raise Refusal("sale.tender")
    amount_minor = amount(data.get("amount", ""), site)
    given = data.get("given", "").strip(" ") if tender == "cash" else ""
    given_minor = amount(given, site) if given else amount_minor
    if given_minor < amount_minor:
        raise Refusal("sale.given")
    return Payment(amount_minor, given_minor, tender)


def day(text: str) -> date | None:
    """Return the day that an address names, or None for anything that is not one of these centuries."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def moment(text: str) -> datetime | None:
    """Return the aware moment that an address names, or None for anything that is not one of these centuries."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and found.year in YEARS else None


def quick_amounts(site: Site) -> list[str]:
    """Return the quick amounts as they are typed into the field."""
    return [
        money.format_minor(major * 10**site.exponent, exponent=site.exponent, grouped=False) for major in QUICK_MAJOR
    ]
