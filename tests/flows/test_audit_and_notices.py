"""The log of acts is a chain, and messages are told once, by another channel where the first does not prove it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import transaction

from powertill.apps.audit import flows as audit
from powertill.apps.audit import queries as log
from powertill.apps.audit.models import LogEntry
from powertill.apps.notices import flows as notices
from powertill.apps.notices import queries as told
from powertill.apps.notices.models import Contact, Message
from powertill.apps.notices.texts import TEXTS, render
from powertill.core.errors import Refusal
from powertill.core.ports import LinkFault, Receipt
from tests.flows.cast import START, Cast, build, deliver_messages

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast() -> Cast:
    return build()


class TestTheLog:
    def test_is_whole_whatever_is_written_into_it(self, cast):
        shanghai = datetime(2026, 11, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))
        for facts in ({}, {"a": Decimal("1.50"), "b": {"时": ["x", 1, None]}}, {"at": START}):
            audit.log(act="x" * 60, subject="长" * 200, actor=None, now=shanghai, facts=facts, reason=" r " * 200)
        audit.log(act="y", subject="s", actor=cast.users["manager"], now=datetime.now(UTC))
        assert log.broken_links() == []
        assert next(entry.before_hash for entry in LogEntry.objects.order_by("id")) == audit.CHAIN_START

    def test_names_people_and_reasons_of_privileged_acts(self, cast):
        cast.open("A")
        entry = log.acts().first()
        assert (entry.act, entry.actor.username, entry.facts["preset"]) == ("account.opened", "cashier", 0)


class TestApprovals:
    def ask(self, cast):
        payload = {"amount": 5}
        with transaction.atomic():
            return audit.request_approval(
                kind="test", subject="s", payload=payload, reason="why", maker=cast.users["manager"], now=START
            )

    def test_are_applied_once_with_the_payload_that_was_asked_for(self, cast):
        row = audit.approve(approval_id=self.ask(cast).pk, checker=cast.users["engineer"], now=START)
        assert audit.apply_once(approval=row, now=START) == {"amount": 5}
        with pytest.raises(Refusal, match=r"approval\.gone"):
            audit.apply_once(approval=row, now=START)

    def test_need_consent_and_an_unchanged_payload(self, cast):
        row = self.ask(cast)
        with pytest.raises(Refusal, match=r"approval\.gone"):
            audit.apply_once(approval=row, now=START)
        row = audit.approve(approval_id=row.pk, checker=cast.users["engineer"], now=START)
        row.payload = {"amount": 500}
        with pytest.raises(Refusal, match=r"approval\.gone"):
            audit.apply_once(approval=row, now=START)


class TestMessages:
    @pytest.fixture
    def account(self, cast):
        return cast.open("A")

    def tell(self, account, key="k", topic="credited"):
        facts = {"room": "A", "amount": "1", "number": "R", "balance": "2"}
        return notices.tell(account=account, topic=topic, key=key, facts=facts, now=START)

    def test_are_written_once_for_a_key(self, account):
        assert len(self.tell(account)) == 1
        assert self.tell(account) == []

    def test_are_proven_by_the_channel_or_by_a_later_receipt(self, account):
        self.tell(account)
        deliver_messages(at=START, delivered=False)
        row = Message.objects.get()
        assert row.state == "sent"
        assert not notices.confirm(channel="file", proof="another", delivered=True, now=START)
        assert not notices.confirm(channel="file", proof="", delivered=True, now=START)
        for _again in range(2):
            assert notices.confirm(channel="file", proof=row.proof, delivered=True, now=START + MINUTE)
        assert notices.confirm(channel="file", proof=row.proof, delivered=False, now=START + 2 * MINUTE)
        row.refresh_from_db()
        assert (row.state, row.delivered_at) == ("delivered", START + MINUTE)
        assert told.delivered_since(account_id=account.pk, key_prefix="k") == {"credited": START + MINUTE}

    def test_go_to_the_next_channel_when_nothing_proves_them(self, account, cast):
        Contact.objects.create(customer=cast.customers["A"], channel="sms", address="1", rank=2)
        self.tell(account)
        deliver_messages(at=START, delivered=False)
        assert notices.chase(now=START + 59 * MINUTE) == 0
        assert notices.chase(now=START + 60 * MINUTE) == 1
        assert notices.chase(now=START + 61 * MINUTE) == 0
        assert set(Message.objects.values_list("channel", flat=True)) == {"file", "sms"}

    def test_go_to_the_next_channel_when_all_tries_failed(self, account, cast):
        Contact.objects.create(customer=cast.customers["A"], channel="sms", address="1", rank=2)
        self.tell(account)

        def fail(message: Message) -> Receipt:
            raise LinkFault("no answer")

        at = START
        for _try in range(notices.TRIES_MAX):
            assert notices.dispatch(now=at, send=fail) == 1
            at += timedelta(hours=5)
        first, second = Message.objects.order_by("id")
        assert (first.state, second.channel, second.state) == ("failed", "sms", "due")

    def test_a_refused_message_and_an_unknown_channel_are_tried_again(self, account):
        self.tell(account)
        notices.dispatch(now=START, send=lambda message: Receipt(accepted=False, proof="no such number"))
        assert Message.objects.get().last_error == "no such number"

        def unknown(message: Message) -> Receipt:
            raise LookupError(message.channel)

        notices.dispatch(now=START + 5 * MINUTE, send=unknown)
        assert Message.objects.get().tries == 2

    def test_a_dispatcher_that_lost_its_lease_stores_nothing(self, account):
        self.tell(account)

        def slow(message: Message) -> Receipt:
            Message.objects.update(lease_epoch=99)
            return Receipt(accepted=True, proof="late", delivered=True)

        notices.dispatch(now=START, send=slow)
        assert Message.objects.get().state == "due"

    def test_all_texts_are_complete_and_short(self):
        facts = dict.fromkeys(
            ("room", "amount", "balance", "level", "hours", "until", "number", "limit"), "1234.00 CNY"
        )
        for topic in TEXTS:
            subject, body = render(topic, language="en", facts=facts)
            assert subject and len(body) <= 200, topic
            assert "%" not in body
