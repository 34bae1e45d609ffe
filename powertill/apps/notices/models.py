"""One message per topic, person and channel, with its proof of delivery."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from powertill.apps.lease import Leased
from powertill.apps.people.models import Customer
from powertill.apps.sites.models import Account


class Contact(models.Model):
    """Where a customer is told things: a channel and an address on it, tried in order of rank."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contacts")
    channel = models.CharField(max_length=20)  # code of a notify driver
    address = models.CharField(max_length=120)
    rank = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["rank", "id"]
        constraints = [models.UniqueConstraint(fields=["customer", "channel", "address"], name="contact_once")]


class Message(Leased):
    """Something a customer is told. `key` makes it once only, however often a flow runs."""

    class State(models.TextChoices):
        DUE = "due", _("waiting")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    key = models.CharField(max_length=120, unique=True)
    topic = models.CharField(_("topic"), max_length=30)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="messages")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="messages")
    language = models.CharField(max_length=12)
    channel = models.CharField(_("channel"), max_length=20)
    address = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    subject = models.CharField(max_length=160)
    body = models.TextField()
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DUE)
    proof = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    chased_at = models.DateTimeField(null=True)  # when the next channel was tried for want of proof
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "topic"])]
