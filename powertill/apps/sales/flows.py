"""Take money for energy: open an account, sell, reverse. Each happens once per operation id."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from powertill.apps.audit import flows as audit
from powertill.apps.audit.models import Operation
from powertill.apps.ledger import flows as ledger
from powertill.apps.ledger.models import Entry
from powertill.apps.metering.queries import meter_at
from powertill.apps.notices import flows as notices
from powertill.apps.people.models import Customer, User
from powertill.apps.sales import quoting
from powertill.apps.sales.models import Delivery, Reversal, Sale
from powertill.apps.sites import roles
from powertill.apps.sites.models import Account, Occupancy, SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.apps.supply import queries as supplies
from powertill.apps.supply.models import Supply, SupplyPolicy
from powertill.core import check_digit, delivery, money
from powertill.core import ledger as books
from powertill.core.errors import Refusal

TENDER_CHANNEL = {"cash": "cash:counter", "qr": "qr", "card": "card"}  # see core.ledger.till
UNDO_WITHIN = timedelta(minutes=5)
PRESET_MINOR_MAX = 10_000


def open_account(
    *,
    op_id: str,
    supply_point_id: int,
    customer_id: int,
    policy_id: int,
    preset_minor: int,
    actor: User | None,
    now: datetime,
) -> dict[str, Any]:
    """Give a customer a supply point with supply on at once, on a preset credit that the first purchase pays back."""
    if not 0 <= preset_minor <= PRESET_MINOR_MAX:
        raise Refusal("account.preset", amount_max=money.format_minor(PRESET_MINOR_MAX))
    body = {"supply_point": supply_point_id, "customer": customer_id, "preset": preset_minor, "policy": policy_id}

    def run() -> dict[str, Any]:
        rows = SupplyPoint.objects.select_for_update(no_key=True, of=("self",)).select_related("site")
        supply_point = rows.get(pk=supply_point_id)
        if actor is not None:
            roles.require(actor, supply_point.site, roles.SELL)
        if Occupancy.objects.filter(supply_point=supply_point, to_at=None).exists():
            raise Refusal("account.occupied", room=supply_point.label)
        account = _new_account(supply_point, Customer.objects.get(pk=customer_id), now=now)
        policy = SupplyPolicy.objects.get(pk=policy_id, site=supply_point.site)
        if preset_minor:
            _preset(account, supply_point, preset_minor, now=now)
        row, _ = Supply.objects.update_or_create(
            supply_point=supply_point, defaults={"policy": policy}, create_defaults={"policy": policy, "next_at": now}
        )
        supply.review(supply_id=row.pk, now=now)
        audit.log(
            act="account.opened",
            subject=account.number,
            actor=actor,
            now=now,
            facts=body,
            op_id=op_id,
            site=supply_point.site,
        )
        return {"account": account.pk, "number": account.number}

    return audit.once(op_id=op_id, kind="account.open", body=body, actor=actor, now=now, run=run)[0]


def _new_account(supply_point: SupplyPoint, customer: Customer, *, now: datetime) -> Account:
    pk = _next_account_number()
    number = check_digit.append(f"{pk:07d}")
    account = Account.objects.create(pk=pk, site=supply_point.site, customer=customer, number=number, opened_at=now)
    ledger.open_purses(account=account)
    Occupancy.objects.create(supply_point=supply_point, account=account, from_at=now)
    return account


def _next_account_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('sites_account', 'id'))")
        return int(cursor.fetchone()[0])


def _preset(account: Account, supply_point: SupplyPoint, preset_minor: int, *, now: datetime) -> None:
    entry = books.preset_advanced(key=f"preset:{account.pk}", at=now, account=account.pk, amount_minor=preset_minor)
    ledger.post(entry, now=now)
    facts = {"room": supply_point.label, "amount": _text(preset_minor, supply_point)}
    notices.tell(account=account, topic="preset", key=f"preset:{account.pk}", facts=facts, now=now)
    if supply_point.place == SupplyPoint.Place.METER:
        meter = meter_at(supply_point=supply_point, at=now)
        # Only a meter that never took a purchase can be preset; a used one takes the advance as a recharge.
        is_used = meter is not None and (meter.proven_count or meter.live.get("credit", {}).get("purchase_count", 0))
        kind = Delivery.Kind.RECHARGE if is_used else Delivery.Kind.PRESET
        _deliver(account, supply_point, preset_minor, kind=kind, sale=None, now=now)


def _deliver(
    account: Account, supply_point: SupplyPoint, amount_minor: int, *, kind: str, sale: Sale | None, now: datetime
) -> Delivery:
    meter = meter_at(supply_point=supply_point, at=now)
    if meter is None:
        raise Refusal("sale.no_meter", room=supply_point.label)
    return Delivery.objects.create(
        account=account,
        meter=meter,
        sale=sale,
        kind=kind,
        amount_minor=amount_minor,
        state=delivery.State.DUE.value,
        made_at=now,
        next_at=now,
    )


def sell(
    *,
    op_id: str,
    account_id: int,
    amount_minor: int,
    given_minor: int,
    tender: str,
    quote: str,
    cashier: User | None,
    now: datetime,
) -> tuple[dict[str, Any], bool]:
    """Sell energy for a quoted amount; return the sale's id and number, and whether this is a replay.

    Money is booked, the parts are posted, and credit for a meter is written down as due, all in one transaction.
    """
    body = {
        "account": account_id,
        "amount": amount_minor,
        "given": given_minor,
        "tender": tender,
        "quote": quote,
    }

    def run() -> dict[str, Any]:
        account = Account.objects.select_related("site", "customer").filter(pk=account_id, closed_at=None).first()
        if account is None:
            raise Refusal("sale.no_account")
        if cashier is not None:
            roles.require(cashier, account.site, roles.SELL)
        if tender not in TENDER_CHANNEL:
            raise Refusal("sale.tender")
        if given_minor < amount_minor:
            raise Refusal("sale.given")
        ledger.lock([account.pk])
        quoted = quoting.honour(quote, account=account, amount_minor=amount_minor, now=now)
        row = _record(op_id, quoted, account=account, given_minor=given_minor, tender=tender, cashier=cashier, now=now)
        _book(row, quoted, now=now)
        _after(row, quoted, now=now)
        return {"sale": row.pk, "number": row.number}

    return audit.once(op_id=op_id, kind="sale", body=body, actor=cashier, now=now, run=run)


def _record(
    op_id: str,
    quoted: quoting.Quoted,
    *,
    account: Account,
    given_minor: int,
    tender: str,
    cashier: User | None,
    now: datetime,
) -> Sale:
    return Sale.objects.create(
        operation=Operation.objects.get(pk=op_id),
        account=account,
        supply_point=quoted.supply_point,
        version=quoted.version,
        amount_minor=quoted.quote.amount_minor,
        credit_minor=quoted.quote.credit_minor,
        given_minor=given_minor,
        tender=tender,
        channel=TENDER_CHANNEL[tender],
        parts=quoting.parts_json(quoted.quote),
        wh_estimate=quoted.quote.wh_estimate,
        tax_minor=quoted.quote.tax_included_minor,
        cashier=cashier,
        sold_at=now,
    )


def _book(row: Sale, quoted: quoting.Quoted, *, now: datetime) -> None:
    key, account = f"sale:{row.pk}", row.account_id
    ledger.post(
        books.payment_received(
            key=f"{key}:payment", at=now, channel=row.channel, account=account, amount_minor=row.amount_minor
        ),
        now=now,
    )
    for part in quoted.quote.parts:
        if part.kind == "preset":
            entry = books.preset_repaid(key=f"{key}:preset", at=now, account=account, amount_minor=part.minor)
        elif part.kind == "debt":
            entry = books.debt_repaid(key=f"{key}:debt:{part.code}", at=now, account=account, amount_minor=part.minor)
        elif part.kind == "fee":
            entry = books.fee_taken(
                key=f"{key}:fee:{part.code}", at=now, account=account, fee_code=part.code, amount_minor=part.minor
            )
        else:
            continue  # energy and remainder stay in the purse as credit
        ledger.post(entry, now=now)


def _after(row: Sale, quoted: quoting.Quoted, *, now: datetime) -> None:
    in_meter = quoted.supply_point.place == SupplyPoint.Place.METER
    if in_meter and row.credit_minor:
        _deliver(row.account, quoted.supply_point, row.credit_minor, kind=Delivery.Kind.RECHARGE, sale=row, now=now)
    _tell(row, topic="credited", key=f"sale:{row.pk}", now=now)
    for supply_id in Supply.objects.filter(supply_point=quoted.supply_point).values_list("pk", flat=True):
        supply.review(supply_id=supply_id, now=now)


def _tell(row: Sale, *, topic: str, key: str, now: datetime) -> None:
    supply_point = row.supply_point
    facts = {
        "room": supply_point.label,
        "amount": _text(row.amount_minor, supply_point),
        "number": row.number,
        "balance": _text(_balance_minor(row.account, supply_point, now=now), supply_point),
    }
    notices.tell(account=row.account, topic=topic, key=key, facts=facts, now=now)


def _balance_minor(account: Account, supply_point: SupplyPoint, *, now: datetime) -> int:
    meter = meter_at(supply_point=supply_point, at=now)
    return supplies.available_minor([(supply_point, account.pk, meter)])[supply_point.pk]


def _text(minor: int, supply_point: SupplyPoint) -> str:
    return f"{money.format_minor(minor, exponent=supply_point.site.exponent)} {supply_point.site.currency}"


def reverse(*, op_id: str, sale_id: int, reason: str, actor: User, now: datetime) -> dict[str, Any]:
    """Undo a sale before its credit has left for the meter, by mirror entries; later it takes a refund."""
    if not reason.strip():
        raise Refusal("sale.reverse_reason")

    def run() -> dict[str, Any]:
        row = Sale.objects.select_related("account__site", "supply_point").filter(pk=sale_id).first()
        if row is None:
            raise Refusal("sale.unknown")
        roles.require(actor, row.account.site, roles.REVERSE)
        sent = Delivery.objects.select_for_update(no_key=True, of=("self",)).filter(sale=row).first()
        ledger.lock([row.account_id])
        _take_back(row, sent, now=now)
        for entry in Entry.objects.filter(key__startswith=f"sale:{row.pk}:", reversed_by=None).order_by("id"):
            _mirror(entry, now=now)
        Reversal.objects.create(
            sale=row, operation=Operation.objects.get(pk=op_id), reason=reason.strip()[:200], actor=actor, at=now
        )
        _tell(row, topic="reversed", key=f"sale:{row.pk}:reversed", now=now)
        for supply_id in Supply.objects.filter(supply_point=row.supply_point).values_list("pk", flat=True):
            supply.review(supply_id=supply_id, now=now)
        act, site = "sale.reversed", row.account.site
        audit.log(act=act, subject=row.number, actor=actor, now=now, reason=reason, op_id=op_id, site=site)
        return {"sale": row.pk, "number": row.number}

    body = {"sale": sale_id, "reason": reason}
    return audit.once(op_id=op_id, kind="sale.reverse", body=body, actor=actor, now=now, run=run)[0]


def _take_back(row: Sale, sent: Delivery | None, *, now: datetime) -> None:
    if Reversal.objects.filter(sale=row).exists():
        raise Refusal("sale.reversed")
    if sent is not None:
        # What was sent once may still arrive, however long ago it was given up for lost.
        has_left = sent.events.filter(event=delivery.Event.SEND.value).exists()
        if has_left or not delivery.may_reverse(delivery.State(sent.state)):
            raise Refusal("sale.delivered")
        sent.state = delivery.advance(delivery.State(sent.state), delivery.Event.REVERSE).value
        sent.lease_epoch += 1  # A worker that is about to send loses its lease and must look again.
        sent.save(update_fields=["state", "lease_epoch"])
        return
    if now > row.sold_at + UNDO_WITHIN or _balance_minor(row.account, row.supply_point, now=now) < row.credit_minor:
        raise Refusal("sale.too_late")


def _mirror(entry: Entry, *, now: datetime) -> None:
    postings = tuple(books.Posting(p.account, p.amount, p.unit) for p in entry.postings.order_by("id"))
    original = books.Entry(entry.key, entry.kind, entry.at, postings)
    ledger.post(books.reverse(original, key=f"{entry.key}:reversed", at=now), now=now, reverses=entry)
