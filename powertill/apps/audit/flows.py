"""Commands happen at most once, privileged acts are logged in a chain, and some need a second person."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from powertill.apps.audit.models import Approval, LogEntry, Operation
from powertill.apps.people.models import User
from powertill.apps.sites.models import Site
from powertill.core.errors import Refusal

OP_ID_LENGTH_MAX = 64
OP_ID = re.compile(r"[!-~]{8,64}")  # printable ASCII without blanks
REASON_LENGTH_MAX, SUBJECT_LENGTH_MAX = 200, 80
APPROVAL_LIFE = timedelta(days=2)
CHAIN_START = "0" * 64
_CHAIN_LOCK = 0x504C4F47  # one writer of the log chain at a time


def fingerprint(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the body in one canonical JSON form."""
    return hashlib.sha256(_canonical(body).encode()).hexdigest()


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def once(
    *,
    op_id: str,
    kind: str,
    body: Mapping[str, Any],
    actor: User | None,
    now: datetime,
    run: Callable[[], dict[str, Any]],
) -> tuple[dict[str, Any], bool]:
    """Run a command unless its id ran before; return its result and whether it is a replay.

    Everything that `run` writes commits together with the operation row. The same id with another body
    is refused (`operation.conflict`), and so is an id that was answered "not found" (`operation.tombstone`).
    """
    if not OP_ID.fullmatch(op_id):
        raise Refusal("operation.id")
    digest = fingerprint(body)
    with transaction.atomic():
        if not _insert(op_id=op_id, kind=kind, digest=digest, actor=actor, now=now):
            return _replay(op_id=op_id, kind=kind, digest=digest), True
        result = run()
        Operation.objects.filter(op_id=op_id).update(result=result)
        return result, False


def _insert(*, op_id: str, kind: str, digest: str, actor: User | None, now: datetime) -> bool:
    # The statement waits for a rival transaction with the same id and then sees its row.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_operation (op_id, kind, body_hash, actor_id, at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [op_id, kind, digest, actor.pk if actor else None, now],
        )
        return int(cursor.rowcount) == 1


def _replay(*, op_id: str, kind: str, digest: str) -> dict[str, Any]:
    row = Operation.objects.get(op_id=op_id)
    if row.result is None:
        raise Refusal("operation.tombstone")
    if row.kind != kind or row.body_hash != digest:
        raise Refusal("operation.conflict")
    return dict(row.result)


def last_response(*, op_id: str, now: datetime) -> dict[str, Any] | None:
    """Return the stored result of an operation; if there is none, bury the id so that a late original is refused."""
    if not OP_ID.fullmatch(op_id):
        raise Refusal("operation.id")
    with transaction.atomic():
        if _insert(op_id=op_id, kind="tombstone", digest="", actor=None, now=now):
            return None
        row = Operation.objects.get(op_id=op_id)
        return None if row.result is None else dict(row.result)


def log(
    *,
    act: str,
    subject: str,
    actor: User | None,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
    reason: str = "",
    op_id: str = "",
    site: Site | None = None,
) -> LogEntry:
    """Append one act to the chained log, in the caller's transaction. Only people of its site are shown it.

    One writer at a time holds the chain until its transaction ends, so callers log last: whoever holds the chain
    waits for nothing else.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    last = LogEntry.objects.order_by("-id").values_list("own_hash", flat=True).first()
    entry = LogEntry(
        at=now.astimezone(UTC),
        actor=actor,
        act=act,
        subject=subject[:SUBJECT_LENGTH_MAX],
        reason=reason.strip()[:REASON_LENGTH_MAX],
        facts=json.loads(_canonical(facts or {})),  # as the database gives it back, or the hash would not fit
        op_id=op_id,
        site=site,
        before_hash=last or CHAIN_START,
    )
    entry.own_hash = link_hash(entry)
    entry.save(force_insert=True)
    return entry


def link_hash(entry: LogEntry) -> str:
    """Return the hash that `entry` must carry: over its content and the hash before it."""
    return fingerprint(
        {
            "at": entry.at.astimezone(UTC).isoformat(),
            "actor": entry.actor_id,
            "act": entry.act,
            "subject": entry.subject,
            "reason": entry.reason,
            "facts": entry.facts,
            "op_id": entry.op_id,
            "site": entry.site_id,
            "before": entry.before_hash,
        }
    )


def request_approval(
    *,
    kind: str,
    subject: str,
    payload: Mapping[str, Any],
    reason: str,
    maker: User,
    now: datetime,
    site: Site | None = None,
) -> Approval:
    """Ask for a second person; the payload cannot change afterwards.

    Only one request of a kind is open for a subject (`approval.open`); one that is too old gives way to a new one.
    The caller holds a lock on the subject; without one the database refuses the second request.
    """
    if not reason.strip():
        raise Refusal("approval.reason")
    void_requests(kind=kind, subject=subject, site=site, now=now, expired_only=True)
    if _open(kind=kind, subject=subject, site=site).exists():
        raise Refusal("approval.open")
    row = Approval.objects.create(
        kind=kind,
        subject=subject[:SUBJECT_LENGTH_MAX],
        site=site,
        payload=json.loads(_canonical(payload)),
        payload_hash=fingerprint(payload),
        reason=reason.strip()[:REASON_LENGTH_MAX],
        maker=maker,
        made_at=now,
        expires_at=now + APPROVAL_LIFE,
    )
    log(act=f"{kind}.requested", subject=subject, actor=maker, now=now, facts=payload, reason=row.reason, site=site)
    return row


def void_requests(*, kind: str, subject: str, site: Site | None, now: datetime, expired_only: bool = False) -> int:
    """End open requests that nobody may consent to any more; return how many."""
    rows = _open(kind=kind, subject=subject, site=site)
    return (rows.filter(expires_at__lte=now) if expired_only else rows).update(voided_at=now)


def _open(*, kind: str, subject: str, site: Site | None) -> QuerySet[Approval]:
    return Approval.objects.filter(
        kind=kind, subject=subject[:SUBJECT_LENGTH_MAX], site=site, approved_at=None, voided_at=None
    )


def approve(*, approval_id: int, checker: User, now: datetime) -> Approval:
    """Record the second person's consent; the caller then applies the payload with `apply_once`."""
    with transaction.atomic():
        row = Approval.objects.select_for_update(no_key=True, of=("self",)).filter(pk=approval_id).first()
        if row is None or row.applied_at is not None or row.voided_at is not None:
            raise Refusal("approval.gone")
        if row.maker_id == checker.pk:
            raise Refusal("approval.same_person")
        if row.expires_at <= now:
            raise Refusal("approval.expired")
        row.checker, row.approved_at = checker, now
        row.save(update_fields=["checker", "approved_at"])
        log(act=f"{row.kind}.approved", subject=row.subject, actor=checker, now=now, facts=row.payload, site=row.site)
        return row


def apply_once(*, approval: Approval, now: datetime) -> dict[str, Any]:
    """Mark an approved act as applied and return its payload; a second call is refused."""
    changed = Approval.objects.filter(pk=approval.pk, approved_at__isnull=False, applied_at=None).update(applied_at=now)
    if changed != 1 or fingerprint(approval.payload) != approval.payload_hash:
        raise Refusal("approval.gone")
    return dict(approval.payload)
