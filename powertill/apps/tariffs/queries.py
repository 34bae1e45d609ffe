"""Which terms hold where and when, compiled once per version."""

from datetime import date, datetime
from functools import lru_cache

from powertill.apps.sites.models import Holiday, Site, SupplyPoint
from powertill.apps.tariffs.models import Assignment, Version
from powertill.core.errors import Refusal
from powertill.core.tariff import terms
from powertill.core.tariff.terms import Plan

PLANS_KEPT_MAX = 256


def version_at(*, supply_point: SupplyPoint, at: datetime) -> Version:
    """Return the published version that the supply point is charged by at `at`, or refuse."""
    rows = Assignment.objects.filter(supply_point=supply_point, from_at__lte=at).exclude(to_at__lte=at)
    assigned = rows.order_by("-from_at")
    tariff_ids = list(assigned.values_list("tariff_id", flat=True)[:1])
    versions = Version.objects.filter(tariff_id__in=tariff_ids, state="published", from_at__lte=at)
    version = versions.select_related("tariff").order_by("-from_at").first()
    if version is None:
        raise Refusal("tariff.none_in_force")
    return version


def next_change_at(*, supply_point: SupplyPoint, after: datetime, until: datetime) -> datetime | None:
    """Return the first moment in (after, until) at which another version or assignment takes over."""
    moments = list(
        Assignment.objects.filter(supply_point=supply_point, from_at__gt=after, from_at__lt=until).values_list(
            "from_at", flat=True
        )
    )
    tariffs = Assignment.objects.filter(supply_point=supply_point).values("tariff_id")
    moments += Version.objects.filter(
        tariff_id__in=tariffs, state="published", from_at__gt=after, from_at__lt=until
    ).values_list("from_at", flat=True)
    return min(moments, default=None)


def plan(version: Version) -> Plan:
    """Return the compiled plan of a version; published terms never change, so it is compiled once."""
    if version.state == Version.State.PUBLISHED:
        return _compiled(version.pk)
    return terms.parse(version.terms)


@lru_cache(maxsize=PLANS_KEPT_MAX)
def _compiled(version_id: int) -> Plan:
    return terms.parse(Version.objects.get(pk=version_id).terms)


def holidays(site: Site) -> frozenset[date]:
    """Return the site's public holidays."""
    return frozenset(Holiday.objects.filter(site=site).values_list("date", flat=True))
