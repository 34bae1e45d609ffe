"""Write messages in the transaction of the fact that they tell, hand them over later, keep the proof."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from powertill.apps.lease import claim, hold
from powertill.apps.notices.models import Contact, Message
from powertill.apps.notices.texts import render
from powertill.apps.sites.models import Account
from powertill.core.ports import LinkFault, MeterFault, Receipt

TRIES_MAX = 6
BATCH_ROWS_MAX = 50
CONTACTS_MAX = 10  # room-mates and others who are told too


def tell(
    *,
    account: Account,
    topic: str,
    key: str,
    facts: Mapping[str, str],
    now: datetime,
    not_before: datetime | None = None,
) -> list[Message]:
    """Write one message for every person of the account on their first channel; nothing twice for one key."""
    made = []
    for contact in Contact.objects.filter(customer_id=account.customer_id, rank=1)[:CONTACTS_MAX]:
        message = _compose(account=account, contact=contact, topic=topic, facts=facts)
        message.key, message.made_at, message.next_at = f"{key}:{contact.pk}", now, not_before or now
        made += _write(message)
    return made


def _compose(*, account: Account, contact: Contact, topic: str, facts: Mapping[str, str]) -> Message:
    language = contact.customer.language
    subject, body = render(topic, language=language, facts=facts)
    return Message(
        topic=topic,
        account=account,
        customer=contact.customer,
        language=language,
        channel=contact.channel,
        address=contact.address,
        facts=dict(facts),
        subject=subject,
        body=body,
    )


def _write(message: Message) -> list[Message]:
    """Insert the message unless its key exists; ON CONFLICT, so that a repeat costs no error."""
    if Message.objects.filter(key=message.key).exists():
        return []
    return Message.objects.bulk_create([message], ignore_conflicts=True)


def dispatch(*, now: datetime, send: Callable[[Message], Receipt]) -> int:
    """Hand over due messages, one batch; return how many were taken. `send` does the network, outside transactions."""
    taken = claim(Message.objects.filter(state=Message.State.DUE), now=now, limit=BATCH_ROWS_MAX)
    for message in taken:
        try:
            receipt = send(message)
        except (LinkFault, MeterFault, OSError) as fault:
            _failed(message, fault=str(fault), now=now)
        else:
            _accepted(message, receipt=receipt, now=now)
    return len(taken)


def _accepted(message: Message, *, receipt: Receipt, now: datetime) -> None:
    if not receipt.accepted:
        _failed(message, fault=receipt.proof, now=now)
        return
    with transaction.atomic():
        row = hold(Message, pk=message.pk, epoch=message.lease_epoch)
        row.state = Message.State.DELIVERED if receipt.delivered else Message.State.SENT
        row.proof, row.sent_at, row.lease_until = receipt.proof[:200], now, None
        row.delivered_at = now if receipt.delivered else None
        row.save()


def _failed(message: Message, *, fault: str, now: datetime) -> None:
    with transaction.atomic():
        row = hold(Message, pk=message.pk, epoch=message.lease_epoch)
        row.tries, row.last_error, row.lease_until = row.tries + 1, fault[:200], None
        row.next_at = now + timedelta(minutes=2 ** min(row.tries, 8))
        if row.tries >= TRIES_MAX:
            row.state = Message.State.FAILED
            _next_channel(row, now=now)
        row.save()


def _next_channel(message: Message, *, now: datetime) -> None:
    others = Contact.objects.filter(customer=message.customer).exclude(channel=message.channel, address=message.address)
    tried = set(
        Message.objects.filter(key__startswith=message.key.rsplit(":", 1)[0] + ":").values_list("channel", "address")
    )
    for contact in others[:CONTACTS_MAX]:
        if (contact.channel, contact.address) not in tried:
            other = _compose(account=message.account, contact=contact, topic=message.topic, facts=message.facts)
            other.key = f"{message.key.rsplit(':', 1)[0]}:{contact.pk}"
            other.made_at = other.next_at = now
            _write(other)
            return
