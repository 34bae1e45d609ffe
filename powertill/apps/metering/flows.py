"""A reading comes in: judge it, charge what it shows, remember it. One transaction per meter."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from powertill.apps.ledger import flows as ledger
from powertill.apps.ledger import queries as balances
from powertill.apps.metering import rating
from powertill.apps.metering.models import Meter, Reading
from powertill.apps.metering.queries import account_at, supply_point_at
from powertill.core import metering as judge
from powertill.core.ports import CreditSeen, Snapshot
from powertill.core.span import Span

CHARGEABLE = frozenset({"accept", "roll_over"})
HELD = frozenset({"jump", "backwards", "reset", "future"})  # a person looks; nothing is charged


@dataclass(frozen=True, slots=True)
class Heard:
    """What a meter said in one conversation."""

    snapshot: Snapshot
    credit: CreditSeen | None
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reading: the judge's verdict and what was charged."""

    verdict: str
    reason: str
    charged_minor: int = 0
    wh: int = 0


def accept_reading(*, meter_id: int, heard: Heard, now: datetime) -> Outcome:
    """Store a reading and charge the interval that it closes. Safe to call twice with the same reading."""
    with transaction.atomic():
        meter = Meter.objects.select_for_update().select_related("site").get(pk=meter_id)
        verdict = _judge(meter, heard, now=now)
        if not _remember(meter, heard, verdict, now=now):
            return Outcome(verdict="duplicate", reason=verdict.reason)
        charged, wh = 0, 0
        if verdict.kind in CHARGEABLE:
            charged, wh = _charge(meter, heard, verdict, now=now)
        if verdict.kind in CHARGEABLE or verdict.kind == "first":
            meter.accepted_at = heard.taken_at
            meter.accepted_import_wh = heard.snapshot.import_wh
            meter.accepted_export_wh = heard.snapshot.export_wh
        _show(meter, heard, now=now)
        return Outcome(verdict=verdict.kind, reason=verdict.reason, charged_minor=charged, wh=wh)


def _judge(meter: Meter, heard: Heard, *, now: datetime) -> judge.Verdict:
    before = None
    if meter.accepted_at is not None and meter.accepted_import_wh is not None:
        before = judge.Register(at=meter.accepted_at, wh=meter.accepted_import_wh)
    return judge.judge(
        previous=before,
        new=judge.Register(at=heard.taken_at, wh=heard.snapshot.import_wh),
        digits_wh_max=meter.register_wh_max,
        power_w_max=meter.power_w_max,
        now=now,
    )


def _remember(meter: Meter, heard: Heard, verdict: judge.Verdict, *, now: datetime) -> bool:
    credit = heard.credit
    row = Reading(
        meter=meter,
        taken_at=heard.taken_at,
        received_at=now,
        import_wh=heard.snapshot.import_wh,
        export_wh=heard.snapshot.export_wh,
        power_w=heard.snapshot.power_w,
        remaining_minor=credit.remaining_minor if credit else None,
        overdraft_minor=credit.overdraft_minor if credit else None,
        purchase_count=credit.purchase_count if credit else None,
        verdict=verdict.kind,
        reason=verdict.reason[:200],
    )
    if Reading.objects.filter(meter=meter, taken_at=heard.taken_at).exists():
        return False
    row.save(force_insert=True)
    return True


def _charge(meter: Meter, heard: Heard, verdict: judge.Verdict, *, now: datetime) -> tuple[int, int]:
    assert meter.accepted_at is not None and verdict.wh is not None
    supply_point = supply_point_at(meter=meter, at=meter.accepted_at)
    account = account_at(supply_point=supply_point, at=meter.accepted_at) if supply_point else None
    if supply_point is None or account is None:
        return 0, verdict.wh  # Nobody's energy: it shows as a loss of the site, never on a later customer.
    ledger.lock([account.pk])
    use = rating.Interval(
        span=Span(meter.accepted_at, heard.taken_at),
        wh=verdict.wh,
        export_wh=max(0, heard.snapshot.export_wh - (meter.accepted_export_wh or 0)),
    )
    taken = purse_drop_minor(meter, heard, account.pk) if supply_point.place == "meter" else None
    charged = rating.charge_interval(
        meter=meter, supply_point=supply_point, account=account, use=use, meter_took_minor=taken, now=now
    )
    return charged, verdict.wh


def purse_drop_minor(meter: Meter, heard: Heard, account_id: int) -> int:
    """Return what the meter took from its own purse since we last settled, in minor units.

    Only when the meter's purchase count is the one we have proof of: otherwise credit is under way, and the
    difference is settled after that delivery has been proven.
    """
    if heard.credit is None or heard.credit.purchase_count != meter.proven_count:
        return 0
    booked = balances.balance_minor(account_id=account_id, place="meter")
    return max(0, booked - heard.credit.remaining_minor + heard.credit.overdraft_minor)


def _show(meter: Meter, heard: Heard, *, now: datetime) -> None:
    snapshot = asdict(heard.snapshot)
    snapshot["clock_at"] = heard.snapshot.clock_at.isoformat() if heard.snapshot.clock_at else None
    meter.live = {"taken_at": heard.taken_at.isoformat(), **snapshot}
    if heard.credit is not None:
        meter.live["credit"] = asdict(heard.credit)
    meter.seen_at, meter.failures, meter.last_fault = now, 0, ""
    meter.save()


def missed(*, meter_id: int, fault: str, now: datetime, next_poll_at: datetime) -> int:
    """Note that a meter did not answer; return how often in a row."""
    with transaction.atomic():
        meter = Meter.objects.select_for_update().get(pk=meter_id)
        meter.failures, meter.last_fault, meter.next_poll_at = meter.failures + 1, fault[:160], next_poll_at
        meter.save(update_fields=["failures", "last_fault", "next_poll_at"])
        return meter.failures
