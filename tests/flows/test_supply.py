"""Warnings, lawful cuts and light again: decided from facts, proven by notices, moved by what is read back."""

from datetime import UTC, datetime, timedelta

import pytest

from powertill.apps.metering.models import Meter
from powertill.apps.notices.models import Message
from powertill.apps.sites.models import SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.apps.supply import queries, switching
from powertill.apps.supply.models import Incident, RelayOrder, Supply
from powertill.core.errors import Refusal
from tests.flows.cast import PLAN, QUARTER, START, Cast, add_flat, build, deliver_messages, seen

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TUESDAY = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, the first minute in which a cut is allowed


@pytest.fixture
def cast() -> Cast:
    return build()


def use_up(cast: Cast, flat: str = "A", *, paid: int = 2000):
    """Sell, use everything at Monday noon, tell what is due: nothing but time is missing for a lawful cut."""
    account = cast.open(flat)
    cast.sell(account, paid)
    cast.look(flat, "closed", at=START)
    cast.read(flat, 0, at=START)
    cast.read(flat, 3_000 * paid // 100, at=START + 5 * HOUR)
    deliver_messages(at=START + 5 * HOUR)
    return account


def to_last_call(cast: Cast, flat: str = "A") -> None:
    """Read on Tuesday at 9:30 and deliver the last call."""
    at = TUESDAY - timedelta(minutes=30)
    cast.read(flat, 60_010, at=at)
    assert deliver_messages(at=at) == ["last_call"]


def cut(cast: Cast, flat: str = "A") -> Supply:
    """Cut lawfully and read the open switch back."""
    to_last_call(cast, flat)
    cast.look(flat, "closed", at=TUESDAY)
    assert cast.command(flat, at=TUESDAY) == "trip"
    return cast.look(flat, "open", at=TUESDAY + MINUTE)


def topics() -> list[str]:
    return list(Message.objects.order_by("id").values_list("topic", flat=True))


def test_warnings_come_once_per_credit_that_came_in(cast):
    account = cast.open("A")
    cast.sell(account, 4000)
    cast.read("A", 0, at=START)
    for number in range(1, 6):
        cast.read("A", 4_500 * number, at=START + number * HOUR)
    assert topics() == ["credited", "low_1"]
    for number in range(6, 11):
        cast.read("A", 10_000 * (number - 3), at=START + number * HOUR)
    assert topics()[2:] == ["low_2", "empty"]
    cast.sell(account, 1000, at=START + 11 * HOUR)
    assert topics()[4] == "credited"
    assert topics()[5:] == ["low_2", "empty"]  # the new credit is below the second level again


def test_credit_that_reaches_the_meter_does_not_arm_the_warnings_again(cast):
    account = cast.open("B")
    cast.sell(account, 2000)
    assert topics() == ["credited", "low_1"]
    cast.bring(at=START)
    cast.read("B", 0, at=START + MINUTE, credit=seen(2000, 1))
    assert topics() == ["credited", "low_1"]


def test_messages_wait_for_the_end_of_the_quiet_hours(cast):
    account = cast.open("A")
    cast.sell(account, 3400)
    night = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)  # 23:00
    cast.read("A", 0, at=night - HOUR)
    cast.read("A", 14_000, at=night)
    due = Message.objects.get(topic="low_1").next_at
    assert due == datetime(2026, 11, 3, 0, 0, tzinfo=UTC)  # 08:00


def test_nobody_is_cut_in_protected_hours_and_the_reason_says_so(cast):
    use_up(cast)
    night = START + 7 * HOUR  # 19:00
    cast.read("A", 60_005, at=night)
    row = cast.supply("A")
    assert (row.wanted_relay, row.code) == ("closed", "supply.protected_hours")
    assert "18:00" in queries.reason(row)


def test_no_cut_without_proof_that_the_warning_arrived(cast):
    account = cast.open("A")
    cast.sell(account, 2000)
    cast.read("A", 0, at=START)
    cast.read("A", 60_000, at=START + 5 * HOUR)
    deliver_messages(at=START + 5 * HOUR, delivered=False)
    cast.read("A", 60_010, at=TUESDAY + HOUR)
    assert cast.supply("A").code == "supply.no_notice"
    assert cast.command("A", at=TUESDAY + HOUR) is None


def test_a_stale_reading_cuts_nobody(cast):
    use_up(cast)
    to_last_call(cast)
    supply.review(supply_id=cast.supply("A").pk, now=TUESDAY + 2 * HOUR)
    assert cast.supply("A").code == "supply.stale_reading"


def test_nobody_is_cut_on_a_holiday_or_when_the_calendar_is_not_known(cast):
    use_up(cast)
    at = datetime(2026, 11, 5, 4, 0, tzinfo=UTC)
    cast.read("A", 60_010, at=at)
    assert cast.supply("A").code == "supply.holiday"
    cast.site.holidays_known_to = None
    cast.site.save()
    supply.review(supply_id=cast.supply("A").pk, now=at + MINUTE)
    assert cast.supply("A").code == "supply.unknown_calendar"


