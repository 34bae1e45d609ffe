"""The life of a price plan: draft, then published for ever."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.people.models import User
from powertill.apps.sites.models import Site
from powertill.apps.tariffs.models import Tariff, Version
from powertill.core.errors import Refusal
from powertill.core.tariff import terms


def draft(*, site: Site, plan_terms: Mapping[str, Any], from_at: datetime) -> Version:
    """Store a new draft version; terms that do not parse are refused with the place and the reason."""
    plan = terms.parse(plan_terms)
    with transaction.atomic():
        tariff, _ = Tariff.objects.get_or_create(site=site, code=plan.code, defaults={"name": plan.name})
        Tariff.objects.select_for_update().get(pk=tariff.pk)
        last = tariff.versions.order_by("-number").first()
        number = last.number + 1 if last else 1
        return Version.objects.create(tariff=tariff, number=number, terms=dict(plan_terms), from_at=from_at)


def publish(*, version_id: int, actor: User | None, now: datetime) -> Version:
    """Make a draft binding from its date on; from then on the database refuses every change to it."""
    with transaction.atomic():
        version = Version.objects.select_for_update().select_related("tariff").get(pk=version_id)
        if version.state != Version.State.DRAFT:
            raise Refusal("tariff.published")
        version.state, version.published_at = Version.State.PUBLISHED, now
        version.save(update_fields=["state", "published_at"])
        audit.log(act="tariff.published", subject=str(version), actor=actor, now=now)
        return version
