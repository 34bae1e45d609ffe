"""Versioned price plans. A published version is immutable; a price change is a new version with a later date."""

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from powertill.apps.append_only import no_truncate
from powertill.apps.sites.models import Site, SupplyPoint, TsTzRange


class Tariff(models.Model):
    """A named price plan of a site."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="tariffs")
    code = models.CharField(_("code"), max_length=24)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="tariff_code_once")]

    def __str__(self) -> str:
        return self.code


class Version(models.Model):
    """The dated terms of a tariff, as data."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    terms = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    from_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["tariff", "number"]
        constraints = [
            models.UniqueConstraint(fields=["tariff", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["tariff", "from_at"], condition=Q(state="published"), name="version_published_start_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="published_is_immutable",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state="published"),
            ),
            no_truncate("version"),
        ]

    def __str__(self) -> str:
        return f"{self.tariff.code} v{self.number}"


class Assignment(models.Model):
    """Which tariff a supply point is charged by, for a half-open period."""

    supply_point = models.ForeignKey(SupplyPoint, on_delete=models.PROTECT, related_name="assignments")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="assignments")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="assignment_no_overlap",
                expressions=[
                    ("supply_point", RangeOperators.EQUAL),
                    (TsTzRange(F("from_at"), F("to_at")), RangeOperators.OVERLAPS),
                ],
            ),
        ]
