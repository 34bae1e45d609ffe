"""The operation table, the chained log of privileged acts and the four-eyes table."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from powertill.apps.append_only import append_only, no_truncate
from powertill.apps.sites.models import Site


class Operation(models.Model):
    """One command, by the id that its sender made: the same id and body give the same answer for ever.

    A row without a result is a tombstone: the id was asked for, was not found, and is refused from then on.
    """

    op_id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=40)
    body_hash = models.CharField(max_length=64)
    result = models.JSONField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="operation_kept", operation=pgtrigger.Delete),
            # The result is filled in once, by the transaction that inserted the row.
            pgtrigger.Protect(
                name="operation_answered",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__result__isnull=False),
            ),
            no_truncate("operation"),
        ]


class LogEntry(models.Model):
    """One privileged act. Each row holds the hash of the row before it, so a removed or edited row shows."""

    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    act = models.CharField(_("act"), max_length=60)
    subject = models.CharField(_("subject"), max_length=80)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    op_id = models.CharField(max_length=64, blank=True)
    before_hash = models.CharField(max_length=64)
    own_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-id"]
        triggers = append_only("log")


class Approval(models.Model):
    """An act that needs a second person. The payload is pinned by its hash and applied at most once."""

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    payload = models.JSONField()
    payload_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=200)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)  # asked for anew, or what it asks for is no longer so

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(checker=None) | ~Q(checker=F("maker")), name="approval_maker_is_not_checker"
            ),
            models.UniqueConstraint(
                fields=["site", "kind", "subject"],
                condition=Q(approved_at=None, voided_at=None),
                nulls_distinct=False,
                name="approval_open_once",
            ),
        ]
