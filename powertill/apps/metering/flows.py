"""A reading comes in: judge it, charge what it shows, remember it. One transaction per meter."""

from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain

from django.db import transaction

from powertill.apps.ledger import queries as balances
from powertill.apps.metering import rating
from powertill.apps.metering.models import Meter, Reading
from powertill.apps.metering.queries import account_at, supply_point_at
from powertill.apps.sites.models import Occupancy, SupplyPoint
from powertill.core import metering as judge
from powertill.core.errors import Refusal, Sentence
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
    """What became of a reading: the verdict, what was charged, and why energy fed back is held, if it is."""

    verdict: str
    reason: Sentence
    charged_minor: int = 0
    wh: int = 0
    export_held: str = ""


def accept_reading(*, meter_id: int, heard: Heard, now: datetime) -> Outcome:
    """Store a reading and charge the interval that it closes. Safe to call twice with the same reading."""
    with transaction.atomic():
        meter = Meter.objects.select_for_update(no_key=True, of=("self",)).select_related("site").get(pk=meter_id)
        verdict = _judge(meter, heard, now=now)
        if Reading.objects.filter(meter=meter, taken_at=heard.taken_at).exists():
            return Outcome(verdict="duplicate", reason=Sentence(judge.REASONS[judge.Kind.DUPLICATE]))
        _remember(meter, heard, verdict, now=now)
        charged_minor, wh, export_held = 0, 0, ""
        if verdict.kind in CHARGEABLE:
            wh = verdict.wh or 0
            export_wh, export_held = _exported(meter, heard, now=now)
            charged_minor = _charge(meter, heard, wh, export_wh, now=now)
        if verdict.accepted:
            _accept(meter, heard)
        _show(meter, heard, is_held=verdict.kind in HELD, now=now)
        return Outcome(str(verdict.kind), verdict.reason, charged_minor, wh, export_held)


def settle_held(*, meter_id: int, charge: bool, now: datetime) -> Outcome:
    """Start again from the newest held register, as a person decided, with or without charging what lies between."""
    with transaction.atomic():
        meter = Meter.objects.select_for_update(no_key=True, of=("self",)).select_related("site").get(pk=meter_id)
        row = Reading.objects.filter(meter=meter).order_by("-taken_at").first()
        if row is None or row.verdict not in HELD or meter.accepted_at is None or row.taken_at <= meter.accepted_at:
            raise Refusal("reading.none_held")
        heard, charged_minor = _heard_again(row), 0
        wh = row.import_wh - (meter.accepted_import_wh or 0)
        if charge:
            if wh < 0:
                raise Refusal("reading.not_chargeable")
            export_wh = max(0, row.export_wh - (meter.accepted_export_wh or 0))
            charged_minor = _charge(meter, heard, wh, export_wh, now=now)
        _accept(meter, heard)
        meter.save()
        return Outcome("settled", Sentence(row.reason), charged_minor, wh if charge else 0)


def _heard_again(row: Reading) -> Heard:
    snapshot = Snapshot(clock_at=None, import_wh=row.import_wh, export_wh=row.export_wh, power_w=row.power_w)
    credit = None
    if row.remaining_minor is not None and row.purchase_count is not None:
        credit = CreditSeen(row.remaining_minor, row.overdraft_minor or 0, row.purchase_count)
    return Heard(snapshot, credit, row.taken_at)


def _judge(meter: Meter, heard: Heard, *, now: datetime) -> judge.Verdict:
    verdict = _judge_register(meter, meter.accepted_import_wh, heard.snapshot.import_wh, heard.taken_at, now=now)
    if verdict.kind is judge.Kind.ACCEPT and _still_jumped(meter, heard):
        reason = Sentence(judge.REASONS[judge.Kind.JUMP], wh=verdict.wh)
        return judge.Verdict(judge.Kind.JUMP, None, reason)
    return verdict


def _judge_register(meter: Meter, before_wh: int | None, wh: int, at: datetime, *, now: datetime) -> judge.Verdict:
    before = None
    if meter.accepted_at is not None and before_wh is not None:
        before = judge.Register(at=meter.accepted_at, wh=before_wh)
    return judge.judge(
        before,
        judge.Register(at=at, wh=wh),
        digits_wh_max=meter.register_wh_max,
        power_w_max=meter.power_w_max,
        now=now,
    )


def _still_jumped(meter: Meter, heard: Heard) -> bool:
    """Tell whether the register stands beyond a jump that is held: time alone must not make it believable."""
    rows = Reading.objects.filter(meter=meter, taken_at__gt=meter.accepted_at, verdict=judge.Kind.JUMP.value)
    jumped_to_wh = rows.order_by("taken_at").values_list("import_wh", flat=True).first()
    return jumped_to_wh is not None and heard.snapshot.import_wh >= jumped_to_wh


