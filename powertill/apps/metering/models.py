"""Gateways, meters, where they hang, what they said and what was charged from it."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from powertill.apps.append_only import append_only
from powertill.apps.ledger.models import Entry
from powertill.apps.sites.models import Account, Site, SupplyPoint, TsTzRange
from powertill.apps.tariffs.models import Version


class Gateway(models.Model):
    """A TCP gateway with a bus of meters behind it: one request in flight per bus."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="gateways")
    code = models.CharField(max_length=20, unique=True)
    host = models.CharField(max_length=120)
    port = models.PositiveIntegerField()
    owner = models.CharField(max_length=64, blank=True)  # the head-end that holds the bus
    lease_until = models.DateTimeField(null=True)
    lease_epoch = models.PositiveIntegerField(default=0)
    connected = models.BooleanField(default=False)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["code"]


class Meter(models.Model):
    """One meter and the latest it said. Rows of history are in Reading."""

    number = models.CharField(_("meter number"), max_length=12, unique=True)  # last digit is a Luhn check digit
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="meters")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="meters")
    driver = models.CharField(max_length=20)
    phases = models.PositiveSmallIntegerField(default=1)
    settings = models.JSONField(default=dict)
    poll_minutes = models.PositiveSmallIntegerField(default=15)  # between two readings
    register_wh_max = models.BigIntegerField(default=999_999_990)  # the register rolls over above this
    power_w_max = models.PositiveIntegerField(default=15_000)
    seen_at = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True, db_index=True)
    proven_count = models.PositiveIntegerField(default=0)  # purchase count of the last credit proven on the meter
    failures = models.PositiveIntegerField(default=0)
    last_fault = models.CharField(max_length=160, blank=True)
    accepted_at = models.DateTimeField(null=True)  # of the last register that was accepted for charging
    accepted_import_wh = models.BigIntegerField(null=True)
    accepted_export_wh = models.BigIntegerField(null=True)
    live = models.JSONField(default=dict)  # the newest snapshot, for pages

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return self.number


class Installation(models.Model):
    """A meter hangs at a supply point for a half-open period; never at two places, never two at one place."""

    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="installations")
    supply_point = models.ForeignKey(SupplyPoint, on_delete=models.PROTECT, related_name="installations")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name=f"installation_{field}_no_overlap",
                expressions=[
                    (field, RangeOperators.EQUAL),
                    (TsTzRange(F("from_at"), F("to_at")), RangeOperators.OVERLAPS),
                ],
            )
            for field in ("meter", "supply_point")
        ]


class Reading(models.Model):
    """What one meter said at one moment, and what the judge made of it."""

    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="readings")
    taken_at = models.DateTimeField()
    received_at = models.DateTimeField()
    import_wh = models.BigIntegerField()
    export_wh = models.BigIntegerField(default=0)
    power_w = models.IntegerField(null=True)
    remaining_minor = models.BigIntegerField(null=True)
    overdraft_minor = models.BigIntegerField(null=True)
    purchase_count = models.PositiveIntegerField(null=True)
    verdict = models.CharField(max_length=12)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-taken_at"]
        constraints = [models.UniqueConstraint(fields=["meter", "taken_at"], name="reading_once")]


class RatingState(models.Model):
    """How far the billing period of a supply point has been charged.

    `state` is core.tariff.engine.State, `export` core.tariff.export.ExportState; `meter` is what a meter with a
    purse of its own took this month and the tax in it, both cumulative, so that tax is rounded on the month.
    """

    supply_point = models.OneToOneField(SupplyPoint, on_delete=models.PROTECT, related_name="rating_state")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")  # whose period it is
    state = models.JSONField(default=dict)
    export = models.JSONField(default=dict)
    meter = models.JSONField(default=dict)


class Charge(models.Model):
    """One charged interval with the lines that explain it."""

    supply_point = models.ForeignKey(SupplyPoint, on_delete=models.PROTECT, related_name="charges")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="charges")
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="charges")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="charges")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    wh = models.BigIntegerField()
    export_wh = models.BigIntegerField(default=0)
    minor = models.BigIntegerField()
    rated_minor = models.BigIntegerField()  # what our rating gives; equals minor unless the meter charged
    tax_minor = models.BigIntegerField(default=0)
    lines = models.JSONField(default=list)
    entry = models.OneToOneField(Entry, null=True, on_delete=models.PROTECT, related_name="charge")

    class Meta:
        ordering = ["-to_at"]
        constraints = [models.UniqueConstraint(fields=["meter", "from_at"], name="charge_once")]
        indexes = [models.Index(fields=["supply_point", "-to_at"])]
        triggers = append_only("charge")
