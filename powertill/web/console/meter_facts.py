"""Everything that the page of one meter shows, gathered once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _

from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.models import Meter, Reading
from powertill.apps.metering.queries import account_at, supply_point_at
from powertill.apps.sales.models import Delivery, DeliveryEvent
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.apps.supply.models import Incident, RelayOrder, RelayResult, Supply
from powertill.apps.supply.queries import incident_sentence
from powertill.web import reasons

READINGS_SHOWN = 24
ORDERS_SHOWN = 10
PHASES = ("A", "B", "C")


@dataclass(frozen=True, slots=True)
class Phase:
    """One conductor: mV, mA and W, each None where the meter does not have it."""

    name: str
    voltage_mv: int | None
    current_ma: int | None
    power_w: int | None


@dataclass(frozen=True, slots=True)
class Money:
    """What is left: `booked_minor` is ours, `shown_minor` what the meter displayed (None: it has no purse)."""

    booked_minor: int
    booked_at: datetime | None
    shown_minor: int | None
    shown_at: datetime | None
    on_the_way_minor: int

    @property
    def differs_minor(self) -> int | None:
        """Return how much less the meter shows than we booked on it; None when there is nothing to compare."""
        return None if self.shown_minor is None else self.booked_minor - self.shown_minor


@dataclass(frozen=True, slots=True)
class Read:
    """One reading with the Wh since the one before, and what the judge said of it in the reader's language."""

    row: Reading
    since_wh: int | None
    said: str
    look: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """Something that waits for a person: what it is, and what can be done about it here."""

    row: Incident
    said: str

    @property
    def is_reading(self) -> bool:
        """Tell whether a held reading can be settled."""
        return self.row.kind.startswith("reading.")

    @property
    def is_delivery(self) -> bool:
        """Tell whether the delivery itself is decided further down."""
        return self.row.kind == "delivery.person"


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery of credit with its steps in words."""

    row: Delivery
    steps: list[tuple[DeliveryEvent, str]]

    @property
    def key(self) -> str:
        """Return what names this delivery's controls on the page."""
        return f"delivery-{self.row.pk}"


@dataclass(frozen=True, slots=True)
class Order:
    """One relay order with its reason, its evidence and what came of it."""

    row: RelayOrder
    word: str
    reason: str
    evidence: list[tuple[str, str]]
    results: list[tuple[RelayResult, str]]


