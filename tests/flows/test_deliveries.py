"""Credit on its way to a meter: a lost answer is looked at, and only the meter's own evidence ends it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from powertill.apps.lease import LeaseLost
from powertill.apps.ledger.models import Entry
from powertill.apps.metering.models import Meter
from powertill.apps.sales import delivering
from powertill.apps.sales.models import Delivery
from powertill.apps.supply.models import Incident
from powertill.core.delivery import Event
from powertill.core.errors import Refusal
from tests.flows.cast import START, Cast, build, seen

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast() -> Cast:
    made = build()
    made.sell(made.open("B"), 5000)
    return made


def take(cast: Cast, at=START) -> delivering.Step:
    Delivery.objects.update(lease_until=None)  # as if the lease had run out on the database's clock
    (step,) = delivering.steps(gateway_id=cast.gateway.pk, now=at)
    return step


def send(cast: Cast, at=START, before=None) -> delivering.Step:
    step = take(cast, at)
    delivering.fix_order(step=step, seen=before or seen(0, 0), now=at)
    return step


def state() -> str:
    return Delivery.objects.get().state


def events() -> list[str]:
    return list(Delivery.objects.get().events.values_list("event", flat=True))


def test_an_order_is_written_down_with_its_count_before_it_leaves(cast):
    order = delivering.fix_order(step=take(cast), seen=seen(0, 0), now=START)
    assert (order.amount_minor, order.count, order.opening) == (5000, 1, True)
    assert order.customer_number == cast.customers["B"].number
    row = Delivery.objects.get()
    assert (row.state, row.count, row.before["purchase_count"]) == ("sent", 1, 0)
    assert Entry.objects.filter(kind="payment").exists()  # M4: money was booked before any credit left


def test_credit_that_moved_as_ordered_is_booked_once(cast):
    step = send(cast)
    assert delivering.looked(step=step, after=seen(5000, 1, 5000), now=START) == "on_meter"
    assert Entry.objects.filter(kind="to_meter").count() == 1
    account = Delivery.objects.get().account
    assert (cast.balance(account), cast.balance(account, "meter")) == (0, 5000)
    assert Meter.objects.get(pk=cast.meters["B"].pk).proven_count == 1
    assert not delivering.steps(gateway_id=cast.gateway.pk, now=START + MINUTE)


def test_the_purse_may_fall_between_the_two_looks(cast):
    step = send(cast)
    assert delivering.looked(step=step, after=seen(4990, 1, 5000), now=START) == "on_meter"


def test_a_lost_answer_is_unknown_until_the_meter_shows_that_it_moved(cast):
    step = send(cast)
    delivering.note(step=step, event=Event.LOSE, detail="no answer", now=START)
    assert state() == "unknown"
    assert delivering.looked(step=step, after=seen(5000, 1, 5000), now=START) == "on_meter"
    assert events() == ["send", "lose", "moved_as_ordered"]


def test_a_lost_answer_that_did_not_move_is_sent_again_with_the_same_count(cast):
    step = send(cast)
    delivering.note(step=step, event=Event.LOSE, detail="no answer", now=START)
    assert delivering.looked(step=step, after=seen(0, 0), now=START) == "due"
    order = delivering.fix_order(step=take(cast, START + MINUTE), seen=seen(0, 0), now=START + MINUTE)
    assert order.count == 1
    assert not Entry.objects.filter(kind="to_meter").exists()


@pytest.mark.parametrize("after", [seen(9000, 2, 4000), seen(6000, 1, 6000), seen(5000, 0)])
def test_credit_that_moved_otherwise_is_a_persons(cast, after):
    step = send(cast)
    assert delivering.looked(step=step, after=after, now=START) == "person"
    assert Incident.objects.get().kind == "delivery.person"
    assert not delivering.steps(gateway_id=cast.gateway.pk, now=START + MINUTE)


def test_a_refusal_is_looked_at_too(cast):
    step = send(cast)
    delivering.note(step=step, event=Event.REFUSE, detail="meter.over_limit", now=START)
    assert state() == "refused"
    assert delivering.looked(step=step, after=seen(0, 0), now=START) == "due"


def test_after_three_tries_a_person_is_asked(cast):
    at = START
    for _try in range(2):
        assert delivering.looked(step=send(cast, at), after=seen(0, 0), now=at) == "due"
        at += 5 * MINUTE
    assert delivering.looked(step=send(cast, at), after=seen(0, 0), now=at) == "person"
    assert Incident.objects.get().kind == "delivery.person"


def test_a_worker_that_died_after_sending_is_relieved_by_a_look_not_a_second_order(cast):
    dead = send(cast)
    heir = take(cast, START + 3 * MINUTE)
    assert (heir.state, heir.epoch) == ("sent", dead.epoch + 1)
    assert delivering.looked(step=heir, after=seen(5000, 1, 5000), now=START + 3 * MINUTE) == "on_meter"
    for late in (
        lambda: delivering.looked(step=dead, after=seen(5000, 1, 5000), now=START + 4 * MINUTE),
        lambda: delivering.note(step=dead, event=Event.LOSE, detail="", now=START + 4 * MINUTE),
        lambda: delivering.fix_order(step=dead, seen=seen(5000, 1), now=START + 4 * MINUTE),
        lambda: delivering.postpone(step=dead, fault="", now=START + 4 * MINUTE),
    ):
        with pytest.raises(LeaseLost):
            late()
    assert Entry.objects.filter(kind="to_meter").count() == 1


def test_a_delivery_that_is_sent_cannot_be_sent_again(cast):
    step = send(cast)
    with pytest.raises(Refusal, match=r"delivery\.step"):
        delivering.fix_order(step=step, seen=seen(0, 0), now=START)


def test_a_silent_meter_changes_nothing_and_is_asked_later(cast):
    for minute in range(3):
        delivering.postpone(step=take(cast, START + minute * MINUTE), fault="no answer", now=START + minute * MINUTE)
    assert (state(), events()) == ("due", ["no_contact"])
    assert not delivering.steps(gateway_id=cast.gateway.pk, now=START + 2 * MINUTE + SECOND)


def test_two_sales_reach_the_meter_one_after_the_other(cast):
    cast.sell(Delivery.objects.get().account, 3000)
    first = cast.bring(at=START)
    second = cast.bring(at=START + MINUTE, purse=5000, count=1)
    assert [row.count for row in (first, second)] == [1, 2]
    assert [row.kind for row in (first, second)] == ["opening", "recharge"]
    assert cast.balance(first.account, "meter") == 8000


def test_the_database_allows_one_order_in_flight_per_meter_and_each_count_once(cast):
    account = Delivery.objects.get().account
    cast.sell(account, 3000)
    cast.bring(at=START)
    second = Delivery.objects.last()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=second.pk).update(state="sent", count=1)
    cast.sell(account, 3000)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(state="due").update(state="unknown")


def test_a_meter_that_counts_from_the_start_again_is_a_persons(cast):
    cast.sell(Delivery.objects.get().account, 3000)
    cast.bring(at=START)
    step = take(cast, START + MINUTE)
    with pytest.raises(delivering.NotSent):
        delivering.fix_order(step=step, seen=seen(0, 0), now=START + MINUTE)
    row = Delivery.objects.last()
    assert (row.state, row.tries) == ("person", 0)


def test_a_preset_is_proven_by_the_purse_itself():
    cast = build()
    account = cast.open("B", preset=2000)
    step = take(cast)
    order = delivering.fix_order(step=step, seen=seen(0, 0), now=START)
    assert (step.kind, order.count) == ("preset", 0)
    assert delivering.looked(step=step, after=seen(1999, 0), now=START) == "on_meter"
    assert (cast.balance(account), cast.balance(account, "meter")) == (0, 2000)


@pytest.mark.parametrize(
    ("after", "later", "expected"),
    [
        (seen(0, 0), SECOND, "due"),
        (seen(0, 0), timedelta(hours=2), "person"),  # used up, or never there: nobody can tell
        (seen(2001, 0), SECOND, "person"),
        (seen(2000, 1), SECOND, "person"),
    ],
)
def test_a_preset_that_did_not_move_or_moved_otherwise(after, later, expected):
    cast = build()
    cast.open("B", preset=2000)
    step = send(cast)
    delivering.note(step=step, event=Event.LOSE, detail="", now=START)
    assert delivering.looked(step=step, after=after, now=START + later) == expected


def test_a_used_meter_takes_the_preset_as_a_recharge():
    cast = build()
    Meter.objects.filter(pk=cast.meters["B"].pk).update(proven_count=4)
    cast.open("B", preset=2000)
    assert Delivery.objects.get().kind == "recharge"


def test_credit_that_is_late_is_put_before_a_person_and_healed_by_proof(cast):
    assert delivering.late(now=START + 14 * MINUTE) == 0
    assert delivering.late(now=START + 15 * MINUTE) == delivering.late(now=START + 16 * MINUTE) == 1
    assert Incident.objects.get().closed_at is None
    cast.bring(at=START + 17 * MINUTE)
    assert Incident.objects.get().closed_at == START + 17 * MINUTE


class TestAPersonDecides:
    @pytest.fixture
    def doubtful(self, cast):
        delivering.looked(step=send(cast), after=seen(6000, 1, 6000), now=START)
        return cast

    def decide(self, cast, *, moved, actor="engineer", op="operation-decide"):
        return delivering.decide(
            op_id=op,
            delivery_id=Delivery.objects.get().pk,
            moved=moved,
            reason="looked at the display",
            actor=cast.users[actor],
            now=START + MINUTE,
        )

    def test_that_it_is_on_the_meter(self, doubtful):
        assert self.decide(doubtful, moved=True)["state"] == "on_meter"
        assert self.decide(doubtful, moved=True)["state"] == "on_meter"  # the same operation again
        assert Entry.objects.filter(kind="to_meter").count() == 1
        assert Incident.objects.get().closed_at is not None

    def test_that_it_is_not_and_it_is_sent_again(self, doubtful):
        assert self.decide(doubtful, moved=False)["state"] == "due"
        assert take(doubtful, START + 2 * MINUTE).state == "due"

    def test_only_with_the_role(self, doubtful):
        with pytest.raises(Refusal, match=r"role\.forbidden"):
            self.decide(doubtful, moved=True, actor="cashier")

    def test_only_what_waits_for_a_person(self, doubtful):
        self.decide(doubtful, moved=True)
        with pytest.raises(Refusal, match=r"delivery\.decided"):
            self.decide(doubtful, moved=True, op="operation-again")