def test_a_lawful_cut_leaves_its_evidence_and_is_proven_by_reading_back(cast):
    use_up(cast)
    row = cut(cast)
    assert (row.order, row.seen_relay, row.code) == ("agreed", "open", "supply.off_until_paid")
    order = RelayOrder.objects.get()
    assert [notice[0] for notice in order.evidence["notices"]] == ["empty", "low_1", "low_2"]
    assert order.evidence["last_call_at"] and order.evidence["available_minor"] <= 0
    assert order.results.get().outcome == "open"
    assert topics()[-1] == "cut"


def test_a_payment_between_the_decision_and_the_frame_stops_the_cut(cast):
    account = use_up(cast)
    to_last_call(cast)
    cast.read("A", 60_020, at=TUESDAY)
    cast.look("A", "closed", at=TUESDAY)
    Supply.objects.update(lease_until=None)
    (task,) = switching.tasks(gateway_id=cast.gateway.pk, now=TUESDAY)
    assert task.wanted_relay == "open"
    cast.sell(account, 5000, at=TUESDAY)
    assert switching.next_command(supply_id=task.supply_id, epoch=task.epoch, now=TUESDAY) is None
    assert not RelayOrder.objects.exists()
    assert cast.supply("A").order == "agreed"


def test_a_trip_that_the_meter_delays_is_taken_back_when_money_comes(cast):
    account = use_up(cast)
    to_last_call(cast)
    cast.look("A", "closed", at=TUESDAY)
    assert cast.command("A", at=TUESDAY) == "trip"
    cast.look("A", "closed", "open", at=TUESDAY + MINUTE)
    assert cast.command("A", at=TUESDAY + MINUTE) is None  # the meter has the order; it is not hammered
    cast.sell(account, 5000, at=TUESDAY + MINUTE)
    assert cast.command("A", at=TUESDAY + 2 * MINUTE) == "permit"
    assert cast.look("A", "closed", at=TUESDAY + 3 * MINUTE).order == "agreed"


def test_after_payment_the_meter_permits_and_waits_for_a_person(cast):
    account = use_up(cast)
    cut(cast)
    at = TUESDAY + 10 * MINUTE
    cast.sell(account, 5000, at=at)
    assert cast.supply("A").wanted_relay == "closed"
    assert cast.command("A", at=at) == "permit"
    cast.look("A", "open", "closed", at=at + MINUTE)
    assert cast.command("A", at=at + MINUTE) is None
    row = cast.supply("A")
    assert row.order == "waits"
    assert "button" in queries.reason(row)
    assert topics()[-1] == "permit"
    row = cast.look("A", "closed", at=at + 2 * MINUTE)
    assert (row.order, topics()[-1]) == ("agreed", "restored")


def test_a_policy_may_close_directly(cast):
    cast.policy.terms = {**cast.policy.terms, "reclose": "direct"}
    cast.policy.save()
    account = use_up(cast)
    cut(cast)
    cast.sell(account, 5000, at=TUESDAY + 10 * MINUTE)
    assert cast.command("A", at=TUESDAY + 10 * MINUTE) == "close"


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


