"""Sales, and the delivery of credit to where the customer uses it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from powertill.apps.append_only import append_only
from powertill.apps.audit.models import Operation
from powertill.apps.lease import Leased
from powertill.apps.metering.models import Meter
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.apps.tariffs.models import Version


class Sale(models.Model):
    """One payment for energy, split into parts that add up to it. Never changed; undone by a reversal."""

    class Tender(models.TextChoices):
        CASH = "cash", _("Cash")
        QR = "qr", _("QR code")
        CARD = "card", _("Card")

    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, related_name="sale")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sales")
    supply_point = models.ForeignKey(SupplyPoint, on_delete=models.PROTECT, related_name="sales")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="sales")
    amount_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField()
    given_minor = models.BigIntegerField()  # tendered; change = given - amount
    tender = models.CharField(max_length=8, choices=Tender.choices)
    channel = models.CharField(max_length=30)
    parts = models.JSONField()
    wh_estimate = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    cashier = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="sales")
    sold_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="sale_amount_positive"),
            models.CheckConstraint(
                condition=models.Q(given_minor__gte=models.F("amount_minor")), name="sale_given_covers_amount"
            ),
        ]
        triggers = append_only("sale")

    @property
    def number(self) -> str:
        """The receipt number, as printed."""
        return f"R-{self.pk:06d}"


class Reversal(models.Model):
    """A sale undone before its credit left for the meter."""

    sale = models.OneToOneField(Sale, on_delete=models.PROTECT, related_name="reversal")
    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only("reversal")


class Delivery(Leased):
    """Credit on its way to a meter. States and steps are those of core.delivery."""

    class Kind(models.TextChoices):
        PRESET = "preset", _("preset credit")
        OPENING = "opening", _("account opening")
        RECHARGE = "recharge", _("recharge")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deliveries")
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="deliveries")
    sale = models.OneToOneField(Sale, null=True, on_delete=models.PROTECT, related_name="delivery")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=12)
    count = models.PositiveIntegerField(null=True)  # the meter's purchase count after it, fixed before the first send
    before = models.JSONField(null=True)  # what the meter showed before the first send
    made_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="delivery_amount_positive"),
            # One artefact in flight per meter: the purchase count is the meter's own idempotency key.
            models.UniqueConstraint(
                fields=["meter"],
                condition=models.Q(state__in=["sent", "unknown"]),
                name="delivery_one_in_flight",
            ),
            models.UniqueConstraint(
                fields=["meter", "count"],
                condition=models.Q(state__in=["sent", "unknown", "on_meter"], count__isnull=False),
                name="delivery_count_once",
            ),
        ]


class DeliveryEvent(models.Model):
    """One step of a delivery and what the meter said. Rows are only added."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    event = models.CharField(max_length=30)
    state = models.CharField(max_length=12)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        triggers = append_only("delivery_event")
