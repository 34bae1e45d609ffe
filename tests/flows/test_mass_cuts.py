"""The limit of cuts in an hour holds for every way of taking the light; a cut is asked again before it leaves."""

from datetime import timedelta

import pytest

from powertill.apps.supply import flows as supply
from powertill.apps.supply import switching
from powertill.apps.supply.models import Incident, RelayOrder, RelayResult, Supply
from tests.flows.cast import START, Cast, add_flat, build, deliver_messages, seen
from tests.flows.stages import HOUR, TUESDAY, to_last_call, use_up

pytestmark = pytest.mark.django_db
FLATS = [f"M{number}" for number in range(8)]


@pytest.fixture
def cast() -> Cast:
    return build()


def test_lifting_keep_power_of_empty_purses_counts_as_cutting(cast):
    for flat in FLATS:
        add_flat(cast, flat, place="meter", node=cast.points["A"].node)
        cast.sell(cast.open(flat), 5000)
        cast.bring(at=START)
        cast.look(flat, "closed", at=START, keep=True)
        cast.read(flat, 0, at=START, credit=seen(5000, 1))
        cast.read(flat, 8000, at=START + HOUR, credit=seen(0, 1, owes=100))
    deliver_messages(at=START + HOUR)
    at = TUESDAY - timedelta(minutes=30)
    for flat in FLATS:
        cast.read(flat, 8100, at=at, credit=seen(0, 1, owes=110))
    deliver_messages(at=at)
    given = []
    for flat in FLATS:
        cast.look(flat, "closed", at=TUESDAY, keep=True)
        given.append(cast.command(flat, at=TUESDAY))
    assert given == ["keep_off"] * 5 + [None] * 3
    assert RelayOrder.objects.filter(is_cut=True).count() == 5
    assert Incident.objects.get(kind="cuts.limit").subject == "court"


class TestACutIsAskedAgainBeforeItLeaves:
    @pytest.fixture
    def task(self, cast):
        use_up(cast)
        to_last_call(cast)
        cast.look("A", "closed", at=TUESDAY)
        supply.review_due(now=TUESDAY)
        Supply.objects.update(lease_until=None)
        (task,) = switching.tasks(gateway_id=cast.gateway.pk, now=TUESDAY)
        asked = {"supply_id": task.supply_id, "epoch": task.epoch, "now": TUESDAY}
        assert switching.next_command(**asked) == "trip"
        return asked

    def test_and_leaves_when_nothing_has_changed(self, task):
        assert switching.confirm(**task)
        assert not RelayResult.objects.exists()

    def test_and_is_withdrawn_when_money_came_in(self, cast, task):
        cast.sell(cast.points["A"].occupancies.get().account, 5000, at=TUESDAY)
        assert not switching.confirm(**task)
        assert RelayResult.objects.get().outcome == "withdrawn"
        row = cast.look("A", "closed", at=TUESDAY)
        assert (row.wanted_relay, row.order) == ("closed", "agreed")

    def test_and_not_by_one_who_has_lost_the_lease(self, task):
        from powertill.apps.lease import LeaseLost

        with pytest.raises(LeaseLost):
            switching.confirm(**{**task, "epoch": task["epoch"] - 1})
