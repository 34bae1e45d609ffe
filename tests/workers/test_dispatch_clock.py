"""One step of dispatch and one of the clock, with real drivers: a file, and a mail server on loopback."""

import json
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from powertill import drivers
from powertill.apps.metering.models import Installation, Meter
from powertill.apps.notices.models import Contact, Message
from powertill.apps.sales.models import Delivery
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import Incident, Supply
from powertill.config import Config
from powertill.workers import clock, dispatch
from tests.flows.cast import QUARTER, START, Cast, build

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Cast:
    return build()


def now():
    return START


def states() -> dict[str, str]:
    return dict(Message.objects.values_list("topic", "state"))


def test_messages_go_into_the_file_once_and_count_as_delivered_in_a_rehearsal_only(cast, home):
    cast.sell(cast.open("A"), 2000)
    for simulated in (False, True):
        Message.objects.update(state="due", lease_until=None)
        settings = dispatch.channel_settings(Config(home=home), simulated=simulated)
        assert dispatch.step(clock=now, settings=settings) == 2
        assert dispatch.step(clock=now, settings=settings) == 0
        wanted = "delivered" if simulated else "sent"
        assert states() == {"credited": wanted, "low_1": wanted}
    lines = [json.loads(line) for line in (home / "messages.jsonl").read_text("utf-8").splitlines()]
    assert [line["to"] for line in lines] == ["A@example.org"] * 2  # the second round found its keys in the file
    assert {line["key"] for line in lines} == set(Message.objects.values_list("key", flat=True))


class Inbox:
    """Keeps what comes, and answers as it is told."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("250"):
            self.mails.append(envelope.content.decode())
        return self.answer


@pytest.fixture
def inbox():
    handler = Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    handler.port = port
    try:
        yield handler
    finally:
        server.stop()


def mail_settings(home: Path, port: int) -> dict[str, dict[str, object]]:
    config = Config(home=home, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_sender="till@site.cn")
    return dispatch.channel_settings(config, simulated=False)


def test_mail_is_handed_over_and_waits_for_no_more_than_a_proof(cast, home, inbox):
    Contact.objects.update(channel="email")
    cast.sell(cast.open("A"), 2000)
    assert dispatch.step(clock=now, settings=mail_settings(home, inbox.port)) == 2
    assert states() == {"credited": "sent", "low_1": "sent"}  # a server's yes proves no delivery
    assert len(inbox.mails) == 2
    for message in Message.objects.all():
        assert any(message.proof in mail for mail in inbox.mails)


def test_a_server_that_is_busy_is_tried_again_and_loses_nothing(cast, home, inbox):
    Contact.objects.update(channel="email")
    cast.sell(cast.open("A"), 2000)
    inbox.answer = "451 busy"
    settings = mail_settings(home, inbox.port)
    assert dispatch.step(clock=now, settings=settings) == 2
    assert dispatch.step(clock=now, settings=settings) == 0  # not at once
    assert set(states().values()) == {"due"}
    inbox.answer = "250 OK"
    assert dispatch.step(clock=lambda: START + timedelta(minutes=10), settings=settings) == 2
    assert set(states().values()) == {"sent"}
    assert len(inbox.mails) == 2


def test_a_driver_that_chokes_on_one_message_keeps_no_other_waiting(cast, home, monkeypatch):
    cast.sell(cast.open("A"), 2000)
    real = drivers.notify_driver("file")

    class Choking:
        def send(self, settings, *, key, **message):
            if "low_1" in key:
                raise ZeroDivisionError("a fault of the driver")
            return real.send(settings, key=key, **message)

    monkeypatch.setattr(drivers, "notify_driver", lambda code: Choking())
    settings = dispatch.channel_settings(Config(home=home), simulated=True)
    assert dispatch.step(clock=now, settings=settings) == 2
    assert states() == {"credited": "delivered", "low_1": "due"}
    assert "ZeroDivisionError" in Message.objects.get(topic="low_1").last_error


def test_a_channel_that_does_not_exist_here_is_a_fault_of_the_message(cast, home):
    Contact.objects.update(channel="pigeon")
    cast.sell(cast.open("A"), 2000)
    assert dispatch.step(clock=now, settings=dispatch.channel_settings(Config(home=home), simulated=True)) == 2
    assert set(Message.objects.values_list("state", "tries")) == {("due", 1)}


def tick(at) -> int:
    return clock.step(clock=lambda: at)


def silent() -> list[str]:
    return list(Incident.objects.filter(kind="meter.silent", closed_at=None).values_list("subject", flat=True))


def test_a_meter_that_was_silent_for_a_day_is_put_on_the_list_once(cast):
    cast.read("A", 0, at=START)
    cast.read("B", 0, at=START + DAY)
    tick(START + DAY)
    assert silent() == []
    tick(START + DAY + timedelta(seconds=1))
    tick(START + DAY + QUARTER)
    assert silent() == [cast.meters["A"].number]
    assert Incident.objects.count() == 1


def test_a_meter_with_another_case_and_an_old_closed_one_is_listed_all_the_same(cast):
    cast.read("A", 0, at=START)
    cast.read("B", 0, at=START)
    meter = Meter.objects.select_related("site").get(pk=cast.meters["A"].pk)
    supply.open_incident(meter=meter, kind="meter.silent", subject=meter.number, now=START)
    Incident.objects.update(closed_at=START)
    supply.open_incident(meter=meter, kind="reading.jump", subject=meter.number, params={"wh": 9}, now=START)
    tick(START + 2 * DAY)
    assert meter.number in silent()


def test_a_meter_that_was_never_heard_is_listed_a_day_after_it_was_hung_up(cast):
    Installation.objects.update(from_at=START)
    tick(START + DAY)
    assert silent() == []
    tick(START + DAY + QUARTER)
    assert sorted(silent()) == sorted(meter.number for meter in cast.meters.values())
    spare = Meter.objects.create(number="026042009990", site=cast.site, gateway=cast.gateway, driver="dlt645")
    tick(START + 2 * DAY)
    assert spare.number not in silent()  # it lies in the store


def test_what_is_due_is_reviewed_and_then_rests(cast):
    cast.sell(cast.open("A"), 5000)
    Supply.objects.update(review_at=START)
    assert tick(START) == 1
    assert Supply.objects.get().review_at > START
    assert tick(START) == 0


def test_credit_that_is_late_is_put_before_a_person(cast):
    cast.sell(cast.open("B"), 5000)
    assert Delivery.objects.get().state == "due"
    tick(START + timedelta(minutes=16))
    late = Incident.objects.exclude(kind="meter.silent").get()  # the meters of the cast were never heard
    assert (late.kind, late.meter_id) == ("delivery.late", cast.meters["B"].pk)


def test_a_duty_that_fails_keeps_no_other_from_being_done(cast, monkeypatch):
    cast.sell(cast.open("B"), 5000)

    def fail(**_arguments):
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(clock.supply, "review_due", fail)
    monkeypatch.setattr(clock, "visits", fail)
    with pytest.raises(ZeroDivisionError):
        tick(START + timedelta(minutes=16))
    assert Incident.objects.get().kind == "delivery.late"
