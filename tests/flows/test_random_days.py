"""Random days: sales, readings, deliveries with lost answers, reversals; after every step the doctor finds nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from powertill.apps import doctor
from powertill.apps.sales import delivering, quoting
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Delivery, Sale
from powertill.apps.sites.models import Account
from powertill.apps.supply import flows as supply
from powertill.apps.supply import switching
from powertill.apps.supply.models import Supply
from powertill.core.delivery import Event
from powertill.core.errors import Refusal
from powertill.core.ports import CreditSeen
from tests.flows.cast import START, Cast, build, deliver_messages, seen

MINUTE = timedelta(minutes=1)
flats = st.sampled_from("AB")


@dataclass
class MeterModel:
    """What the meter really holds: the truth that our books must find out."""

    wh: int = 0
    purse: int = 0
    count: int = 0
    last: int | None = None
    contact: str = "closed"
    keep: bool = False

    def shows(self) -> CreditSeen:
        return seen(max(self.purse, 0), self.count, self.last, owes=max(-self.purse, 0))

    def take(self, amount: int, count: int) -> None:
        self.purse, self.last = self.purse + amount, amount
        self.count = count or self.count


class Days(RuleBasedStateMachine):
    """One court, two flats, a till, a head-end and people who make mistakes."""

    def __init__(self) -> None:
        super().__init__()
        self.outside = transaction.atomic()
        self.outside.__enter__()
        self.cast: Cast = build()
        self.now: datetime = START
        self.meters = {flat: MeterModel() for flat in "AB"}
        self.accounts: dict[str, Account] = {}
        self.owned = {"A": 0, "B": 0}
        self.requests: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outside.__exit__(None, None, None)

    def later(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @initialize(preset=st.sampled_from([0, 700, 2000]))
    def open_both(self, preset: int) -> None:
        for flat in "AB":
            self.accounts[flat] = self.cast.open(flat, preset=preset)
            self.owned[flat] = preset
            self.read(flat, 0, 0)

    @rule(flat=flats, amount=st.integers(100, 9000))
    def sell(self, flat: str, amount: int) -> None:
        account = self.accounts[flat]
        request = {
            "op_id": self.cast.op(),
            "account_id": account.pk,
            "amount_minor": amount,
            "given_minor": amount,
            "tender": "qr",
            "quote": quoting.make(account=account, amount_minor=amount, now=self.now).text,
            "cashier": None,
        }
        result, replayed = sales.sell(**request, now=self.now)
        assert not replayed
        row = Sale.objects.get(pk=result["sale"])
        preset = sum(part["minor"] for part in row.parts if part["kind"] == "preset")
        self.owned[flat] += amount - preset
        self.requests.append((request, result))

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), minutes=st.integers(0, 30))
    def send_the_same_again(self, data: st.DataObject, minutes: int) -> None:
        request, result = data.draw(st.sampled_from(self.requests))
        self.later(minutes)
        assert sales.sell(**request, now=self.now) == (result, True)

    @rule(flat=flats, power=st.integers(0, 12_000), minutes=st.integers(5, 180))
    def read(self, flat: str, power: int, minutes: int) -> None:
        self.later(minutes)
        meter, wh = self.meters[flat], power * minutes // 60
        meter.wh += wh
        if flat == "B":
            meter.purse -= wh * 61 // 1000
        outcome = self.cast.read(flat, meter.wh, at=self.now, credit=meter.shows() if flat == "B" else None)
        self.owned[flat] -= outcome.charged_minor

    @precondition(lambda self: Sale.objects.exists())
    @rule(back=st.integers(0, 1))
    def reverse(self, back: int) -> None:
        sale = list(Sale.objects.order_by("-id")[:2])[-back]
        try:
            sales.reverse(
                op_id=self.cast.op(), sale_id=sale.pk, reason="x", actor=self.cast.users["manager"], now=self.now
            )
        except Refusal as no:
            assert no.code in ("sale.reversed", "sale.delivered", "sale.too_late")
            return
        event("reversed")
        preset = sum(part["minor"] for part in sale.parts if part["kind"] == "preset")
        self.owned[sale.supply_point.label] -= sale.amount_minor - preset

    @rule()
    def deliver_well(self) -> None:
        self.bring("proven")

    @rule(end=st.sampled_from(["lost", "lost_unmoved", "crash", "silent", "odd_record"]))
    def deliver_badly(self, end: str) -> None:
        self.bring(end)

    def bring(self, end: str) -> None:
        self.later(1)
        Delivery.objects.update(lease_until=None)
        meter = self.meters["B"]
        for step in delivering.steps(gateway_id=self.cast.gateway.pk, now=self.now):
            if end == "silent":
                delivering.postpone(step=step, fault="no answer", now=self.now)
                continue
            if step.state == "due":
                order = delivering.fix_order(step=step, seen=meter.shows(), now=self.now)
                if end != "lost_unmoved":
                    meter.take(order.amount_minor, order.count)
                if end == "odd_record":  # the credit is there, but the meter's record of it does not fit
                    meter.last = order.amount_minor + 1
                if end.startswith("lost"):
                    delivering.note(step=step, event=Event.LOSE, detail="", now=self.now)
            if end != "crash":
                event(delivering.looked(step=step, after=meter.shows(), now=self.now))

    @precondition(lambda self: Delivery.objects.filter(state="person").exists())
    @rule()
    def decide(self) -> None:
        row = Delivery.objects.filter(state="person").first()
        # The person reads the display: the count tells whether this order was taken.
        event("decided by a person")
        moved = row.kind == "preset" or (row.count is not None and self.meters["B"].count >= row.count)
        delivering.decide(
            op_id=self.cast.op(),
            delivery_id=row.pk,
            moved=moved,
            reason="display",
            actor=self.cast.users["engineer"],
            now=self.now,
        )

    @rule()
    def switch(self) -> None:
        self.later(1)
        Supply.objects.update(lease_until=None)
        for task in switching.tasks(gateway_id=self.cast.gateway.pk, now=self.now):
            flat = (task.meter.pk == self.cast.meters["A"].pk and "A") or "B"
            meter = self.meters[flat]
            self.cast.look(flat, meter.contact, at=self.now, keep=meter.keep)
            command = switching.next_command(supply_id=task.supply_id, epoch=task.epoch, now=self.now)
            event(f"command {command}")
            if command in ("trip", "permit", "close"):
                meter.contact = "open" if command == "trip" else "closed"
            elif command:
                meter.keep = command == "keep_on"
            self.cast.look(flat, meter.contact, at=self.now, keep=meter.keep)

    @invariant()
    def the_house_is_in_order(self) -> None:
        if not self.accounts:
            return
        if Supply.objects.exclude(order="agreed").filter(next_at__lt=self.now - timedelta(minutes=59)).exists():
            self.switch()  # A head-end that lives looks at what is due; that one has died is the doctor's to find.
        delivering.late(now=self.now)
        supply.review_due(now=self.now)
        deliver_messages(at=self.now)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")  # what COMMIT checks
        wrong = {check.code: check.rows for check in doctor.checks(now=self.now) if not check.holds}
        assert not wrong
        for flat, account in self.accounts.items():
            assert self.cast.balance(account) + self.cast.balance(account, "meter") == self.owned[flat]
        assert Sale.objects.count() == len(self.requests)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.django_db
def test_random_days_keep_the_house_in_order():
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=60,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
