"""Rate one interval of one supply point and post it: the same core engine for every place of the purse."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from powertill.apps.ledger import flows as ledger
from powertill.apps.metering import state as states
from powertill.apps.metering.models import Charge, Meter, RatingState
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.apps.tariffs import queries as tariffs
from powertill.apps.tariffs.models import Version
from powertill.core import energy, money
from powertill.core import ledger as books
from powertill.core.span import Span, first_of_month, local_date
from powertill.core.tariff import engine, export

CHANGES_PER_INTERVAL_MAX = 20
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """Energy taken (and fed back) over one half-open interval, in Wh."""

    span: Span
    wh: int
    export_wh: int = 0

    def cut(self, *points: datetime) -> list["Interval"]:
        """Return the parts between the points; energy is shared by time, and no Wh is lost."""
        spans = self.span.split_at(*points)
        weights = [(span.end - span.start) // TICK for span in spans]
        imported, exported = energy.split_wh(self.wh, weights), energy.split_wh(self.export_wh, weights)
        return [Interval(*part) for part in zip(spans, imported, exported, strict=True)]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose energy it is and which meter counted it."""

    meter: Meter
    supply_point: SupplyPoint
    account: Account


@dataclass(frozen=True, slots=True)
class Rated:
    """One part of an interval under one tariff version."""

    version: Version
    use: Interval
    charge: engine.Charge


def charge_interval(place: Place, use: Interval, *, meter_took_minor: int | None, now: datetime) -> int:
    """Rate and post an interval; return what was charged in minor units.

    `meter_took_minor` is given where the purse is in the meter: then the meter's own deduction is the money that
    moved, and our rating stands beside it as a check.
    """
    row, _ = RatingState.objects.select_for_update(no_key=True, of=("self",)).get_or_create(
        supply_point=place.supply_point
    )
    if row.account_id != place.account.pk:
        _start_over(row, place.account, use.span.start)
    rated = [_rate(row, place.supply_point, part) for part in _by_version(place.supply_point, use)]
    minors = [part.charge.minor for part in rated]
    if meter_took_minor is not None:
        minors = _allot(meter_took_minor, minors)
    for part, minor in zip(rated, minors, strict=True):
        _post(row, place, part, minor, now=now)
    row.save()
    return sum(minors)


def _start_over(row: RatingState, account: Account, at: datetime) -> None:
    """Begin the period of another account: nobody inherits a neighbour's place on the ladder or their days."""
    before = states.load(row.state).fixed_until
    row.account = account
    row.state = states.dump(engine.State(fixed_until=before if before and before > at else None))
    row.export, row.meter = {}, {}


def _by_version(supply_point: SupplyPoint, use: Interval) -> list[Interval]:
    points: list[datetime] = []
    after = use.span.start
    while len(points) < CHANGES_PER_INTERVAL_MAX:
        moment = tariffs.next_change_at(supply_point=supply_point, after=after, until=use.span.end)
        if moment is None:
            break
        points.append(moment)
        after = moment
    return use.cut(*points)


def _rate(row: RatingState, supply_point: SupplyPoint, part: Interval) -> Rated:
    version = tariffs.version_at(supply_point=supply_point, at=part.span.start)
    charge = engine.charge(
        tariffs.plan(version),
        states.load(row.state),
        engine.Use(part.span, part.wh),
        holidays=tariffs.holidays(supply_point.site),
    )
    row.state = states.dump(charge.state)
    return Rated(version, part, charge)


def _allot(total_minor: int, rated: list[int]) -> list[int]:
    weights = rated if sum(rated) else [1] * len(rated)
    return list(money.share(total_minor, weights))


def _post(row: RatingState, place: Place, part: Rated, minor: int, *, now: datetime) -> None:
    key = f"use:{place.meter.number}:{part.use.span.start.isoformat()}"
    took_itself = place.supply_point.place == SupplyPoint.Place.METER
    tax_minor = _tax_taken(row, part, minor) if took_itself else part.charge.tax_minor
    entry = books.consumption_charged(
        key=key,
        at=part.use.span.end,
        account=place.account.pk,
        source="meter" if took_itself else "account",
        amount_minor=minor,
        tax_minor=tax_minor,
        fixed_minor=0 if took_itself else part.charge.fixed_minor,
        wh=part.use.wh,
    )
    posted = ledger.settle(
        account=place.account, place=place.supply_point.place, entry=entry, at=part.use.span.end, now=now
    )
    _export(row, place, part, key=key, now=now)
    Charge.objects.create(
        supply_point=place.supply_point,
        account=place.account,
        meter=place.meter,
        version=part.version,
        from_at=part.use.span.start,
        to_at=part.use.span.end,
        wh=part.use.wh,
        export_wh=part.use.export_wh,
        minor=minor,
        rated_minor=part.charge.minor,
        tax_minor=tax_minor,
        lines=states.explain(part.charge.lines),
        entry=posted,
    )


def _tax_taken(row: RatingState, part: Rated, minor: int) -> int:
    """Return the tax in what the meter took, rounded on the month: a few cents at a time would round to nothing."""
    plan = tariffs.plan(part.version)
    if plan.tax is None:
        return 0
    month = first_of_month(local_date(part.use.span.start, plan.zone))
    took = states.load_took(row.meter)
    if took.month is None or month > took.month:
        took = states.MeterTook(month)
    taken_minor = took.taken_minor + minor
    tax_minor = money.round_minor(money.inclusive_tax(Decimal(taken_minor), plan.tax.per_mille))
    row.meter = states.dump(replace(took, taken_minor=taken_minor, tax_minor=tax_minor))
    return tax_minor - took.tax_minor


def _export(row: RatingState, place: Place, part: Rated, *, key: str, now: datetime) -> None:
    minor, state = export.credit(
        tariffs.plan(part.version), states.load_export(row.export), part.use.span, part.use.export_wh
    )
    row.export = states.dump(state)
    entry = books.export_credited(
        key=f"{key}:export", at=part.use.span.end, account=place.account.pk, amount_minor=minor, wh=part.use.export_wh
    )
    # Export is money in the account, wherever the purse for use is.
    ledger.settle(account=place.account, place="account", entry=entry, at=part.use.span.end, now=now)


def snapshot(supply_point: SupplyPoint, *, account: Account | None = None) -> engine.State:
    """Return how far the billing period of the supply point has been charged; for another account, its beginning."""
    row = RatingState.objects.filter(supply_point=supply_point).first()
    if row is None or (account is not None and row.account_id != account.pk):
        return engine.State()
    return states.load(row.state)
