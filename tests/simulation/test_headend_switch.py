"""Switches over the wire: cut and read back, light again after the button, and what must never be cut."""

# ruff: noqa: F811  pytest's fixtures are named by their argument

from datetime import UTC, datetime, timedelta

import pytest

from powertill.apps.metering.models import Installation, Meter
from powertill.apps.notices.models import Message
from powertill.apps.supply import flows as supply
from powertill.apps.supply import switching
from powertill.apps.supply.models import RelayOrder
from powertill.apps.tariffs.models import Assignment
from powertill.simulators.faults import Fault, Scripted
from powertill.simulators.meter import Lie
from tests.flows.cast import START, deliver_messages
from tests.flows.conftest import superuser_url, transactional_db  # noqa: F401
from tests.simulation.head_rig import Rig, rig

pytestmark = pytest.mark.usefixtures("transactional_db")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MORNING = datetime(2026, 11, 3, 1, 0, tzinfo=UTC)  # Tuesday 09:00 in Shanghai; a cut is allowed from 10:00


@pytest.fixture
def court(transactional_db: None):
    with rig() as made:
        Meter.objects.update(next_poll_at=START)
        yield made


def commands(flat: str, rig: Rig) -> list[str]:
    return list(RelayOrder.objects.filter(supply=rig.supply(flat)).order_by("pk").values_list("command", flat=True))


def outcomes(flat: str, rig: Rig) -> list[str]:
    order = RelayOrder.objects.filter(supply=rig.supply(flat)).order_by("pk").last()
    return list(order.results.values_list("outcome", flat=True))


def person(rig: Rig, flat: str, relay: str) -> None:
    supply.hold(
        supply_point_id=rig.cast.points[flat].pk,
        relay=relay,
        reason="works on the line",
        actor=rig.cast.users["engineer"],
        now=rig.clock.now,
        op_id=rig.cast.op(),
    )


def use_up(rig: Rig, flat: str, watts: int = 6800) -> None:
    """Sell 20.00, use it in some hours of the afternoon, and live on until the next morning at nine."""
    account = rig.cast.open(flat)
    rig.cast.sell(account, 2000)
    rig.settle()
    if rig.meter(flat).state.contact_open:
        assert rig.meter(flat).press_button(rig.clock.now)
    rig.watts[flat] = watts
    rig.live(START + 6 * HOUR, step=HOUR)
    rig.watts[flat] = 150
    rig.live(MORNING, step=HOUR)


def test_a_meter_with_its_own_purse_is_kept_on_until_the_lawful_hour_and_comes_back_after_a_payment(court):
    meter, born_open = court.meter("B"), court.meter("B").state.trips  # its purse was empty when it was made
    use_up(court, "B")
    assert meter.state.balance_minor < 0
    assert (meter.powered, meter.state.trips, meter.state.keep) == (True, born_open, True)
    assert commands("B", court) == ["keep_on"]
    assert court.supply("B").seen_keep_power is True
    court.live(MORNING + 2 * HOUR, step=15 * MINUTE)
    row = court.supply("B")
    assert (row.seen_relay, row.order, row.code) == ("open", "agreed", "supply.off_until_paid")
    assert (meter.powered, meter.state.cut_reason) == (False, "credit")
    assert commands("B", court)[-1] == "keep_off"
    last_call = Message.objects.get(topic="last_call")
    cut = RelayOrder.objects.order_by("pk").last()
    assert cut.sent_at >= last_call.delivered_at + 30 * MINUTE
    assert cut.evidence["last_call_at"] is not None
    court.assert_sound()
    light_comes_back_by_credit_permission_button_and_proof(court)


def light_comes_back_by_credit_permission_button_and_proof(court: Rig) -> None:
    court.cast.sell(court.deliveries()[0].account, 5000, at=court.clock.now)
    court.settle()
    row = court.supply("B")
    assert (row.wanted_relay, row.seen_relay, row.seen_permitted) == ("closed", "open", True)
    court.clock.pass_by(seconds=10)
    court.settle()
    assert court.supply("B").order == "waits"  # and asks nothing of the meter meanwhile
    assert court.meter("B").press_button(court.clock.now)
    court.clock.pass_by(seconds=10)
    court.settle()
    row = court.supply("B")
    assert (row.seen_relay, row.order) == ("closed", "agreed")
    assert Message.objects.filter(topic="restored").exists()


def test_a_trip_for_a_purse_on_the_account_is_proven_by_reading_back(court):
    use_up(court, "A")
    assert court.meter("A").powered
    court.live(MORNING + 2 * HOUR, step=15 * MINUTE)
    assert (court.meter("A").powered, court.meter("A").state.cut_reason) == (False, "remote")
    assert commands("A", court) == ["trip"]
    assert outcomes("A", court) == ["accepted", "open"]
    assert court.supply("A").order == "agreed"
    court.assert_sound()


def test_a_payment_between_the_decision_and_the_frame_stops_the_trip(court, monkeypatch):
    use_up(court, "A")
    real, paid = switching.next_command, []

    def paid_meanwhile(*, supply_id, epoch, now):
        if court.supply("A").wanted_relay == "open" and not paid:
            paid.append(court.cast.sell(court.supply_account, 5000, at=now))
        return real(supply_id=supply_id, epoch=epoch, now=now)

    court.supply_account = court.supply("A").supply_point.occupancies.get().account
    monkeypatch.setattr(switching, "next_command", paid_meanwhile)
    court.live(MORNING + 2 * HOUR, step=15 * MINUTE)
    assert len(paid) == 1
    assert commands("A", court) == []
    assert court.meter("A").powered
    assert court.supply("A").wanted_relay == "closed"


