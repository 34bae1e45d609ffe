"""Append-only double entry, and the balance split in two so that a sale never waits for a settlement."""

import pgtrigger
from django.db import models
from django.db.models import Q

from powertill.apps.append_only import append_only
from powertill.apps.sites.models import Account


class Entry(models.Model):
    """One business fact. `key` is the fact's own name, so a fact is never booked twice."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=24)
    at = models.DateTimeField()
    posted_at = models.DateTimeField()
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")

    class Meta:
        ordering = ["id"]
        triggers = [
            *append_only("entry"),
            pgtrigger.Trigger(
                name="entry_not_empty",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF (SELECT COUNT(*) FROM ledger_posting WHERE entry_id = NEW.id) < 2 THEN
                        RAISE EXCEPTION 'entry % has fewer than two postings', NEW.id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]


class Posting(models.Model):
    """One side of an entry: debit positive, credit negative, in whole minor units or whole Wh."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=60, db_index=True)
    unit = models.CharField(max_length=8)
    amount = models.BigIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="posting_not_zero"),
            models.CheckConstraint(condition=Q(unit__in=["money", "Wh"]), name="posting_unit_known"),
        ]
        triggers = [
            *append_only("posting"),
            pgtrigger.Trigger(
                name="entry_balances",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM ledger_posting WHERE entry_id = NEW.entry_id GROUP BY unit HAVING SUM(amount) <> 0
                    ) THEN
                        RAISE EXCEPTION 'entry % does not balance', NEW.entry_id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]


class Purse(models.Model):
    """The credit side of one balance: money that came in. Sales touch it, settlement never does."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="purses")
    place = models.CharField(max_length=8)  # "account" or "meter"
    credits_minor = models.BigIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)  # rises with each credit: warnings are armed again

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "place"], name="purse_once"),
            models.CheckConstraint(condition=Q(place__in=["account", "meter"]), name="purse_place_known"),
        ]


class Debit(models.Model):
    """The debit side: running totals, one row appended per settlement. The newest row is the truth."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="debits")
    place = models.CharField(max_length=8)
    at = models.DateTimeField()
    debits_minor = models.BigIntegerField()
    used_wh = models.BigIntegerField()
    fed_wh = models.BigIntegerField(default=0)
    entry = models.OneToOneField(Entry, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["account", "place", "-id"])]
        triggers = append_only("debit")
