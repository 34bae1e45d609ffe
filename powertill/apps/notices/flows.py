"""Write messages in the transaction of the fact that they tell, hand them over later, keep the proof."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from powertill.apps.lease import LeaseLost, claim, hold
from powertill.apps.notices.models import Contact, Message
from powertill.apps.notices.texts import render
from powertill.apps.sites.models import Account
from powertill.core.ports import LinkFault, MeterFault, Receipt

TRIES_MAX = 6
BATCH_ROWS_MAX = 50
PROOF_WITHIN = timedelta(hours=1)  # then the next channel is tried as well
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
    for contact in _first_contacts(account):
        message = _compose(account=account, contact=contact, topic=topic, facts=facts)
        message.key, message.made_at, message.next_at = f"{key}:{contact.pk}", now, not_before or now
        made += _write(message)
    return made


def _first_contacts(account: Account) -> list[Contact]:
    """Return the contacts of the best rank there is: nobody is forgotten because number one was deleted."""
    rows = list(Contact.objects.filter(customer_id=account.customer_id).select_related("customer")[:CONTACTS_MAX])
    return [row for row in rows if row.rank == rows[0].rank]


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
            _hand_over(message, send=send, now=now)
        except LeaseLost:
            continue  # Another dispatcher has it; its key at the provider is the same.
    return len(taken)


def _hand_over(message: Message, *, send: Callable[[Message], Receipt], now: datetime) -> None:
    try:
        receipt = send(message)
    except (LinkFault, MeterFault, LookupError, OSError) as fault:  # LookupError: no such channel here
        _failed(message, fault=f"{type(fault).__name__}: {fault}", now=now)
    else:
        _accepted(message, receipt=receipt, now=now)


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


def confirm(*, channel: str, proof: str, delivered: bool, now: datetime) -> bool:
    """Store a provider's later receipt, found by its own reference; return whether it fits a message of ours.

    A message that is proven delivered stays so, however often and in whatever order receipts come.
    """
    with transaction.atomic():
        rows = Message.objects.select_for_update(no_key=True, of=("self",)).filter(channel=channel, proof=proof)
        row = rows.exclude(proof="").first()
        if row is None:
            return False
        if row.state == Message.State.SENT:
            row.state = Message.State.DELIVERED if delivered else Message.State.FAILED
            row.delivered_at = now if delivered else None
            row.save(update_fields=["state", "delivered_at"])
            if not delivered:
                _next_channel(row, now=now)
        return True


def chase(*, now: datetime, limit: int = BATCH_ROWS_MAX) -> int:
    """Try the next channel for messages that were taken by a provider but not proven delivered; return how many."""
    rows = Message.objects.filter(state=Message.State.SENT, sent_at__lte=now - PROOF_WITHIN, chased_at=None)
    with transaction.atomic():
        late = list(rows.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("id")[:limit])
        for message in late:
            message.chased_at = now
            message.save(update_fields=["chased_at"])
            _next_channel(message, now=now)
    return len(late)


def _next_channel(message: Message, *, now: datetime) -> None:
    stem = message.key.rsplit(":", 1)[0]
    tried = set(Message.objects.filter(key__startswith=f"{stem}:").values_list("channel", "address"))
    others = Contact.objects.filter(customer=message.customer).select_related("customer")
    for contact in others[:CONTACTS_MAX]:
        if (contact.channel, contact.address) not in tried:
            other = _compose(account=message.account, contact=contact, topic=message.topic, facts=message.facts)
            other.key = f"{stem}:{contact.pk}"
            other.made_at = other.next_at = now
            _write(other)
            return
