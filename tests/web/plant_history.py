"""What happened to the cast of the plant and portal pages: readings, sales, switches, acts."""

from __future__ import annotations

from datetime import datetime, timedelta

from powertill.apps.audit import flows as audit
from powertill.apps.audit.models import Operation
from powertill.apps.metering.models import Charge, RatingState, Reading
from powertill.apps.metering.state import dump, explain
from powertill.apps.notices.models import Contact
from powertill.apps.sales.models import Delivery, DeliveryEvent, Sale
from powertill.apps.sites.models import Account
from powertill.apps.supply import incidents
from powertill.apps.supply.models import RelayOrder, RelayResult, Supply
from powertill.apps.tariffs import queries as tariffs
from powertill.core.span import Span
from powertill.core.tariff import engine
from tests.web.plant_rooms import new_user
from tests.web.plant_terms import HISTORY_DAYS, NOW, ZONE, Cast


def _watts(at: datetime) -> int:
    hour = at.astimezone(ZONE).hour
    shape = (
        90,
        80,
        70,
        70,
        75,
        110,
        420,
        760,
        610,
        320,
        300,
        370,
        500,
        280,
        240,
        250,
        310,
        460,
        820,
        900,
        760,
        540,
        300,
        150,
    )
    return shape[hour] * (9 + at.astimezone(ZONE).day % 4) // 10


def history(cast: Cast, label: str) -> None:
    """Readings each half hour and the charges between them, through the real engine."""
    room, meter, account, version = cast.room[label], cast.meter[label], cast.account[label], cast.version
    assert version is not None
    plan, state = tariffs.plan(version), engine.State()
    at = (NOW - timedelta(days=HISTORY_DAYS)).replace(minute=0, second=0)
    register, readings, charges = 2_000_000, [], []
    while at <= NOW:
        watts = _watts(at)
        readings.append(
            Reading(
                meter=meter,
                taken_at=at,
                received_at=at,
                import_wh=register,
                power_w=watts,
                verdict="accept",
                reason=f"{watts // 2} Wh were used since the reading before.",
            )
        )
        span = Span(at, at + timedelta(minutes=30))
        if span.end <= NOW:
            made = engine.charge(plan, state, engine.Use(span, watts // 2))
            state = made.state
            charges.append(
                Charge(
                    supply_point=room,
                    account=account,
                    meter=meter,
                    version=version,
                    from_at=at,
                    to_at=span.end,
                    wh=made.wh,
                    minor=made.minor,
                    rated_minor=made.minor,
                    tax_minor=made.tax_minor,
                    lines=explain(made.lines),
                )
            )
        register += watts // 2
        at += timedelta(minutes=30)
    readings[-6].verdict, readings[-6].reason = (
        "jump",
        "90000 Wh is more than this connection can deliver in the time; a person must look.",
    )
    Reading.objects.bulk_create(readings)
    Charge.objects.bulk_create(charges)
    RatingState.objects.create(supply_point=room, state=dump(state))
    _customer_who_signs_in(cast, account)


def _customer_who_signs_in(cast: Cast, account: Account) -> None:
    user = new_user("grace")
    account.customer.user = user
    account.customer.save(update_fields=["user"])
    cast.person["grace"] = user
    Contact.objects.create(customer=account.customer, channel="sms", address="13800000025")
    Contact.objects.create(customer=account.customer, channel="email", address="grace@example.org", rank=2)


def _parts(amount: int) -> list[dict[str, object]]:
    return [
        {
            "kind": "debt",
            "code": "debt",
            "name": "Arrears",
            "minor": 300,
            "wh": 0,
            "minor_per_kwh": None,
            "block": "",
            "band": "",
        },
        {
            "kind": "energy",
            "code": "",
            "name": "Energy",
            "minor": amount - 300,
            "wh": (amount - 300) * 1000 // 53,
            "minor_per_kwh": "52.83",
            "block": "First",
            "band": "flat",
        },
    ]


def sales(cast: Cast, label: str) -> None:
    room, account, meter = cast.room[label], cast.account[label], cast.meter[label]
    for days, amount in ((9, 5000), (4, 2000)):
        at = NOW - timedelta(days=days)
        operation = Operation.objects.create(
            op_id=f"cast-sale-{days}", kind="sale", body_hash="0" * 64, result={}, at=at
        )
        sale = Sale.objects.create(
            operation=operation,
            account=account,
            supply_point=room,
            version=cast.version,
            amount_minor=amount,
            credit_minor=amount - 300,
            given_minor=amount,
            tender="cash",
            channel="cash:counter",
            parts=_parts(amount),
            wh_estimate=(amount - 300) * 1000 // 53,
            tax_minor=(amount - 300) * 130 // 1130,
            cashier=cast.person["cai"],
            sold_at=at,
        )
        delivery = Delivery.objects.create(
            account=account,
            meter=meter,
            sale=sale,
            kind="recharge",
            amount_minor=amount - 300,
            state="on_meter",
            count=3 + days,
            before={"purchase_count": 2},
            made_at=at,
            proven_at=at + timedelta(seconds=40),
            next_at=at,
        )
        for event, state in (("send", "sent"), ("lose", "unknown"), ("moved_as_ordered", "on_meter")):
            DeliveryEvent.objects.create(delivery=delivery, at=at, event=event, state=state, detail={"count": 3 + days})


def relay(cast: Cast, label: str) -> None:
    supply = Supply.objects.get(supply_point=cast.room[label])
    order = RelayOrder.objects.create(
        supply=supply,
        meter=cast.meter[label],
        command="trip",
        code="supply.credit_used_up",
        sent_at=NOW - timedelta(hours=1),
        evidence={
            "available_minor": -120,
            "reading_at": NOW.isoformat(),
            "notices": [["low_2", NOW.isoformat()]],
            "mode": "normal",
        },
    )
    RelayResult.objects.create(order=order, at=order.sent_at, outcome="accepted")
    RelayResult.objects.create(
        order=order, at=order.sent_at + timedelta(seconds=20), outcome="open", detail="read back 0050"
    )


def acts(cast: Cast) -> None:
    incidents.open_incident(
        meter=cast.meter["2-0608"],
        kind="reading.jump",
        subject=cast.meter["2-0608"].number,
        params={"wh": 90_000},
        now=NOW,
    )
    mona = cast.person["mona"]
    audit.log(
        act="tariff.published",
        subject="HOME-TOU v2",
        actor=mona,
        now=NOW - timedelta(days=100),
        op_id="op-tariff-2",
        site=cast.site,
    )
    audit.log(
        act="supply.cut",
        subject="1-0104",
        actor=mona,
        now=NOW - timedelta(hours=1),
        reason="meter room is flooded",
        facts={"relay": "open"},
        site=cast.site,
    )
    row = audit.request_approval(
        kind="supply.unprotect",
        subject="1-0105",
        payload={
            "supply_point": cast.room["1-0105"].pk,
            "protected_reason": cast.room["1-0105"].protected_reason,
        },
        reason="the patient has moved out",
        maker=mona,
        now=NOW - timedelta(hours=2),
        site=cast.site,
    )
    cast.approval_id = row.pk
