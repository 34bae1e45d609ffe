"""Why a supply is as it is, in one sentence, and the cases that wait for a person."""

from collections.abc import Iterable
from typing import Final

from django.db.models import QuerySet

from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.models import Meter
from powertill.apps.sites.models import Site, SupplyPoint
from powertill.apps.supply import facts
from powertill.apps.supply.incidents import incident_sentence
from powertill.apps.supply.models import Incident, Supply
from powertill.apps.supply.modes import mode_sentence
from powertill.core.errors import Sentence
from powertill.core.supply import credit, limits, purse

__all__ = ["available_minor", "incident_sentence", "mode_sentence", "open_incidents", "reason"]

# gettext messages for what the rules of the core do not know: persons, and switches that are not as wanted.
REASONS: Final[dict[str, str]] = {
    "supply.unseen": "The rules have not looked at this supply yet.",
    "supply.held": "A person decided this; the rules do not change it until that person's order is released.",
    "supply.held_later": "A person ordered this supply off; that waits, because nobody is cut at present.",
    "supply.press": "Supply may come back: make sure that appliances are safe, then press the button on the meter.",
    "supply.own_purse": "The meter switched off by itself because its credit is used up; paid credit is on its way.",
    "supply.opened_itself": "The switch opened without our order: its own protection, or somebody at the meter."
    " It is being switched on again.",
    "supply.stuck": "The switch does not follow its order; a person must look.",
    "supply.unverified": "Commanded; this meter cannot prove the position of its switch.",
}


def reason(supply: Supply) -> Sentence:
    """Return why the switch is wanted as it is or, where it is not so yet, what that waits for."""
    code = _code(supply)
    msgid = REASONS.get(code) or credit.REASONS.get(code) or limits.REASONS[code]
    return Sentence(msgid, **supply.params) if code == supply.code else Sentence(msgid)


def _code(supply: Supply) -> str:
    if not supply.code:
        return "supply.unseen"
    if supply.order == Supply.Order.STUCK:
        return "supply.stuck"
    if supply.order == Supply.Order.UNVERIFIED:
        return "supply.unverified"
    if supply.wanted_relay == "closed" and supply.seen_relay == "open":
        return _why_off(supply)
    return supply.code


def _why_off(supply: Supply) -> str:
    if supply.seen_permitted:
        return "supply.press"
    if supply.supply_point.place == SupplyPoint.Place.METER and supply.seen_commanded == "open":
        return "supply.own_purse"
    last = supply.orders.order_by("-id").values_list("command", flat=True).first()
    return supply.code if last in ("trip", "permit", "close") else "supply.opened_itself"


def available_minor(rows: Iterable[tuple[SupplyPoint, int, Meter | None]]) -> dict[int, int]:
    """Return supply point id -> money left for energy, of (supply point, account id, meter) rows, in one query.

    It is what the rules decide by (`supply.facts`), so that a page never shows anything else.
    """
    asked = list(rows)
    found = ledger.purses().filter(account_id__in={account_id for _point, account_id, _meter in asked})
    booked = {(row.account_id, row.place): int(row.balance) for row in found}
    available = {}
    for point, account_id, meter in asked:
        account_minor = booked.get((account_id, "account"), 0)
        if point.place != SupplyPoint.Place.METER:
            available[point.pk] = purse.available_minor(account_minor=account_minor)
            continue
        available[point.pk] = purse.available_minor(
            account_minor=account_minor,
            booked_minor=booked.get((account_id, "meter"), 0),
            shown_minor=facts.shown_minor(meter),
        )
    return available


def open_incidents(site: Site) -> QuerySet[Incident]:
    """Return the cases of a site that wait for a person, newest first."""
    return Incident.objects.filter(site=site, closed_at=None).select_related("meter").order_by("-id")
