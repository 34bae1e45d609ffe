"""Switches: the level, not the edge; three tries, a limit per hour, and meters with a purse of their own."""

from datetime import timedelta

import pytest

from powertill.apps.metering.models import Meter
from powertill.apps.supply import flows as supply
from powertill.apps.supply import queries, switching
from powertill.apps.supply.models import Incident, RelayOrder, Supply
from powertill.core.errors import Refusal
from tests.flows.cast import START, Cast, add_flat, build, deliver_messages, seen
from tests.flows.stages import HOUR, MINUTE, TUESDAY, to_last_call, topics, use_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return build()


class TestTheLevelNotTheEdge:
    def test_a_switch_that_was_never_seen_is_looked_at(self, cast):
        cast.open("A")
        assert len(switching.tasks(gateway_id=cast.gateway.pk, now=START)) == 1

    def test_one_that_is_as_wanted_is_not(self, cast):
        cast.open("A")
        cast.sell(cast.open("B"), 100)
        cast.sell(cast.points["A"].occupancies.get().account, 5000)
        assert cast.look("A", "closed", at=START).order == "agreed"
        found = switching.tasks(gateway_id=cast.gateway.pk, now=START + HOUR)
        assert [task.supply_id for task in found] == [cast.supply("B").pk]

    def test_one_that_moved_by_itself_is_ordered_back_and_the_reason_says_so(self, cast):
        cast.sell(cast.open("A"), 5000)
        cast.look("A", "closed", at=START)
        row = cast.look("A", "open", at=START + MINUTE)
        assert row.order == "ordered"
        assert "without our order" in queries.reason(row)
        assert "cut" not in topics()
        assert cast.command("A", at=START + MINUTE) == "permit"

    def test_a_lost_command_heals_itself(self, cast):
        use_up(cast)
        to_last_call(cast)
        for minute in range(2):
            cast.look("A", "closed", at=TUESDAY + minute * MINUTE)
            assert cast.command("A", at=TUESDAY + minute * MINUTE) == "trip"

    def test_a_second_worker_cannot_use_the_first_ones_lease(self, cast):
        from powertill.apps.lease import LeaseLost

        cast.open("A")
        (dead,) = switching.tasks(gateway_id=cast.gateway.pk, now=START)
        cast.command("A", at=START)
        with pytest.raises(LeaseLost):
            switching.next_command(supply_id=dead.supply_id, epoch=dead.epoch, now=START)


class TestAWeldedRelay:
    @pytest.fixture
    def stuck(self, cast):
        use_up(cast)
        to_last_call(cast)
        for minute in range(3):
            cast.look("A", "closed", at=TUESDAY + minute * MINUTE)
            assert cast.command("A", at=TUESDAY + minute * MINUTE) == "trip"
        cast.look("A", "closed", at=TUESDAY + 3 * MINUTE)
        assert cast.command("A", at=TUESDAY + 3 * MINUTE) is None
        return cast

    def test_is_tried_three_times_and_put_before_a_person(self, stuck):
        assert stuck.supply("A").order == "stuck"
        assert Incident.objects.get(closed_at=None).kind == "relay.not_moved"
        assert "person" in queries.reason(stuck.supply("A"))

    def test_is_not_hammered_while_the_case_is_open(self, stuck):
        for hour in range(1, 4):
            at = TUESDAY + hour * HOUR
            stuck.read("A", 60_020 + hour, at=at)
            assert stuck.command("A", at=at) is None
        assert RelayOrder.objects.count() == 3

    def test_is_tried_again_when_a_person_has_closed_the_case(self, stuck):
        at = TUESDAY + HOUR
        stuck.read("A", 60_030, at=at)
        incident = Incident.objects.get(closed_at=None)
        supply.close_incident(incident_id=incident.pk, reason="exchanged", actor=stuck.users["engineer"], now=at)
        assert stuck.command("A", at=at) == "trip"

    def test_heals_when_it_is_seen_open(self, stuck):
        stuck.look("A", "open", at=TUESDAY + HOUR)
        assert not Incident.objects.filter(closed_at=None).exists()

    def test_that_still_carries_load_is_a_danger(self, stuck):
        stuck.look("A", "open", at=TUESDAY + 4 * MINUTE)
        stuck.read("A", 60_050, at=TUESDAY + 5 * MINUTE, power=700)
        assert Incident.objects.filter(kind="relay.still_live", closed_at=None).exists()


def test_a_meter_that_keeps_power_by_itself_is_not_asked_again(cast):
    use_up(cast)
    to_last_call(cast)
    cast.look("A", "closed", at=TUESDAY)
    assert cast.command("A", at=TUESDAY) == "trip"
    row = cast.supply("A")
    switching.answered(supply_id=row.pk, outcome="refused_protected", detail="", now=TUESDAY)
    assert Incident.objects.get().kind == "relay.protected"
    assert cast.command("A", at=TUESDAY + 40 * MINUTE) is None