@dataclass(frozen=True, slots=True)
class Facts:
    """The page of one meter."""

    meter: Meter
    taken_at: datetime | None
    live: dict[str, Any]
    room: SupplyPoint | None
    account: Account | None
    supply: Supply | None
    reason: str
    limit_w: int | None
    limit_per_mille: int | None
    money: Money | None
    phases: list[Phase] = field(default_factory=list)
    readings: list[Read] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    deliveries: list[Sent] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    @property
    def limit_bar(self) -> int:
        """Return the filled part of the limit's bar in whole per cent, never past its end."""
        return min((self.limit_per_mille or 0) // 10, 100)


def load(meter: Meter, *, now: datetime) -> Facts:
    """Return what is known of the meter; one that was never read has no values and no age."""
    room = supply_point_at(meter=meter, at=now)
    account = account_at(supply_point=room, at=now) if room else None
    supply = Supply.objects.select_related("policy").filter(supply_point=room).first() if room else None
    limit_w = room.power_limit_w if room else None
    return Facts(
        meter=meter,
        taken_at=taken_at(meter),
        live=meter.live,
        room=room,
        account=account,
        supply=supply,
        reason=reasons.supply_reason(supply),
        limit_w=limit_w,
        limit_per_mille=_share(meter.live.get("power_w"), limit_w),
        money=_money(meter, room, account) if room and account else None,
        phases=phases(meter.live),
        readings=_readings(meter),
        orders=_orders(meter),
        deliveries=_deliveries(meter),
        cases=_cases(meter),
    )


def taken_at(meter: Meter) -> datetime | None:
    """Return when the newest values were taken."""
    text = meter.live.get("taken_at")
    return datetime.fromisoformat(text) if text else None


def purse_seen_at(meter: Meter) -> datetime | None:
    """Return when the meter's purse was read last; a reading may come without it."""
    if not meter.live.get("credit"):
        return None
    rows = Reading.objects.filter(meter=meter, remaining_minor__isnull=False).order_by("-taken_at")
    return rows.values_list("taken_at", flat=True).first() or taken_at(meter)


def phases(live: dict[str, Any]) -> list[Phase]:
    """Return the conductors that the meter measures."""
    rows = [live.get(name) or [] for name in ("voltage_mv", "current_ma", "power_phase_w")]
    count = min(max(len(row) for row in rows), len(PHASES))

    def at(row: list[int | None], index: int) -> int | None:
        return row[index] if index < len(row) else None

    return [Phase(PHASES[n] if count > 1 else "", *(at(row, n) for row in rows)) for n in range(count)]


def _share(power_w: int | None, limit_w: int | None) -> int | None:
    return None if power_w is None or not limit_w else max(power_w, 0) * 1000 // limit_w


def _money(meter: Meter, room: SupplyPoint, account: Account) -> Money:
    booked = ledger.balance_minor(account_id=account.pk, place=room.place)
    newest = ledger.debits(account_id=account.pk, place=room.place)
    credit = meter.live.get("credit")
    shown = int(credit["remaining_minor"]) - int(credit["overdraft_minor"]) if credit else None
    other = ledger.balance_minor(account_id=account.pk, place="account") if room.place == "meter" else 0
    return Money(booked, newest.at if newest else None, shown, purse_seen_at(meter), other)


def _readings(meter: Meter) -> list[Read]:
    """Return the newest readings with the Wh since the one before and their reason in the reader's language."""
    rows = list(Reading.objects.filter(meter=meter).order_by("-taken_at")[: READINGS_SHOWN + 1])
    befores = [row.import_wh for row in rows[1:]]
    return [
        Read(
            row,
            row.import_wh - before if before is not None else None,
            reasons.verdict_reason(row),
            reasons.verdict(row.verdict),
        )
        for row, before in zip_longest(rows[:READINGS_SHOWN], befores)
        if row is not None
    ]


def _orders(meter: Meter) -> list[Order]:
    rows = RelayOrder.objects.filter(meter=meter).select_related("actor").prefetch_related("results")
    orders = []
    for row in rows.order_by("-id")[:ORDERS_SHOWN]:
        results = [(result, reasons.outcome(result.outcome)) for result in row.results.all()]
        reason = reasons.because(row.code, row.params)
        orders.append(Order(row, reasons.command(row.command), reason, _plain(row.evidence.items()), results))
    return orders


def _plain(items: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in items]


def _deliveries(meter: Meter) -> list[Sent]:
    rows = Delivery.objects.filter(meter=meter).select_related("sale").prefetch_related("events")
    return [
        Sent(row, [(event, reasons.step(event.event)) for event in row.events.all()])
        for row in rows.order_by("-id")[:ORDERS_SHOWN]
    ]


def _cases(meter: Meter) -> list[Case]:
    rows = Incident.objects.filter(meter=meter, closed_at=None).order_by("-id")
    said = [(row, incident_sentence(row)) for row in rows[:ORDERS_SHOWN]]
    return [Case(row, _(sentence.msgid) % sentence.params) for row, sentence in said]


def power_day(meter: Meter, *, now: datetime) -> list[tuple[datetime, int]]:
    """Return (taken at, W) of the last 24 hours, oldest first."""
    rows = Reading.objects.filter(meter=meter, taken_at__gt=now - timedelta(hours=24), taken_at__lte=now)
    found = rows.order_by("taken_at").values_list("taken_at", "power_w")
    return [(at, power_w) for at, power_w in found if power_w is not None]