def test_a_payment_between_the_order_and_the_frame_withdraws_the_trip(court, monkeypatch):
    use_up(court, "A")
    account = court.supply("A").supply_point.occupancies.get().account
    real, given = switching.next_command, []

    def paid_afterwards(*, supply_id, epoch, now):
        command = real(supply_id=supply_id, epoch=epoch, now=now)
        if command == "trip" and not given:
            given.append(court.cast.sell(account, 5000, at=now))
        return command

    monkeypatch.setattr(switching, "next_command", paid_afterwards)
    court.live(MORNING + 2 * HOUR, step=15 * MINUTE)
    assert len(given) == 1
    assert (commands("A", court), outcomes("A", court)) == (["trip"], ["withdrawn", "closed"])
    assert court.meter("A").powered and court.meter("A").state.cut_reason != "remote"
    assert court.supply("A").order == "agreed"
    court.assert_sound()


def opened_by_a_person(rig: Rig) -> None:
    rig.cast.sell(rig.cast.open("A"), 5000)
    rig.settle()
    person(rig, "A", "open")


def test_permission_and_button_close_what_a_person_opened(court):
    opened_by_a_person(court)
    court.settle()
    assert (court.meter("A").powered, court.supply("A").order) == (False, "agreed")
    person(court, "A", "")
    court.settle()
    assert (court.meter("A").state.permit, court.supply("A").seen_relay) == (True, "open")
    assert court.meter("A").press_button(court.clock.now)
    court.clock.pass_by(seconds=30)
    court.settle()
    assert (court.supply("A").seen_relay, court.supply("A").order) == ("closed", "agreed")
    assert commands("A", court) == ["trip", "permit"]


def test_a_contact_that_does_not_move_is_ordered_three_times_and_then_put_before_a_person(court):
    court.meter("A").state.parameters["trip_delay"] = 60_000  # minutes: it says yes, and nothing moves
    opened_by_a_person(court)
    for _ in range(20):
        court.settle()
        court.clock.pass_by(minutes=11)
    assert commands("A", court) == ["trip"] * 3
    assert (court.supply("A").order, court.incidents()) == ("stuck", ["relay.not_moved"])
    assert court.supply("A").seen_relay == "closed"


def test_a_contact_that_says_open_and_still_feeds_is_a_danger_and_not_ordered_again(court):
    court.watts["A"] = 800
    court.meter("A").lies.add(Lie.WELDED)
    opened_by_a_person(court)
    court.settle()
    court.clock.pass_by(minutes=16)
    court.settle()
    assert commands("A", court) == ["trip"]
    assert court.incidents() == ["relay.still_live"]


def test_an_answer_to_a_trip_that_was_lost_is_settled_by_reading_back(court):
    opened_by_a_person(court)
    Meter.objects.update(next_poll_at=court.clock.now + HOUR)
    # A trip carries level and password instead of a DI; the data of a request begins with them.
    court.faults.script.append(Scripted(Fault.LOSE_REPLY, court.number("A"), bytes.fromhex("02000000")))
    court.settle()
    assert outcomes("A", court) == ["unknown", "open"]
    assert (court.supply("A").seen_relay, court.supply("A").order) == ("open", "agreed")
    assert commands("A", court) == ["trip"]


def test_a_silent_meter_backs_off_and_the_others_are_read(court):
    court.gateway.meters.pop(court.number("B"))
    court.rounds(2)
    silent, other = court.row("B"), court.row("A")
    assert (silent.failures, silent.seen_at, bool(silent.last_fault)) == (1, None, True)
    assert (other.failures, other.seen_at) == (0, START)
    waits = []
    for _ in range(5):
        court.clock.now = silent.next_poll_at
        court.settle()
        silent = court.row("B")
        waits.append((silent.next_poll_at - court.clock.now) // MINUTE)
    assert waits == [2, 4, 8, 15, 15]
    assert court.row("A").failures == 0


@pytest.mark.parametrize("wrong", ["driver", "tariff"])
def test_a_meter_that_we_cannot_serve_keeps_nobody_waiting(court, wrong):
    """No driver of that name; no tariff to charge by: what is wrong with one meter must not stop a bus."""
    court.cast.sell(court.cast.open("A"), 5000)
    court.cast.open("B", preset=2000)
    court.settle()
    if wrong == "driver":
        Meter.objects.filter(pk=court.row("A").pk).update(driver="nobody", next_poll_at=START)
    else:
        Assignment.objects.filter(supply_point=court.cast.points["A"]).delete()
    court.watts.update(A=1000, B=1000)
    court.clock.pass_by(minutes=30)
    court.rounds(3)
    assert court.row("B").seen_at == court.clock.now
    assert Installation.objects.count() == 2
    assert (court.row("A").failures, bool(court.row("A").last_fault)) == (1, True)


def test_messages_of_the_rehearsal_are_delivered_once(court):
    court.cast.sell(court.cast.open("A"), 2000)
    assert deliver_messages(at=court.clock.now) == ["credited", "low_1"]
    assert deliver_messages(at=court.clock.now) == []
