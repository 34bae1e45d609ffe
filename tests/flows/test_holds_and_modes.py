"""A person's order to cut keeps to the hours; doubts about ourselves stop the cuts of a site by themselves."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from powertill.apps.notices.models import Message
from powertill.apps.sales import doubts
from powertill.apps.sales.models import Delivery
from powertill.apps.supply import flows as supply
from powertill.apps.supply import queries
from powertill.apps.supply.models import SiteMode
from powertill.core.errors import Refusal
from tests.flows.cast import START, Cast, add_flat, build
from tests.flows.stages import HOUR

pytestmark = pytest.mark.django_db
EVENING = START + 7 * HOUR  # 19:00 in Shanghai
SATURDAY = START + timedelta(days=5)


@pytest.fixture
def cast() -> Cast:
    made = build()
    made.sell(made.open("A"), 5000)
    made.look("A", "closed", at=START)
    return made


def cut(cast: Cast, *, at=START, danger=False) -> None:
    point, actor = cast.points["A"].pk, cast.users["engineer"]
    order = {"supply_point_id": point, "relay": "open", "reason": "works", "actor": actor, "now": at}
    supply.hold(op_id=cast.op(), danger=danger, **order)


class TestAPersonsOrderToCut:
    @pytest.mark.parametrize(
        "at", [EVENING, SATURDAY, START + timedelta(days=3)], ids=["evening", "weekend", "holiday"]
    )
    def test_keeps_to_the_hours_unless_there_is_danger(self, cast, at):
        cast.read("A", 0, at=at)
        with pytest.raises(Refusal, match=r"supply\.hours"):
            cut(cast, at=at)
        cut(cast, at=at, danger=True)
        assert cast.supply("A").wanted_relay == "open"
        assert cast.command("A", at=at) == "trip"

    def test_keeps_to_the_no_cut_mode_unless_there_is_danger(self, cast):
        supply.set_mode(site_id=cast.site.pk, mode="no_cut", reason="storm", actor=cast.users["manager"], now=START)
        with pytest.raises(Refusal, match=r"supply\.no_cut"):
            cut(cast)
        cut(cast, danger=True)
        assert cast.command("A", at=START) == "trip"

    def test_never_cuts_a_protected_supply(self, cast):
        supply.protect(supply_point_id=cast.points["A"].pk, reason="x", actor=cast.users["manager"], now=START)
        with pytest.raises(Refusal, match=r"supply\.protected"):
            cut(cast, danger=True)

    def test_that_was_not_carried_out_in_time_waits_for_the_hour(self, cast):
        cut(cast, at=EVENING - 2 * HOUR)
        cast.look("A", "closed", at=EVENING)
        assert cast.command("A", at=EVENING) is None
        row = cast.supply("A")
        assert (row.wanted_relay, row.code) == ("closed", "supply.held_later")
        assert "waits" in queries.reason(row)

    def test_that_was_carried_out_stays_so(self, cast):
        cut(cast)
        cast.look("A", "open", at=START)
        supply.review(supply_id=cast.supply("A").pk, now=EVENING)
        assert (cast.supply("A").wanted_relay, cast.supply("A").code) == ("open", "supply.held")


def watch(at) -> int:
    SiteMode.objects.update(looked_at=None)
    return doubts.watch(now=at)


def pass_the_time() -> None:
    SiteMode.objects.filter(doubt_since__isnull=False).update(doubt_since=Now() - doubts.STANDS)


def late_credit(cast: Cast) -> None:
    cast.sell(cast.open("B"), 5000)
    assert Delivery.objects.filter(state="due").exists()


def messages_stay(cast: Cast) -> None:
    assert Message.objects.filter(state="due").exists()


def messages_fail(cast: Cast) -> None:
    cast.sell(cast.points["A"].occupancies.get().account, 1000)
    row = Message.objects.first()
    for number in range(20):
        Message.objects.create(
            **{
                **{f.attname: getattr(row, f.attname) for f in Message._meta.concrete_fields if f.attname != "id"},
                "key": f"x{number}",
            }
        )
    Message.objects.update(state="failed", made_at=START + 6 * HOUR)


def meters_unread(cast: Cast) -> None:
    Message.objects.update(state="delivered")
    for number in range(5):
        add_flat(cast, f"D{number}", place="account", node=cast.points["A"].node)
        cast.open(f"D{number}")
    Message.objects.update(state="delivered")


class TestADoubtAboutOurselves:
    @pytest.mark.parametrize(
        ("doubt", "code"),
        [
            (late_credit, "mode.late_credit"),
            (messages_stay, "mode.messages"),
            (messages_fail, "mode.messages"),
            (meters_unread, "mode.readings"),
        ],
    )
    def test_stops_the_cuts_when_it_stands_for_a_while(self, cast, doubt, code):
        doubt(cast)
        at = START + doubts.CREDIT_LATE
        assert watch(at) == 0
        pass_the_time()
        assert watch(at) == 1
        row = SiteMode.objects.get()
        assert (row.mode, row.code) == ("no_cut", code)
        assert queries.mode_sentence(row) == row.reason
        supply.review(supply_id=cast.supply("A").pk, now=at)
        assert watch(at) == 0  # and does not enter twice

    def test_that_passes_by_itself_does_nothing(self, cast):
        late_credit(cast)
        at = START + doubts.CREDIT_LATE
        watch(at)
        Delivery.objects.update(state="on_meter")
        Message.objects.update(state="delivered")
        assert watch(at) == 0
        assert SiteMode.objects.get().doubt_since is None

    def test_is_left_by_a_person_who_is_believed_for_a_day(self, cast):
        self.test_stops_the_cuts_when_it_stands_for_a_while(cast, late_credit, "mode.late_credit")
        at = START + doubts.CREDIT_LATE
        supply.set_mode(site_id=cast.site.pk, mode="normal", reason="seen", actor=cast.users["manager"], now=at)
        for later, entered in ((at + HOUR, 0), (at + timedelta(hours=25), 1)):
            watch(later)
            pass_the_time()
            assert watch(later) == entered

    def test_nothing_in_doubt_changes_nothing(self, cast):
        assert watch(START) == 0
        assert SiteMode.objects.get().mode == "normal"
