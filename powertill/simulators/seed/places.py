"""The lasting rows of the demo site: its tree, prices, policies, gateways, meters and where they hang."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from powertill.apps.metering.models import Gateway, Installation, Meter
from powertill.apps.sites.models import Holiday, Node, Site, SupplyPoint
from powertill.apps.supply.models import Supply, SupplyPolicy
from powertill.apps.tariffs import flows as tariffs
from powertill.apps.tariffs.models import Assignment
from powertill.simulators.town import holidays, meters, prices
from powertill.simulators.town import site as town
from powertill.simulators.town.ports import HOST
from powertill.simulators.town.site import Unit

POLL_MINUTES = 60  # keeps a simulated day short; the story's meter is read each quarter of an hour
POLL_MINUTES_STORY = 15
POWER_W_MAX = {1: 15_000, 3: 60_000}  # more than a meter of so many phases can measure is a wrong reading


@dataclass(frozen=True, slots=True)
class Spot:
    """A unit as it stands in the database."""

    unit: Unit
    supply_point: SupplyPoint
    meter: Meter
    supply: Supply


def build(*, ports: dict[str, int], starts_at: datetime) -> dict[str, Spot]:
    """Make the site with its tree, prices, policies and meters; return the spots by label."""
    site = _site()
    nodes = _nodes(site)
    policies = {terms["code"]: _policy(site, terms) for terms in prices.POLICIES}
    gateways = {
        code: Gateway.objects.create(site=site, code=code, host=HOST, port=ports[code]) for code in town.GATEWAYS
    }
    points = _supply_points(site, nodes)
    _prices(site, points)
    hung = _meters(site, points, gateways)
    supplies = Supply.objects.bulk_create(
        Supply(
            supply_point=points[unit.label],
            policy=policies["shops" if unit.is_shop else "residential"],
            next_at=starts_at,
        )
        for unit in town.UNITS
    )
    return {
        unit.label: Spot(unit, points[unit.label], hung[unit.label], supply)
        for unit, supply in zip(town.UNITS, supplies, strict=True)
    }


def _site() -> Site:
    site = Site.objects.create(
        code=town.SITE_CODE,
        name=f"{town.SITE_NAMES['en']} {town.SITE_NAMES['zh-hans']}",
        zone=town.ZONE,
        currency=town.CURRENCY,
        simulated=True,
        help_line=town.HELP_LINE,
        diversity_per_mille=town.DIVERSITY_PER_MILLE,
        holidays_known_to=holidays.KNOWN_TO,
    )
    Holiday.objects.bulk_create(Holiday(site=site, date=day, name=name) for day, name in holidays.HOLIDAYS)
    return site


def _nodes(site: Site) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for place in town.PLACES:
        nodes[place.code] = Node.objects.create(
            site=site,
            parent=nodes.get(place.parent),
            kind=place.kind,
            code=place.code,
            name=place.name,
            capacity_w=place.capacity_w,
        )
    return nodes


def _policy(site: Site, terms: dict[str, Any]) -> SupplyPolicy:
    return SupplyPolicy.objects.create(site=site, code=terms["code"], name=terms["name"], terms=terms)


def _supply_points(site: Site, nodes: dict[str, Node]) -> dict[str, SupplyPoint]:
    rows = SupplyPoint.objects.bulk_create(
        SupplyPoint(
            site=site,
            node=nodes[unit.panel],
            label=unit.label,
            place=unit.place,
            power_limit_w=unit.power_limit_w,
            protected=bool(unit.protected_reason),
            protected_reason=unit.protected_reason,
        )
        for unit in town.UNITS
    )
    return {row.label: row for row in rows}


def _prices(site: Site, points: dict[str, SupplyPoint]) -> None:
    tariffs_by_kind = {}
    for is_shop, terms in ((False, prices.RESIDENTIAL), (True, prices.SHOPS)):
        version = tariffs.draft(site=site, plan_terms=terms, from_at=town.PRICES_FROM)
        tariffs.publish(version_id=version.pk, actor=None, now=town.PRICES_FROM)
        tariffs_by_kind[is_shop] = version.tariff
    Assignment.objects.bulk_create(
        Assignment(supply_point=points[unit.label], tariff=tariffs_by_kind[unit.is_shop], from_at=town.PRICES_FROM)
        for unit in town.UNITS
    )


def _meters(site: Site, points: dict[str, SupplyPoint], gateways: dict[str, Gateway]) -> dict[str, Meter]:
    rows = Meter.objects.bulk_create(
        Meter(
            number=unit.number,
            site=site,
            gateway=gateways[unit.gateway],
            driver="dlt645",
            phases=unit.phases,
            settings=meters.settings(),
            poll_minutes=POLL_MINUTES_STORY if unit is town.STORY else POLL_MINUTES,
            power_w_max=POWER_W_MAX[unit.phases],
        )
        for unit in town.UNITS
    )
    found = dict(zip((unit.label for unit in town.UNITS), rows, strict=True))
    Installation.objects.bulk_create(
        Installation(meter=meter, supply_point=points[label], from_at=town.PRICES_FROM)
        for label, meter in found.items()
    )
    return found
