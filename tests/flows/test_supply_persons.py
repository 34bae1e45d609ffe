"""What persons may order, what needs two of them, and what too much power does."""

from datetime import timedelta

import pytest

from powertill.apps.sites.models import SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.apps.supply import queries
from powertill.apps.supply.models import Incident
from powertill.core.errors import Refusal
from tests.flows.cast import START, Cast, build
from tests.flows.stages import HOUR, MINUTE, TUESDAY, to_last_call, topics, use_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return build()


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
