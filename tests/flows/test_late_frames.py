"""A frame that was given up for lost may arrive late: nothing that left is reversed, unknown credit is a person's."""

from datetime import timedelta

import pytest

from powertill.apps.metering.models import Meter
from powertill.apps.sales import delivering
from powertill.apps.sales import flows as sales
from powertill.apps.sales.models import Delivery
from powertill.apps.supply.models import Incident
from powertill.core.delivery import Event
from powertill.core.errors import Refusal
from tests.flows.cast import START, Cast, build, seen

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast() -> Cast:
    made = build()
    made.sell(made.open("B"), 5000)
    return made


def take(cast: Cast, at) -> delivering.Step:
    Delivery.objects.update(lease_until=None, next_at=START)
    (step,) = delivering.steps(gateway_id=cast.gateway.pk, now=at)
    return step


def test_a_sale_whose_order_was_lost_is_not_reversed(cast):
    step = take(cast, START)
    delivering.fix_order(step=step, seen=seen(0, 0), now=START)
    delivering.note(step=step, event=Event.LOSE, detail="no answer", now=START)
    assert delivering.looked(step=step, after=seen(0, 0), now=START) == "due"
    sale = Delivery.objects.get().sale
    with pytest.raises(Refusal, match=r"sale\.delivered"):
        sales.reverse(op_id=cast.op(), sale_id=sale.pk, reason="no", actor=cast.users["manager"], now=START + MINUTE)
    assert Delivery.objects.get().state == "due"


class TestCreditThatNobodyProved:
    @pytest.fixture
    def step(self, cast):
        step = take(cast, START)
        with pytest.raises(delivering.NotSent):
            delivering.fix_order(step=step, seen=seen(5000, 1, 5000), now=START)
        return step

    def test_is_put_before_a_person_and_nothing_is_sent(self, step):
        row = Delivery.objects.get()
        assert (row.state, row.count, row.tries) == ("person", None, 0)
        assert not row.events.filter(event="send").exists()
        assert Incident.objects.get().kind == "delivery.person"

    def test_is_counted_from_when_the_person_has_decided(self, cast, step):
        decided = {"reason": "seen to", "actor": cast.users["manager"], "now": START + MINUTE}
        delivering.decide(op_id=cast.op(), delivery_id=step.delivery_id, moved=False, **decided)
        assert Meter.objects.get(pk=cast.meters["B"].pk).proven_count == 1
        order = delivering.fix_order(step=take(cast, START + MINUTE), seen=seen(5000, 1, 5000), now=START + MINUTE)
        assert order.count == 2


def test_a_preset_that_an_overdrawn_purse_swallowed_has_arrived():
    cast = build()
    cast.open("B", preset=2000)
    step = take(cast, START)
    delivering.fix_order(step=step, seen=seen(0, 0, owes=2000), now=START)
    assert delivering.looked(step=step, after=seen(0, 0, owes=3), now=START) == "on_meter"
