"""Sites, the tree of any depth down to supply points, accounts, occupancy, holidays and roles."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from powertill.apps.people.models import Customer


class Site(models.Model):
    """One property or mini-grid with its own zone, currency and rules."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    zone = models.CharField(_("time zone"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3)
    exponent = models.PositiveSmallIntegerField(default=2)
    simulated = models.BooleanField(_("simulated"), default=False)
    help_line = models.CharField(_("help line"), max_length=40, blank=True)
    tax_number = models.CharField(_("tax number"), max_length=40, blank=True)
    diversity_per_mille = models.PositiveSmallIntegerField(default=1000)  # share of all limits expected at one moment
    holidays_known_to = models.DateField(null=True)  # beyond this date the calendar is unknown: nobody is cut

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Holiday(models.Model):
    """A public holiday of a site's calendar; frozen per year, editable by staff."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="holidays")
    date = models.DateField()
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["site", "date"], name="holiday_once")]


class Node(models.Model):
    """A place in the supply tree: transformer, feeder, panel. Supply points hang on nodes."""

    class Kind(models.TextChoices):
        TRANSFORMER = "transformer", _("transformer")
        FEEDER = "feeder", _("feeder")
        PANEL = "panel", _("panel")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="nodes")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    capacity_w = models.PositiveIntegerField()

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="node_code_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class SupplyPoint(models.Model):
    """Where one customer takes power: a room, a flat, a shop. The purse is in the account or in the meter."""

    class Place(models.TextChoices):
        ACCOUNT = "account", _("balance in the account")
        METER = "meter", _("balance in the meter")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="supply_points")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="supply_points")
    label = models.CharField(_("room"), max_length=40)
    place = models.CharField(max_length=8, choices=Place.choices)
    power_limit_w = models.PositiveIntegerField()
    protected = models.BooleanField(_("protected supply"), default=False)
    protected_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["label"]
        constraints = [models.UniqueConstraint(fields=["site", "label"], name="supply_point_label_once")]

    def __str__(self) -> str:
        return self.label


class Account(models.Model):
    """A customer's contract for energy at a site; money is kept per account, not per meter."""

    number = models.CharField(_("account number"), max_length=12, unique=True)  # last digit is a Luhn check digit
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="accounts")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="accounts")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    debt_share_per_mille = models.PositiveSmallIntegerField(default=500)  # of a payment, taken for debt at most

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return self.number


class TsTzRange(Func):
    """The half-open period of a row, for exclusion constraints."""

    function = "TSTZRANGE"


class Occupancy(models.Model):
    """An account has a supply point for a half-open period; two accounts never at once."""

    supply_point = models.ForeignKey(SupplyPoint, on_delete=models.PROTECT, related_name="occupancies")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="occupancies")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["from_at"]
        constraints = [
            ExclusionConstraint(
                name="occupancy_no_overlap",
                expressions=[
                    ("supply_point", RangeOperators.EQUAL),
                    (TsTzRange(F("from_at"), F("to_at")), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class Membership(models.Model):
    """The role of a user at a site."""

    class Role(models.TextChoices):
        CASHIER = "cashier", _("cashier")
        MANAGER = "manager", _("manager")
        ENGINEER = "engineer", _("engineer")
        AUDITOR = "auditor", _("auditor")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "site", "role"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=["cashier", "manager", "engineer", "auditor"]), name="membership_role_known"
            ),
        ]
