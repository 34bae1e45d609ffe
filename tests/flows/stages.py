"""Stages that several tests begin from: credit used up, the last call delivered, lawfully cut."""

from datetime import UTC, datetime, timedelta

from powertill.apps.notices.models import Message
from powertill.apps.sites.models import Account
from powertill.apps.supply.models import Supply
from tests.flows.cast import START, Cast, deliver_messages

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TUESDAY = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, the first minute in which a cut is allowed


def use_up(cast: Cast, flat: str = "A", *, paid: int = 2000) -> Account:
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
