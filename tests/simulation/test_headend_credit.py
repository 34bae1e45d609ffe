"""Credit on its way through a bad line: whatever is lost, repeated or killed, each payment is credited once."""

# ruff: noqa: F811  pytest's fixtures are named by their argument

from datetime import timedelta

import pytest

from powertill.apps.ledger.models import Entry
from powertill.apps.metering.models import Gateway, Meter
from powertill.apps.sales import delivering
from powertill.apps.sales.models import Delivery
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident
from powertill.core.ports import CreditSeen
from powertill.simulators.faults import Faults, Rates
from powertill.simulators.meter import Lie, purse
from powertill.simulators.meter.security import SecurityModule
from powertill.workers import conversations
from powertill.workers.bus import GatewayDown
from tests.flows.cast import START
from tests.flows.conftest import superuser_url, transactional_db  # noqa: F401
from tests.simulation.head_rig import Rig, events, rig

pytestmark = pytest.mark.usefixtures("transactional_db")
OPEN, RECHARGE, PRESET = "070101FF", "070102FF", "070103FF"
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """What `kill -9` does to the code that runs: no handler sees it."""


@pytest.fixture
def flat(transactional_db: None):
    with rig() as made:
        yield made


def sold(rig: Rig, amount: int = 5000) -> None:
    rig.account = rig.cast.open("B")
    rig.cast.sell(rig.account, amount)


def credited_once(rig: Rig, minor: int) -> None:
    """The meter's own memory, our books and the doctor say the same."""
    state = rig.meter("B").state
    assert (state.balance_minor, state.cumulative_minor) == (minor, minor)
    booked = Entry.objects.filter(kind="to_meter").count()
    assert booked == len(rig.deliveries(state="on_meter")) == len(rig.deliveries())
    assert rig.cast.balance(rig.account, "meter") == minor
    rig.assert_sound()


def test_an_answer_that_was_lost_is_resolved_by_looking(flat):
    sold(flat)
    flat.faults.once("lose_reply", address=flat.number("B"), di=OPEN)
    flat.settle()
    (delivery,) = flat.deliveries()
    assert events(delivery) == ["send", "lose", "moved_as_ordered"]
    assert flat.meter("B").state.purse_writes == 1
    credited_once(flat, 5000)


def test_an_order_that_was_lost_is_sent_again_with_the_same_count(flat):
    sold(flat)
    flat.faults.once("lose_request", address=flat.number("B"), di=OPEN)
    flat.settle()
    assert flat.meter("B").state.purse_writes == 0
    assert events(flat.deliveries()[0]) == ["send", "lose", "not_moved"]
    flat.clock.pass_by(minutes=1)
    flat.settle()
    (delivery,) = flat.deliveries()
    assert events(delivery)[3:] == ["send", "moved_as_ordered"]
    assert [event.detail["count"] for event in delivery.events.filter(event="send")] == [1, 1]
    credited_once(flat, 5000)


def test_an_order_that_comes_late_to_the_meter_is_found_at_the_next_try(flat, monkeypatch):
    """The look after the order still shows the old purse; sent again, the meter itself refuses (C3, repeat)."""
    sold(flat)
    flat.settle()
    flat.cast.sell(flat.account, 3000)
    real = delivering.looked

    def too_early(*, step, after, now):
        row = Delivery.objects.get(pk=step.delivery_id)
        return real(step=step, after=CreditSeen(**row.before), now=now)

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "looked", too_early)
        flat.rounds()
    delivery = flat.deliveries()[1]
    assert events(delivery) == ["send", "not_moved"]
    assert flat.meter("B").state.count == 2
    flat.clock.pass_by(minutes=1)
    flat.settle()
    assert events(delivery) == ["send", "not_moved", "send", "refuse", "moved_as_ordered"]
    assert "meter.repeat_recharge" in delivery.events.get(event="refuse").detail["answer"]
    assert flat.meter("B").state.purse_writes == 2
    credited_once(flat, 8000)


def test_a_meter_that_takes_the_money_and_says_no_has_it_once(flat):
    sold(flat)
    flat.meter("B").lies.add(Lie.ERROR_AFTER_WRITE)
    flat.settle()
    (delivery,) = flat.deliveries()
    assert events(delivery) == ["send", "refuse", "moved_as_ordered"]
    credited_once(flat, 5000)


@pytest.mark.parametrize(
    ("fault", "found"),
    [("", ["send", "moved_as_ordered"]), ("lose_request", ["send", "not_moved", "send", "moved_as_ordered"])],
)
def test_a_head_end_that_dies_after_sending_is_relieved_by_a_look(flat, monkeypatch, fault, found):
    sold(flat)
    if fault:
        flat.faults.once(fault, address=flat.number("B"), di=OPEN)

    def die(**_told):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(conversations.delivering, "note", die)  # it dies before it can tell what it heard
        patch.setattr(conversations.Line, "look", dying_at_the_second(conversations.Line.look))
        with pytest.raises(Killed):
            flat.rounds()
    (delivery,) = flat.deliveries()
    assert (delivery.state, events(delivery)) == ("sent", ["send"])
    flat.settle()
    flat.clock.pass_by(minutes=1)
    flat.settle()
    assert events(delivery) == found
    credited_once(flat, 5000)


