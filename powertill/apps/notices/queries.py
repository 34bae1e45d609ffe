"""Reads of messages: lists for pages, and the evidence that a notice was delivered."""

from datetime import datetime

from django.db.models import Min, QuerySet

from powertill.apps.notices.models import Message


def messages() -> QuerySet[Message]:
    """Return all messages, newest first, with the people in them."""
    return Message.objects.select_related("customer", "account").order_by("-id")


def delivered_since(*, account_id: int, key_prefix: str) -> dict[str, datetime]:
    """Return topic -> first moment at which a message whose key starts so was proven delivered."""
    rows = Message.objects.filter(
        account_id=account_id, key__startswith=key_prefix, state=Message.State.DELIVERED
    ).values("topic")
    return {row["topic"]: row["first"] for row in rows.annotate(first=Min("delivered_at"))}
