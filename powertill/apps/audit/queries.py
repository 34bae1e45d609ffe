"""Reads of the log: pages of acts, and the proof that the chain is whole."""

from django.db.models import QuerySet

from powertill.apps.audit.flows import CHAIN_START, link_hash
from powertill.apps.audit.models import Approval, LogEntry
from powertill.apps.sites.models import Site

CHAIN_ROWS_PER_READ = 1000


def acts(site: Site | None = None) -> QuerySet[LogEntry]:
    """Return the log, newest first, with the people in it; with a site only what was done there."""
    rows = LogEntry.objects.select_related("actor").order_by("-id")
    return rows.filter(site=site) if site is not None else rows


def open_approvals(site: Site | None = None) -> QuerySet[Approval]:
    """Return acts that wait for a second person, oldest first; one that is too old shows until it is asked anew."""
    rows = Approval.objects.select_related("maker").filter(approved_at=None, voided_at=None).order_by("id")
    return rows.filter(site=site) if site is not None else rows


def broken_links() -> list[int]:
    """Return the ids of log rows whose hash or predecessor does not fit; empty means the chain is whole."""
    bad, before = [], CHAIN_START
    for entry in LogEntry.objects.order_by("id").iterator(chunk_size=CHAIN_ROWS_PER_READ):
        if entry.before_hash != before or link_hash(entry) != entry.own_hash:
            bad.append(entry.pk)
        before = entry.own_hash
    return bad
