"""Cases before a person: one per kind, subject and site; each has a sentence, also in Chinese."""

import pytest
from django.utils import translation

from powertill.apps.metering.models import Gateway, Installation, Meter
from powertill.apps.sites.models import Site
from powertill.apps.supply import flows as supply
from powertill.apps.supply import incidents, queries
from powertill.apps.supply.models import Incident, Supply
from tests.flows.cast import START, Cast, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return build()


def other_meter() -> Meter:
    site = Site.objects.create(code="other", name="Other", zone="UTC", currency="CNY")
    gateway = Gateway.objects.create(site=site, code="G9", host="127.0.0.1", port=9)
    return Meter.objects.create(number="026042009990", site=site, gateway=gateway, driver="dlt645")


def test_two_sites_with_a_room_of_the_same_name_have_cases_of_their_own(cast):
    here, there = cast.meters["A"], other_meter()
    for meter in (here, there, there):
        incidents.open_incident(meter=meter, kind="relay.protected", subject="A", now=START)
    assert Incident.objects.count() == 2
    incidents.heal(site=there.site, kind="relay.protected", subject="A", now=START)
    assert incidents.is_open(site=here.site, kinds=["relay.protected"], subject="A")
    assert not incidents.is_open(site=there.site, kinds=["relay.protected"], subject="A")


def test_a_case_says_what_it_is_about_with_its_own_numbers(cast):
    cast.open("A")
    cast.read("A", 0, at=START)
    meter = cast.meters["A"]
    incidents.open_incident(meter=meter, kind="reading.jump", subject=meter.number, params={"wh": 90_000}, now=START)
    said = queries.incident_sentence(Incident.objects.get())
    assert said == "90000 Wh is more than this connection can deliver in the time; a person must look."


@pytest.mark.parametrize("kind", incidents.INCIDENTS)
def test_every_kind_of_case_is_told_in_chinese(kind):
    english = incidents.INCIDENTS[kind]
    with translation.override("zh-hans"):
        chinese = translation.gettext(english)
    assert chinese != english
    places = {part.split(")")[0] for part in english.split("%(")[1:]}
    assert places == {part.split(")")[0] for part in chinese.split("%(")[1:]}


def test_a_kind_without_a_sentence_or_without_its_numbers_is_our_mistake(cast):
    with pytest.raises(KeyError):
        incidents.open_incident(meter=cast.meters["A"], kind="nobody.knows", subject="A", now=START)
    with pytest.raises(KeyError):
        incidents.open_incident(meter=cast.meters["A"], kind="reading.jump", subject="A", now=START)


class TestARowThatCannotBeReviewed:
    @pytest.fixture
    def faulty(self, cast):
        for flat in "AB":
            cast.sell(cast.open(flat), 5000)
        Meter.objects.filter(pk=cast.meters["A"].pk).update(driver="nobody")
        Supply.objects.update(review_at=START)
        return cast

    def test_keeps_no_other_waiting_and_is_put_before_a_person(self, faulty):
        assert supply.review_due(now=START) == 2
        assert faulty.supply("B").review_at > START
        assert faulty.supply("A").review_at > START  # and it rests
        case = Incident.objects.get()
        assert (case.kind, case.subject) == ("supply.review", "A")
        assert "nobody" in queries.incident_sentence(case)

    def test_heals_when_it_can_be_reviewed_again(self, faulty):
        supply.review_due(now=START)
        Meter.objects.update(driver="dlt645")
        Supply.objects.update(review_at=START)
        supply.review_due(now=START)
        assert Incident.objects.get().closed_at == START

    def test_is_told_also_where_no_meter_hangs(self, faulty, monkeypatch):
        from powertill.apps.supply import reviewing

        Installation.objects.all().delete()

        def fail(**_arguments):
            raise ZeroDivisionError("a fault of ours")

        monkeypatch.setattr(reviewing, "review", fail)
        supply.review_due(now=START)
        assert Incident.objects.filter(kind="supply.review", site=faulty.site, meter=None).count() == 2