def test_mass_cuts_stop_at_the_limit_of_the_hour(cast):
    flats = [f"C{number}" for number in range(7)]
    for flat in flats:
        add_flat(cast, flat, place="account", node=cast.points["A"].node)
        use_up(cast, flat)
    at = TUESDAY - timedelta(minutes=30)
    for flat in flats:
        cast.read(flat, 60_010, at=at)
    deliver_messages(at=at)
    given = []
    for flat in flats:
        cast.look(flat, "closed", at=TUESDAY)
        given.append(cast.command(flat, at=TUESDAY))
    assert given == ["trip"] * 5 + [None] * 2
    assert Incident.objects.get(kind="cuts.limit").subject == "court"
    assert cast.supply(flats[-1]).order == "stuck"


class TestThePurseInTheMeter:
    """Credit lies in the meter of flat B, and the meter cuts by itself at zero unless it is told to keep the power."""

    @pytest.fixture
    def account(self, cast):
        account = cast.open("B")
        cast.sell(account, 5000)
        cast.bring(at=START)
        cast.look("B", "closed", at=START)
        cast.read("B", 0, at=START, credit=seen(5000, 1))
        return account

    def test_power_is_kept_before_the_purse_is_empty_while_a_cut_is_not_lawful(self, cast, account):
        cast.read("B", 8000, at=START + HOUR, credit=seen(900, 1))
        assert cast.supply("B").wanted_keep_power
        cast.look("B", "closed", at=START + HOUR)
        assert cast.command("B", at=START + HOUR) == "keep_on"
        assert cast.look("B", "closed", at=START + HOUR, keep=True).order == "agreed"

    def test_at_the_lawful_hour_keep_power_ends_and_the_meter_cuts(self, cast, account):
        cast.look("B", "closed", at=START, keep=True)
        cast.read("B", 8000, at=START + HOUR, credit=seen(0, 1, owes=100))
        deliver_messages(at=START + HOUR)
        at = TUESDAY - timedelta(minutes=30)
        cast.read("B", 8100, at=at, credit=seen(0, 1, owes=110))
        deliver_messages(at=at)
        cast.look("B", "closed", at=TUESDAY, keep=True)
        assert cast.command("B", at=TUESDAY) == "keep_off"
        row = cast.look("B", "open", "open", at=TUESDAY + MINUTE)
        assert (row.order, row.wanted_relay) == ("agreed", "open")

    def test_after_payment_the_switch_waits_for_the_credit_then_for_the_button(self, cast, account):
        self.test_at_the_lawful_hour_keep_power_ends_and_the_meter_cuts(cast, account)
        at = TUESDAY + 10 * MINUTE
        cast.sell(account, 5000, at=at)
        assert cast.supply("B").wanted_relay == "closed"
        assert cast.command("B", at=at) is None  # the meter forbids closing until its purse is filled
        assert "its credit is used up" in queries.reason(cast.supply("B"))
        cast.bring(at=at + MINUTE, purse=0, count=1, last=5000)
        cast.look("B", "open", "closed", at=at + MINUTE)
        assert cast.command("B", at=at + MINUTE) is None
        assert cast.supply("B").order == "waits"
        assert cast.look("B", "closed", at=at + 2 * MINUTE).order == "agreed"

    def test_our_delay_in_bringing_credit_does_not_cost_the_light(self, cast, account):
        cast.sell(account, 5000, at=START + HOUR)
        cast.read("B", 8000, at=START + HOUR, credit=seen(300, 1))
        row = cast.supply("B")
        assert (row.wanted_relay, row.wanted_keep_power, row.code) == ("closed", True, "supply.credit_good")

    def test_credit_on_the_meter_that_is_not_proven_is_not_counted_twice(self, cast, account):
        cast.sell(account, 5000, at=START + HOUR)
        cast.read("B", 100, at=START + HOUR, credit=seen(9990, 2))
        from powertill.apps.supply.facts import available_minor

        meter = Meter.objects.get(pk=cast.meters["B"].pk)
        assert available_minor(supply_point=cast.points["B"], account=account, meter=meter) == 10_000


def test_a_driver_that_cannot_prove_the_switch_is_commanded_once_and_never_cuts_by_itself(cast, monkeypatch):
    from powertill.apps.supply import facts
    from powertill.core.ports import Capability

    can = facts.can
    monkeypatch.setattr(facts, "can", lambda meter, what: what != Capability.READS_BACK_RELAY and can(meter, what))
    use_up(cast)
    to_last = TUESDAY - timedelta(minutes=30)
    cast.read("A", 60_010, at=to_last)
    assert cast.supply("A").code == "supply.unverified_driver"
    Supply.objects.update(seen_relay="", order="ordered")
    order = {"relay": "open", "reason": "works", "actor": cast.users["engineer"], "now": TUESDAY}
    order["supply_point_id"] = cast.points["A"].pk
    with pytest.raises(Refusal, match=r"supply\.unproven"):
        supply.hold(op_id=cast.op(), **order)
    supply.hold(op_id=cast.op(), danger=True, **order)
    assert cast.command("A", at=TUESDAY) == "trip"
    assert cast.supply("A").order == "unverified"
    assert "cannot prove" in queries.reason(cast.supply("A"))
    assert cast.command("A", at=TUESDAY + HOUR) is None
