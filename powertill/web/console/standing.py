"""How customers stand right now: balance with the age of its reading, supply and its reason, how long credit lasts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from powertill.apps.metering.models import Charge, Installation, Meter
from powertill.apps.sites.models import Account, Occupancy, Site, SupplyPoint
from powertill.apps.supply import policies
from powertill.apps.supply import queries as supplies
from powertill.apps.supply.models import Supply
from powertill.core import forecast
from powertill.core.supply.policy import Policy
from powertill.web.portal import left
from powertill.web.portal.access import Home

HABIT = timedelta(days=14)
ROOMS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Standing:
    """One account at its room: what the list, the desk and the customer's page show of it."""

    account: Account
    supply_point: SupplyPoint
    meter: Meter | None
    supply: Supply | None
    available_minor: int
    policy: Policy | None

    @property
    def reading_at(self) -> datetime | None:
        """When the register behind the balance was read."""
        return self.meter.accepted_at if self.meter else None

    @property
    def state(self) -> str:
        """On, off or unknown, by what the meter showed last."""
        seen = self.supply.seen_relay if self.supply else ""
        return {"closed": "on", "open": "off"}.get(seen, "unknown")

    @property
    def level(self) -> str:
        """Name how low the credit is: empty, low_2, low_1, or nothing."""
        first, second = self.policy.warn_minor if self.policy else (0, 0)
        if self.available_minor <= 0:
            return "empty"
        return "low_2" if self.available_minor < second else "low_1" if self.available_minor < first else ""

    @property
    def tone(self) -> str:
        """The tone of the balance: bad when used up, warn when low."""
        return {"empty": "bad", "low_2": "warn", "low_1": "warn"}.get(self.level, "")

    @property
    def reason(self) -> str:
        """Why the supply is as wanted, as a sentence."""
        return reason(self.supply)


def reason(supply: Supply | None) -> str:
    """Return the sentence that explains the supply, with the words of a person's order."""
    if supply is None:
        return ""
    sentence = supplies.reason(supply)
    text = _(sentence.msgid) % sentence.params if sentence.params else _(sentence.msgid)
    return f"{text} ({supply.hold_reason})" if supply.hold_relay and supply.hold_reason else text


def load(occupancies: QuerySet[Occupancy], *, now: datetime) -> list[Standing]:
    """Return the standing of those accounts that have a room now, in four queries however many they are."""
    here = occupancies.filter(from_at__lte=now).exclude(to_at__lte=now)
    rows = list(here.select_related("account__customer", "supply_point__node", "supply_point__site")[:ROOMS_MAX])
    points = [row.supply_point_id for row in rows]
    meters = _meters(points, now=now)
    left_minor = supplies.available_minor(
        (row.supply_point, row.account_id, meters.get(row.supply_point_id)) for row in rows
    )
    rows_of_supply = Supply.objects.filter(supply_point__in=points).select_related("policy", "supply_point")
    switches = {row.supply_point_id: row for row in rows_of_supply}
    return [
        _standing(row, left_minor, meters.get(row.supply_point_id), switches.get(row.supply_point_id)) for row in rows
    ]


def of_site(site: Site, *, now: datetime) -> list[Standing]:
    """Return everybody who has a room at the site, by room."""
    rows = Occupancy.objects.filter(supply_point__site=site).order_by("supply_point__label")
    return load(rows, now=now)


def of_account(account: Account, *, now: datetime) -> Standing | None:
    """Return how one account stands, or None after it has moved out."""
    return next(iter(load(Occupancy.objects.filter(account=account), now=now)), None)


def _meters(points: list[int], *, now: datetime) -> dict[int, Meter]:
    rows = Installation.objects.filter(Q(to_at=None) | Q(to_at__gt=now), supply_point__in=points, from_at__lte=now)
    return {row.supply_point_id: row.meter for row in rows.select_related("meter")}


def _standing(row: Any, left_minor: dict[int, int], meter: Meter | None, supply: Supply | None) -> Standing:
    return Standing(
        account=row.account,
        supply_point=row.supply_point,
        meter=meter,
        supply=supply,
        available_minor=left_minor[row.supply_point_id],
        policy=policies.compiled(supply.policy) if supply else None,
    )


def habits(points: Iterable[int], *, now: datetime, zone: ZoneInfo) -> dict[int, list[int]]:
    """Return what each supply point was charged per whole local day of the last two weeks, oldest first, in minor."""
    today = now.astimezone(zone).date()
    rows = (
        Charge.objects.filter(supply_point__in=list(points), to_at__gt=now - HABIT, to_at__lte=now)
        .annotate(day=TruncDate("from_at", tzinfo=zone))
        .values("supply_point", "day")
        .annotate(minor=Sum("minor"))
        .order_by("supply_point", "day")
    )
    days: dict[int, list[int]] = {}
    for row in rows:
        if row["day"] < today:
            days.setdefault(row["supply_point"], []).append(row["minor"])
    return {point: values[1:] for point, values in days.items()}  # the first day is seldom whole


def lasts(standing: Standing, daily_minor: list[int], *, now: datetime) -> forecast.Forecast | None:
    """Return when the credit ends at the customer's habit; the forecast counts money here as it counts energy."""
    return forecast.time_to_empty(daily_minor, available_wh=standing.available_minor, now=now)


def lasting(standing: Standing, *, now: datetime) -> str:
    """Return in words how long one customer's credit lasts: the sentence that the customer's own page shows."""
    point, account = standing.supply_point, standing.account
    home = Home(account, point.site, point, standing.meter, standing.supply)
    used = left.used_lately(home, now=now)
    found = left.lasting(home, left.balance(home), used, now=now)
    return found.about if found else ""
