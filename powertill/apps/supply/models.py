"""Policies, the wanted and the seen state of each supply, and every order with its evidence."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from powertill.apps.append_only import append_only
from powertill.apps.lease import Leased
from powertill.apps.metering.models import Meter
from powertill.apps.sites.models import Site, SupplyPoint


class SupplyPolicy(models.Model):
    """When people are warned, when supply may be cut and how it comes back: terms as data."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="policies")
    code = models.CharField(max_length=24)
    name = models.CharField(max_length=80)
    terms = models.JSONField()

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="policy_code_once")]

    def __str__(self) -> str:
        return self.name


class SiteMode(models.Model):
    """Normal, or no cuts: entered by itself when something of ours is in doubt, left only by a person."""

    class Mode(models.TextChoices):
        NORMAL = "normal", _("normal")
        NO_CUT = "no_cut", _("no cuts")

    site = models.OneToOneField(Site, on_delete=models.PROTECT, related_name="mode")
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.NORMAL)
    reason = models.CharField(max_length=160, blank=True)
    code = models.CharField(max_length=24, blank=True)  # of the doubt that entered it by itself; empty: a person did
    params = models.JSONField(default=dict)
    # About processes being alive, so on the database's own clock, as leases are.
    looked_at = models.DateTimeField(null=True)
    doubt_since = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True)


class Supply(Leased):
    """One supply point's switch: what we want and why, what the meter showed last, and how far orders have come."""

    class Order(models.TextChoices):
        AGREED = "agreed", _("as wanted")
        ORDERED = "ordered", _("ordered, not yet proven")
        WAITS = "waits", _("waits for a person at the meter")
        UNVERIFIED = "unverified", _("commanded, unverified")
        STUCK = "stuck", _("needs a person")

    supply_point = models.OneToOneField(SupplyPoint, on_delete=models.PROTECT, related_name="supply")
    policy = models.ForeignKey(SupplyPolicy, on_delete=models.PROTECT, related_name="supplies")
    wanted_relay = models.CharField(max_length=6, default="closed")
    wanted_keep_power = models.BooleanField(default=False)
    code = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict)
    wanted_since = models.DateTimeField(null=True)
    next_step_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    review_at = models.DateTimeField(null=True, db_index=True)  # when the rules look again by themselves
    hold_relay = models.CharField(max_length=6, blank=True)  # a person's order that overrides the rules
    hold_reason = models.CharField(max_length=160, blank=True)
    hold_danger = models.BooleanField(default=False)  # to life or property: then also at hours when nobody is cut
    seen_relay = models.CharField(max_length=6, blank=True)
    seen_commanded = models.CharField(max_length=6, blank=True)
    seen_keep_power = models.BooleanField(null=True)
    seen_permitted = models.BooleanField(null=True)
    seen_at = models.DateTimeField(null=True)
    order = models.CharField(max_length=10, choices=Order.choices, default=Order.ORDERED)
    last_answer = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["supply_point"]


class RelayOrder(models.Model):
    """One command that was sent to a switch, with the evidence that made it lawful and what came of it."""

    supply = models.ForeignKey(Supply, on_delete=models.PROTECT, related_name="orders")
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="relay_orders")
    command = models.CharField(max_length=16)  # trip, permit, close, keep_on, keep_off
    is_cut = models.BooleanField(default=False)  # it takes the light: a trip, or lifting keep-power of an empty purse
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        triggers = append_only("relay_order")


class RelayResult(models.Model):
    """What the meter answered to an order, or showed afterwards. Rows are only added."""

    order = models.ForeignKey(RelayOrder, on_delete=models.PROTECT, related_name="results")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20)  # as core.ports.RelayAnswer, or the contact that was read back
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        triggers = append_only("relay_result")


class Incident(models.Model):
    """Something that a person must look at: one open row per kind and subject."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="incidents")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    meter = models.ForeignKey(Meter, null=True, on_delete=models.PROTECT, related_name="incidents")
    params = models.JSONField(default=dict)  # of the kind's sentence; see supply.incidents.INCIDENTS
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "subject"], condition=models.Q(closed_at=None), name="incident_open_once"
            )
        ]
