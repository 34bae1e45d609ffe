"""What the tariff pages show: versions in time, the price table, the week, who is charged by it, worked examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from powertill.apps.sites.models import Site, SupplyPoint
from powertill.apps.tariffs import queries as tariffs
from powertill.apps.tariffs.models import Assignment, Tariff, Version
from powertill.core.errors import Refusal
from powertill.core.span import Span, month_start, next_month_start
from powertill.core.tariff import engine
from powertill.core.tariff.terms import Plan
from powertill.web import reasons

POINTS_SHOWN_MAX = 120
EXAMPLES_WH = (100_000, 300_000)


@dataclass(frozen=True, slots=True)
class Listed:
    """One tariff of the list: its versions, the one in force, and how many supply points it charges now."""

    tariff: Tariff
    versions: list[Version]
    in_force: Version | None
    supply_points: int


@dataclass(frozen=True, slots=True)
class Row:
    """One block of the price table: its name, its range as text and a price per band in minor units per kWh."""

    name: str
    reach: str
    prices: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A month's use, charged by the real engine as one new account; `line.minor` needs no rounding on screen."""

    wh: int
    charge: engine.Charge
    per_kwh: Decimal


def listed(site: Site, *, now: datetime) -> list[Listed]:
    """Return the tariffs of a site with the version in force at `now`."""
    found = []
    for tariff in Tariff.objects.filter(site=site).prefetch_related("versions"):
        versions = sorted(tariff.versions.all(), key=lambda version: version.number)
        used = _assigned(tariff, now=now).count()
        found.append(Listed(tariff, versions, in_force(versions, now=now), used))
    return found


def in_force(versions: Iterable[Version], *, now: datetime) -> Version | None:
    """Return the published version that holds at `now`."""
    begun = [row for row in versions if row.state == Version.State.PUBLISHED and row.from_at <= now]
    return max(begun, key=lambda row: row.from_at, default=None)


def _assigned(tariff: Tariff, *, now: datetime):  # type: ignore[no-untyped-def]
    return Assignment.objects.filter(Q(to_at=None) | Q(to_at__gt=now), tariff=tariff, from_at__lte=now)


def used_by(tariff: Tariff, *, now: datetime) -> tuple[list[SupplyPoint], int]:
    """Return the supply points that the tariff charges now (at most POINTS_SHOWN_MAX), and how many there are."""
    rows = SupplyPoint.objects.filter(pk__in=_assigned(tariff, now=now).values("supply_point_id"))
    return list(rows.order_by("label")[:POINTS_SHOWN_MAX]), rows.count()


def price_table(plan: Plan) -> list[Row]:
    """Return the blocks with their prices by band, as the plan writes them."""
    rows, floor_wh = [], 0
    for block, prices in zip(plan.energy.blocks, plan.energy.prices, strict=True):
        rows.append(Row(reasons.named(block.name) or _("all use"), _reach(floor_wh, block.up_to_wh), prices))
        floor_wh = block.up_to_wh or floor_wh
    return rows


def _reach(from_wh: int, to_wh: int | None) -> str:
    if to_wh is None:
        return _("above %(kwh)s kWh") % {"kwh": _kwh(from_wh)} if from_wh else _("every kWh")
    return _("%(low)s to %(high)s kWh") % {"low": _kwh(from_wh), "high": _kwh(to_wh)}


def _kwh(wh: int) -> str:
    return f"{Decimal(wh).scaleb(-3).normalize():,f}"


def examples(plan: Plan, *, at: datetime, holidays: frozenset[date]) -> list[Example]:
    """Charge a whole month's even use of 100 and 300 kWh for a new account, in the month of `at`."""
    month = Span(month_start(at, plan.zone), next_month_start(at, plan.zone))
    found = []
    for wh in EXAMPLES_WH:
        charge = engine.charge(plan, engine.State(), engine.Use(month, wh), holidays=holidays)
        found.append(Example(wh, charge, Decimal(charge.minor) * 1000 / wh))
    return found


def plan_of(version: Version) -> tuple[Plan | None, Refusal | None]:
    """Return the compiled plan, or why its terms cannot be read (only a draft can be so)."""
    try:
        return tariffs.plan(version), None
    except Refusal as refusal:
        return None, refusal


def in_meter(plan: Plan) -> Refusal | None:
    """Return why a meter cannot hold this plan by itself, or None when it can."""
    try:
        engine.meter_tables(plan)
    except Refusal as refusal:
        return refusal
    return None
