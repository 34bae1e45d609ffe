"""Rate one interval of one supply point and post it: the same core engine for every place of the purse."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from powertill.apps.ledger import flows as ledger
from powertill.apps.metering import state as states
from powertill.apps.metering.models import Charge, Meter, RatingState
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.apps.tariffs import queries as tariffs
from powertill.apps.tariffs.models import Version
from powertill.core import energy, money
from powertill.core import ledger as books
from powertill.core.span import Span
from powertill.core.tariff import engine

CHANGES_PER_INTERVAL_MAX = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """Energy taken (and fed back) over one half-open interval, in Wh."""

    span: Span
    wh: int
    export_wh: int = 0


@dataclass(frozen=True, slots=True)
class Rated:
    """One part of an interval under one tariff version."""

    version: Version
    use: Interval
    charge: engine.Charge


def charge_interval(
    *,
    meter: Meter,
    supply_point: SupplyPoint,
    account: Account,
    use: Interval,
    meter_took_minor: int | None,
    now: datetime,
) -> int:
    """Rate and post an interval; return what was charged in minor units.

    `meter_took_minor` is given where the purse is in the meter: then the meter's own deduction is the money that
    moved, and our rating stands beside it as a check.
    """
    row, _ = RatingState.objects.select_for_update().get_or_create(supply_point=supply_point)
    state = states.load(row.state)
    parts = []
    for part in _by_version(supply_point, use):
        version = tariffs.version_at(supply_point=supply_point, at=part.span.start)
        charge = engine.charge(
            tariffs.plan(version), state, engine.Use(part.span, part.wh), holidays=tariffs.holidays(supply_point.site)
        )
        parts.append(Rated(version, part, charge))
        state = charge.state
    row.state = states.dump(state)
    row.save(update_fields=["state"])
    rated = [part.charge.minor for part in parts]
    taken = rated if meter_took_minor is None else _allot(meter_took_minor, rated)
    for part, minor in zip(parts, taken, strict=True):
        _post(part, minor, meter=meter, supply_point=supply_point, account=account, now=now)
    return sum(taken)


def _by_version(supply_point: SupplyPoint, use: Interval) -> list[Interval]:
    points: list[datetime] = []
    after = use.span.start
    while len(points) < CHANGES_PER_INTERVAL_MAX:
        moment = tariffs.next_change_at(supply_point=supply_point, after=after, until=use.span.end)
        if moment is None:
            break
        points.append(moment)
        after = moment
    spans = use.span.split_at(*points)
    weights = [span.seconds for span in spans]
    imported = energy.split_wh(use.wh, weights)
    exported = energy.split_wh(use.export_wh, weights)
    return [Interval(*part) for part in zip(spans, imported, exported, strict=True)]


def _allot(total_minor: int, rated: list[int]) -> list[int]:
    weights = rated if sum(rated) else [1] * len(rated)
    return list(money.share(total_minor, weights))


def _post(part: Rated, minor: int, *, meter: Meter, supply_point: SupplyPoint, account: Account, now: datetime) -> None:
    key = f"use:{meter.number}:{part.use.span.start.isoformat()}"
    took_itself = supply_point.place == "meter"
    entry = books.consumption_charged(
        key=key,
        at=part.use.span.end,
        account=account.pk,
        source=supply_point.place,
        amount_minor=minor,
        tax_minor=_tax(part, minor) if took_itself else part.charge.tax_minor,
        fixed_minor=0 if took_itself else part.charge.fixed_minor,
        wh=part.use.wh,
    )
    posted = ledger.settle(account=account, place=supply_point.place, entry=entry, at=part.use.span.end, now=now)
    _export(part, key=key, supply_point=supply_point, account=account, now=now)
    Charge.objects.create(
        supply_point=supply_point,
        account=account,
        meter=meter,
        version=part.version,
        from_at=part.use.span.start,
        to_at=part.use.span.end,
        wh=part.use.wh,
        export_wh=part.use.export_wh,
        minor=minor,
        rated_minor=part.charge.minor,
        tax_minor=part.charge.tax_minor,
        lines=states.explain(part.charge.lines),
        entry=posted,
    )


def _tax(part: Rated, minor: int) -> int:
    if part.charge.minor == 0:
        return 0
    return money.share(minor, [part.charge.tax_minor, part.charge.minor - part.charge.tax_minor])[0] if minor else 0


def _export(part: Rated, *, key: str, supply_point: SupplyPoint, account: Account, now: datetime) -> None:
    price = tariffs.plan(part.version).export_minor_per_kwh
    if not part.use.export_wh or price is None:
        return
    minor = money.round_minor(energy.cost(part.use.export_wh, price))
    entry = books.export_credited(
        key=f"{key}:export", at=part.use.span.end, account=account.pk, amount_minor=minor, wh=part.use.export_wh
    )
    # Export is money in the account, wherever the purse for use is.
    ledger.settle(account=account, place="account", entry=entry, at=part.use.span.end, now=now)


def snapshot(supply_point: SupplyPoint) -> engine.State:
    """Return how far the billing period of the supply point has been charged."""
    row = RatingState.objects.filter(supply_point=supply_point).first()
    raw: dict[str, Any] = row.state if row else {}
    return states.load(raw)
