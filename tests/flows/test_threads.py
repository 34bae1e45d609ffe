"""Many at once: one sale per operation, every sale counted, and nobody waits in a ring."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from powertill.apps.ledger.models import Entry
from powertill.apps.metering.flows import Heard
from powertill.apps.metering.models import Meter
from powertill.apps.sales import delivering, quoting
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Delivery, Sale
from powertill.apps.supply import flows as supply
from powertill.apps.supply import switching
from powertill.apps.supply.models import RelayOrder, Supply
from powertill.core.errors import Refusal
from powertill.core.ports import Snapshot
from tests.flows.cast import QUARTER, START, Cast, build, seen

pytestmark = pytest.mark.usefixtures("transactional_db")
WORKERS = 8


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return build()


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run the calls in threads of their own, started together; return results or what they raised, in order."""
    gate, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            gate.wait()
            results[number] = call()
        except Exception as fault:
            results[number] = fault
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return results


def request(cast: Cast, account: Any, op_id: str, amount: int = 1000) -> dict[str, Any]:
    return {
        "op_id": op_id,
        "account_id": account.pk,
        "amount_minor": amount,
        "given_minor": amount,
        "tender": "cash",
        "quote": quoting.make(account=account, amount_minor=amount, now=START).text,
        "cashier": cast.users["cashier"],
        "now": START,
    }


@pytest.mark.parametrize("flat", ["A", "B"])
def test_one_operation_from_eight_threads_is_one_sale(cast, flat):
    account = cast.open(flat)
    same = request(cast, account, "operation-of-all")
    results = at_once([lambda: sales.sell(**same)] * WORKERS)
    answers = [result[0] for result in results]
    assert all(answer == answers[0] for answer in answers)
    assert [result[1] for result in results].count(False) == 1
    assert Sale.objects.count() == 1
    assert cast.balance(account) == 1000


@pytest.mark.parametrize("flat", ["A", "B"])
def test_eight_operations_are_eight_sales_and_no_deadlock(cast, flat):
    account = cast.open(flat)
    requests = [request(cast, account, f"operation-{number:04d}") for number in range(WORKERS)]
    results = at_once([lambda one=one: sales.sell(**one) for one in requests])
    assert len({result[0]["number"] for result in results}) == WORKERS
    assert cast.balance(account) == 8000
    assert Entry.objects.filter(kind="payment").count() == WORKERS


def test_sales_readings_deliveries_and_switches_of_one_flat_run_together(cast):
    account = cast.open("B")
    cast.sell(account, 5000)
    cast.bring(at=START)
    cast.look("B", "closed", at=START)
    cast.read("B", 0, at=START, credit=seen(5000, 1))
    cast.sell(account, 1000)
    (step,) = delivering.steps(gateway_id=cast.gateway.pk, now=START)
    delivering.fix_order(step=step, seen=seen(5000, 1), now=START)
    Supply.objects.update(order="ordered", next_at=START)
    (task,) = switching.tasks(gateway_id=cast.gateway.pk, now=START)
    meter = cast.meters["B"].pk
    at = START + QUARTER
    heard = Heard(Snapshot(clock_at=at, import_wh=100), seen(4990, 1), at)
    manager, point = cast.users["manager"], cast.points["B"].pk
    requests = [request(cast, account, f"operation-{number:04d}") for number in range(3)]
    results = at_once(
        [
            *(lambda one=one: sales.sell(**one) for one in requests),
            lambda: delivering.looked(step=step, after=seen(6000, 2, 1000), now=START),
            lambda: supply.take_reading(meter_id=meter, heard=heard, now=at, next_poll_at=at),
            lambda: switching.next_command(supply_id=task.supply_id, epoch=task.epoch, now=START),
            lambda: supply.hold(
                supply_point_id=cast.points["B"].pk,
                relay="closed",
                reason="x",
                actor=manager,
                now=at,
                op_id="hold-0001",
            ),
            lambda: supply.protect(supply_point_id=point, reason="x", actor=manager, now=at),
        ]
    )
    assert not [result for result in results if isinstance(result, Exception)]
    assert cast.balance(account) + cast.balance(account, "meter") in (8990, 9000)


def test_a_reversal_and_the_sending_of_its_credit_end_in_one_of_the_two(cast):
    account = cast.open("B")
    for number in range(6):
        sale = cast.sell(account, 1000, at=START + timedelta(minutes=number))
        Delivery.objects.exclude(sale=sale).update(state="on_meter")
        Meter.objects.update(proven_count=99)  # it has taken many purchases
        at = START + timedelta(minutes=number)
        (step,) = delivering.steps(gateway_id=cast.gateway.pk, now=at)
        undone, sent = at_once(
            [
                lambda sale=sale, at=at: sales.reverse(
                    op_id=cast.op(), sale_id=sale.pk, reason="no", actor=cast.users["manager"], now=at
                ),
                lambda step=step, at=at: delivering.fix_order(step=step, seen=seen(0, 20 + step.epoch), now=at),
            ]
        )
        state = Delivery.objects.get(sale=sale).state
        assert isinstance(undone, Refusal) != isinstance(sent, Exception)
        assert state == ("sent" if isinstance(undone, Refusal) else "reversed")
        Delivery.objects.filter(sale=sale).update(state="on_meter", count=None)


def test_two_workers_never_take_the_same_delivery(cast):
    for flat in "AB":
        cast.open(flat)
    cast.sell(cast.points["B"].occupancies.get().account, 1000)
    taken = at_once([lambda: delivering.steps(gateway_id=cast.gateway.pk, now=START)] * WORKERS)
    assert sum(len(steps) for steps in taken) == 1


def test_a_payment_and_a_cut_at_once_never_cut_after_the_payment(cast):
    from tests.flows.stages import TUESDAY, to_last_call, use_up

    account = use_up(cast)
    to_last_call(cast)
    cast.read("A", 60_020, at=TUESDAY)
    cast.look("A", "closed", at=TUESDAY)
    Supply.objects.update(lease_until=None)
    (task,) = switching.tasks(gateway_id=cast.gateway.pk, now=TUESDAY)
    paid = {**request(cast, account, "operation-late", 5000), "now": TUESDAY}
    paid["quote"] = quoting.make(account=account, amount_minor=5000, now=TUESDAY).text
    at_once(
        [
            lambda: sales.sell(**paid),
            lambda: switching.next_command(supply_id=task.supply_id, epoch=task.epoch, now=TUESDAY),
        ]
    )
    # Whoever came first, the last word is that power is wanted, and a cut was given only before the payment.
    assert cast.supply("A").wanted_relay == "closed"
    evidence = [order.evidence["available_minor"] for order in RelayOrder.objects.filter(command="trip")]
    assert all(minor <= 0 for minor in evidence)
