"""The life of a price plan: draft, then published for ever."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.sites.models import Site, SupplyPoint
from powertill.apps.tariffs.models import Assignment, Tariff, Version
from powertill.core.errors import Refusal
from powertill.core.tariff import terms


def draft(*, site: Site, plan_terms: Mapping[str, Any], from_at: datetime) -> Version:
    """Store a new draft version; terms that do not parse are refused with the place and the reason."""
    plan = terms.parse(plan_terms)
    with transaction.atomic():
        tariff, _ = Tariff.objects.get_or_create(site=site, code=plan.code, defaults={"name": plan.name})
        Tariff.objects.select_for_update(no_key=True, of=("self",)).get(pk=tariff.pk)
        last = tariff.versions.order_by("-number").first()
        number = last.number + 1 if last else 1
        return Version.objects.create(tariff=tariff, number=number, terms=dict(plan_terms), from_at=from_at)


def publish(*, version_id: int, actor: User | None, now: datetime) -> Version:
    """Make a draft binding from its date on; from then on the database refuses every change to it."""
    with transaction.atomic():
        rows = Version.objects.select_for_update(no_key=True, of=("self",)).select_related("tariff__site")
        version = rows.get(pk=version_id)
        if actor is not None:
            roles.require(actor, version.tariff.site, roles.TARIFF)
        if version.state != Version.State.DRAFT:
            raise Refusal("tariff.published")
        if version.from_at < now and version.tariff.versions.filter(state=Version.State.PUBLISHED).exists():
            raise Refusal("tariff.past")  # What was charged under the version before it stays charged.
        version.state, version.published_at = Version.State.PUBLISHED, now
        version.save(update_fields=["state", "published_at"])
        audit.log(act="tariff.published", subject=str(version), actor=actor, now=now, site=version.tariff.site)
        return version


def assign(*, supply_point_id: int, tariff_id: int, from_at: datetime, actor: User | None, now: datetime) -> Assignment:
    """Charge a supply point by a tariff from a moment on; the assignment before it ends there.

    A change may not begin in the past (`tariff.past`): what was charged stays charged.
    """
    with transaction.atomic():
        rows = SupplyPoint.objects.select_for_update(no_key=True, of=("self",)).select_related("site")
        supply_point = rows.get(pk=supply_point_id)
        if actor is not None:
            roles.require(actor, supply_point.site, roles.TARIFF)
        tariff = Tariff.objects.get(pk=tariff_id, site=supply_point.site)
        before = Assignment.objects.filter(supply_point=supply_point, to_at=None).first()
        if before is not None:
            if from_at < now or from_at <= before.from_at:
                raise Refusal("tariff.past")
            before.to_at = from_at
            before.save(update_fields=["to_at"])
        row = Assignment.objects.create(supply_point=supply_point, tariff=tariff, from_at=from_at)
        subject = f"{supply_point.label} {tariff.code}"
        audit.log(act="tariff.assigned", subject=subject, actor=actor, now=now, site=supply_point.site)
        return row