def dying_at_the_second(look):
    looks = []

    async def dying(self, **tries):
        looks.append(tries)
        if len(looks) == 2:
            raise Killed
        return await look(self, **tries)

    return dying


def test_a_lost_preset_is_looked_at_and_given_once(flat):
    flat.account = flat.cast.open("B", preset=2000)
    flat.faults.once("lose_reply", address=flat.number("B"), di=PRESET)
    flat.settle()
    assert events(flat.deliveries()[0]) == ["send", "lose", "moved_as_ordered"]
    assert flat.meter("B").state.balance_minor == flat.cast.balance(flat.account, "meter") == 2000
    flat.assert_sound()


def test_a_meter_that_is_silent_keeps_its_credit_due_and_others_are_served(flat):
    sold(flat)
    silent = flat.gateway.meters.pop(flat.number("B"))
    flat.rounds(2)
    (delivery,) = flat.deliveries()
    assert (delivery.state, events(delivery)) == ("due", ["no_contact"])
    assert delivery.next_at > flat.clock.now
    flat.gateway.meters[silent.address] = silent
    flat.clock.pass_by(minutes=1)
    flat.settle()
    credited_once(flat, 5000)


def test_wrong_keys_are_tried_twice_and_then_a_person_is_asked(flat, monkeypatch):
    """A meter locks itself after some wrong tries: it is left alone until somebody has looked."""
    sold(flat)
    with monkeypatch.context() as patch:
        patch.setattr(SecurityModule, "check", lambda module, *pairs: module._failed(purse.ESAM))
        for _ in range(6):
            flat.clock.pass_by(minutes=5)
            flat.settle()
    (delivery,) = flat.deliveries()
    assert (flat.meter("B").state.failures, delivery.events.filter(event="refuse").count()) == (1, 2)
    assert (delivery.state, flat.incidents()) == ("due", ["meter.password"])
    flat.clock.pass_by(minutes=5)
    case = Incident.objects.get(kind="meter.password")
    supply.close_incident(
        incident_id=case.pk, reason="keys corrected", actor=flat.cast.users["engineer"], now=flat.clock.now
    )
    flat.clock.pass_by(minutes=5)
    flat.settle()
    credited_once(flat, 5000)


def test_a_gateway_that_is_gone_blames_no_meter(flat):
    Meter.objects.update(next_poll_at=START)
    Gateway.objects.update(port=1)
    with pytest.raises(GatewayDown):
        flat.rounds()
    assert list(Meter.objects.values_list("failures", flat=True)) == [0, 0]


def test_credit_goes_before_sixty_readings_that_wait(transactional_db):
    with rig(*["account"] * 60) as busy:
        sold(busy)
        Meter.objects.update(next_poll_at=START)
        busy.rounds(1)
        assert busy.deliveries()[0].state == "on_meter"
        assert Meter.objects.filter(seen_at=None).count() >= 60
        busy.rounds(4)
        assert Meter.objects.filter(seen_at=None).count() <= 62 - 13


STORM = Rates(lose_request=50, lose_reply=50, delay=50, duplicate=100, reorder=20, noise=50, delay_ms_max=120)


@pytest.mark.slow
def test_fifty_recharges_over_a_bad_line_arrive_once_each(transactional_db, monkeypatch):
    monkeypatch.setattr("tests.simulation.head_rig.ANSWER_S", 0.06)
    with rig(*["meter"] * 4, faults=Faults(seed=7, rates=STORM)) as storm:
        flats = ["B", "X00", "X01", "X02", "X03"]
        accounts = {name: storm.cast.open(name) for name in flats}
        for number in range(50):
            storm.cast.sell(accounts[flats[number % 5]], 1000 + number)
        for _ in range(120):
            storm.rounds()
            settle_persons(storm)
            storm.clock.pass_by(minutes=1)
            if all(delivery.state == "on_meter" for delivery in storm.deliveries()):
                break
        assert {delivery.state for delivery in storm.deliveries()} == {"on_meter"}
        for place, name in enumerate(flats):
            paid = sum(1000 + number for number in range(place, 50, 5))
            state = storm.meter(name).state
            assert (state.count, state.balance_minor, state.purse_writes) == (10, paid, 10)
            assert storm.cast.balance(accounts[name], "meter") == paid
        assert Entry.objects.filter(kind="to_meter").count() == 50
        assert set(storm.faults.happened) >= {"lose_request", "lose_reply", "duplicate", "reorder", "delay"}
        storm.assert_sound()


def settle_persons(storm: Rig) -> None:
    """Where three tries were lost, a person looks at the meter's display and decides."""
    for delivery in storm.deliveries(state="person"):
        meter = storm.gateway.meters[delivery.meter.number]
        delivering.decide(
            op_id=storm.cast.op(),
            delivery_id=delivery.pk,
            moved=delivery.count is not None and meter.state.count >= delivery.count,
            reason="looked at the meter",
            actor=storm.cast.users["engineer"],
            now=storm.clock.now,
        )