def _exported(meter: Meter, heard: Heard, *, now: datetime) -> tuple[int, str]:
    """Return the energy fed back, and why it is held where the register is not believable."""
    verdict = _judge_register(meter, meter.accepted_export_wh, heard.snapshot.export_wh, heard.taken_at, now=now)
    if verdict.kind in HELD:
        return 0, str(verdict.reason)
    return verdict.wh or 0, ""


def _remember(meter: Meter, heard: Heard, verdict: judge.Verdict, *, now: datetime) -> None:
    credit = heard.credit
    Reading.objects.create(
        meter=meter,
        taken_at=heard.taken_at,
        received_at=now,
        import_wh=heard.snapshot.import_wh,
        export_wh=heard.snapshot.export_wh,
        power_w=heard.snapshot.power_w,
        remaining_minor=credit.remaining_minor if credit else None,
        overdraft_minor=credit.overdraft_minor if credit else None,
        purchase_count=credit.purchase_count if credit else None,
        verdict=verdict.kind.value,
        reason=str(verdict.reason)[:200],
    )


def _accept(meter: Meter, heard: Heard) -> None:
    meter.accepted_at = heard.taken_at
    meter.accepted_import_wh = heard.snapshot.import_wh
    meter.accepted_export_wh = heard.snapshot.export_wh


def _charge(meter: Meter, heard: Heard, wh: int, export_wh: int, *, now: datetime) -> int:
    """Charge the interval since the last accepted reading to whoever had the supply point; return minor units.

    Energy of a time without an account shows as a loss of the site, never on a later customer.
    """
    assert meter.accepted_at is not None
    span = Span(meter.accepted_at, heard.taken_at)
    supply_point = supply_point_at(meter=meter, at=span.start)
    if supply_point is None:
        return 0
    charged_minor = 0
    for part in rating.Interval(span, wh, export_wh).cut(*_moves(supply_point, span)):
        account = account_at(supply_point=supply_point, at=part.span.start)
        if account is None:
            continue
        taken_minor = None
        if supply_point.place == SupplyPoint.Place.METER:
            is_last = part.span.end == span.end  # The purse belongs to whoever is there now.
            taken_minor = purse_drop_minor(meter, heard, account.pk) if is_last else 0
        place = rating.Place(meter, supply_point, account)
        charged_minor += rating.charge_interval(place, part, meter_took_minor=taken_minor, now=now)
    return charged_minor


def _moves(supply_point: SupplyPoint, span: Span) -> list[datetime]:
    """Return the moments inside the span at which somebody moved in or out."""
    rows = Occupancy.objects.filter(supply_point=supply_point, from_at__lt=span.end).exclude(to_at__lte=span.start)
    return [moment for moment in chain.from_iterable(rows.values_list("from_at", "to_at")) if moment]


def purse_drop_minor(meter: Meter, heard: Heard, account_id: int) -> int:
    """Return what the meter took from its own purse since we last settled, in minor units.

    Only when the meter's purchase count is the one we have proof of: otherwise credit is under way, and the
    difference is settled after that delivery has been proven.
    """
    if heard.credit is None or heard.credit.purchase_count != meter.proven_count:
        return 0
    booked = balances.balance_minor(account_id=account_id, place="meter")
    return max(0, booked - heard.credit.remaining_minor + heard.credit.overdraft_minor)


def _show(meter: Meter, heard: Heard, *, is_held: bool, now: datetime) -> None:
    meter.seen_at, meter.failures, meter.last_fault = now, 0, ""
    shown_at = meter.live.get("taken_at")
    if shown_at is None or datetime.fromisoformat(shown_at) <= heard.taken_at <= now + judge.CLOCK_DOUBT:
        snapshot = asdict(heard.snapshot)
        snapshot["clock_at"] = heard.snapshot.clock_at.isoformat() if heard.snapshot.clock_at else None
        # A purse is believed as little as the register beside it, while a person has not looked.
        credit = {"credit": asdict(heard.credit)} if heard.credit is not None and not is_held else {}
        kept = {"credit": meter.live["credit"]} if "credit" in meter.live else {}
        meter.live = {"taken_at": heard.taken_at.isoformat(), **snapshot, **(credit or kept)}
    meter.save()


def missed(*, meter_id: int, fault: str, now: datetime, next_poll_at: datetime) -> int:
    """Note that a meter did not answer; return how often in a row."""
    with transaction.atomic():
        meter = Meter.objects.select_for_update(no_key=True, of=("self",)).get(pk=meter_id)
        meter.failures, meter.last_fault, meter.next_poll_at = meter.failures + 1, fault[:160], next_poll_at
        meter.save(update_fields=["failures", "last_fault", "next_poll_at"])
        return meter.failures