class TestPersons:
    def hold(self, cast, relay, *, actor="engineer", op="", reason="works on the line", at=START):
        supply.hold(
            supply_point_id=cast.points["A"].pk,
            relay=relay,
            reason=reason,
            actor=cast.users[actor],
            now=at,
            op_id=op or cast.op(),
        )

    def test_hold_a_supply_open_and_let_the_rules_have_it_again(self, cast):
        cast.sell(cast.open("A"), 5000)
        cast.look("A", "closed", at=START)
        self.hold(cast, "open")
        row = cast.supply("A")
        assert (row.wanted_relay, row.code) == ("open", "supply.held")
        assert "person" in queries.reason(row)
        assert cast.command("A", at=START) == "trip"
        self.hold(cast, "")
        assert cast.supply("A").wanted_relay == "closed"

    def test_keep_a_supply_on_that_the_rules_would_cut(self, cast):
        use_up(cast)
        self.hold(cast, "closed")
        to_last_call(cast)
        cast.look("A", "closed", at=TUESDAY)
        assert cast.command("A", at=TUESDAY) is None

    def test_hold_the_switch_of_an_empty_room(self, cast):
        cast.open("A")
        cast.points["A"].occupancies.update(to_at=START)
        cast.look("A", "closed", at=START)
        assert cast.command("A", at=START + MINUTE) is None
        self.hold(cast, "open", at=START + HOUR)
        assert cast.command("A", at=START + HOUR) == "trip"

    def test_need_a_reason_a_role_and_a_supply(self, cast):
        with pytest.raises(Refusal, match=r"supply\.none"):
            self.hold(cast, "open")
        cast.open("A")
        for case, code in (
            ({"relay": "open", "reason": " "}, "supply.reason"),
            ({"relay": "ajar"}, "supply.reason"),
            ({"relay": "open", "actor": "cashier"}, "role.forbidden"),
        ):
            with pytest.raises(Refusal) as no:
                self.hold(cast, **case)
            assert no.value.code == code

    def test_protect_a_supply_alone_but_lift_it_only_as_two(self, cast):
        use_up(cast)
        point = cast.points["A"].pk
        self.hold(cast, "open")
        supply.protect(supply_point_id=point, reason="oxygen", actor=cast.users["engineer"], now=START)
        assert cast.supply("A").hold_relay == ""
        to_last_call_at = TUESDAY - timedelta(minutes=30)
        cast.read("A", 60_010, at=to_last_call_at)
        assert cast.supply("A").code == "supply.protected_customer"
        with pytest.raises(Refusal, match=r"supply\.protected"):
            self.hold(cast, "open")
        asked = {"supply_point_id": point, "reason": "moved out", "now": START}
        approval = supply.request_unprotect(maker=cast.users["engineer"], **asked)
        for checker, code in (("engineer", "approval.same_person"), ("cashier", "role.forbidden")):
            with pytest.raises(Refusal) as no:
                supply.unprotect(approval_id=approval, checker=cast.users[checker], now=START + HOUR)
            assert no.value.code == code
        with pytest.raises(Refusal, match=r"approval\.expired"):
            supply.unprotect(approval_id=approval, checker=cast.users["manager"], now=START + timedelta(days=3))
        supply.unprotect(approval_id=approval, checker=cast.users["manager"], now=START + HOUR)
        assert not SupplyPoint.objects.get(pk=point).protected
        with pytest.raises(Refusal, match=r"approval\.gone"):
            supply.unprotect(approval_id=approval, checker=cast.users["manager"], now=START + HOUR)

    def test_leave_the_no_cut_mode_that_anything_may_enter(self, cast):
        use_up(cast)
        site = {"site_id": cast.site.pk, "reason": "messages fail", "now": START}
        supply.set_mode(mode="no_cut", actor=None, **site)
        to_last_call_at = TUESDAY - timedelta(minutes=30)
        cast.read("A", 60_010, at=to_last_call_at)
        assert cast.supply("A").code == "supply.no_cut_mode"
        with pytest.raises(Refusal, match=r"supply\.mode"):
            supply.set_mode(mode="normal", actor=None, **site)
        with pytest.raises(Refusal, match=r"role\.forbidden"):
            supply.set_mode(mode="normal", actor=cast.users["cashier"], **site)
        supply.set_mode(mode="normal", actor=cast.users["manager"], **site)
        supply.review(supply_id=cast.supply("A").pk, now=to_last_call_at)
        assert cast.supply("A").code != "supply.no_cut_mode"


class TestThePowerLimit:
    def test_too_much_for_too_long_opens_and_asks_a_person(self, cast):
        cast.sell(cast.open("A"), 50_000)
        cast.look("A", "closed", at=START)
        cast.read("A", 0, at=START, power=9000)
        assert cast.supply("A").code == "supply.credit_good"  # a short peak is nobody's business
        cast.read("A", 700, at=START + 5 * MINUTE, power=9000)
        row = cast.supply("A")
        assert (row.wanted_relay, row.code) == ("open", "limit.exceeded")
        assert "8000 W" in queries.reason(row)
        assert Incident.objects.get().kind == "limit.exceeded"
        assert cast.command("A", at=START + 5 * MINUTE) == "trip"
        cast.look("A", "open", at=START + 6 * MINUTE)
        assert topics()[-1] == "limited"

    def test_it_comes_back_after_a_pause(self, cast):
        self.test_too_much_for_too_long_opens_and_asks_a_person(cast)
        assert supply.review_due(now=START + 11 * MINUTE) >= 1
        assert cast.supply("A").wanted_relay == "closed"
        assert cast.command("A", at=START + 11 * MINUTE) == "permit"

    def test_protected_supplies_and_the_no_cut_mode_are_left_alone(self, cast):
        cast.sell(cast.open("A"), 50_000)
        supply.protect(supply_point_id=cast.points["A"].pk, reason="oxygen", actor=cast.users["engineer"], now=START)
        cast.read("A", 0, at=START, power=9000)
        cast.read("A", 700, at=START + 5 * MINUTE, power=9000)
        assert cast.supply("A").wanted_relay == "closed"


def test_reviews_fall_due_by_themselves_often_while_credit_is_low(cast):
    use_up(cast)
    at = TUESDAY - timedelta(minutes=31)
    cast.read("A", 60_010, at=at)
    assert "last_call" not in topics()
    assert supply.review_due(now=at + MINUTE) == 0
    assert supply.review_due(now=at + 5 * MINUTE) == 1
    assert topics()[-1] == "last_call"


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
    supply.hold(
        supply_point_id=cast.points["A"].pk,
        relay="open",
        reason="works",
        actor=cast.users["engineer"],
        now=TUESDAY,
        op_id=cast.op(),
    )
    assert cast.command("A", at=TUESDAY) == "trip"
    assert cast.supply("A").order == "unverified"
    assert "cannot prove" in queries.reason(cast.supply("A"))
    assert cast.command("A", at=TUESDAY + HOUR) is None


def test_the_cast_has_steps_that_differ_by_band():
    adds = [block["add"] for block in PLAN["parts"][0]["blocks"]]
    assert len({str(add) for add in adds}) == 3
    assert QUARTER * 4 == HOUR
