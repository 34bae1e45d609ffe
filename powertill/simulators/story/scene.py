"""What the story needs to see and do: the customer's rows, the simulated clock, and waiting with a limit."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError, close_old_connections

from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import account_at, meter_at
from powertill.apps.notices.models import Message
from powertill.apps.sales.models import Delivery
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.apps.supply.models import Supply
from powertill.clock import Clock
from powertill.core.money import format_minor
from powertill.simulators.town.orders import give
from powertill.trouble import Trouble

LOOK_S = 0.1  # real seconds between two looks at the database
WAIT_S_MAX = 150  # real seconds that one thing may take: longer than the lease of a worker that died with it
QUARTER = timedelta(minutes=15)
SMALL = timedelta(seconds=2)
PRESSES_MAX = 20
AWAY = (OperationalError, InterfaceError)  # the database is being restarted


@dataclass(slots=True)
class Scene:
    """The story's customer and the clock. Everything is read afresh: the product runs in other processes."""

    home: Path
    room: str
    clock: Clock
    say: Callable[[str], None]

    @property
    def supply_point(self) -> SupplyPoint:
        return SupplyPoint.objects.select_related("site").get(label=self.room, site__simulated=True)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.supply_point.site.zone)

    @property
    def meter(self) -> Meter:
        meter = meter_at(supply_point=self.supply_point, at=self.clock.now())
        assert meter is not None
        return meter

    @property
    def account(self) -> Account:
        account = account_at(supply_point=self.supply_point, at=self.clock.now())
        assert account is not None
        return account

    @property
    def supply(self) -> Supply:
        return Supply.objects.get(supply_point=self.supply_point)

    def purse_minor(self) -> int:
        """Return what the meter's purse showed last: remaining less overdraft."""
        credit = self.meter.live.get("credit") or {"remaining_minor": 0, "overdraft_minor": 0}
        return int(credit["remaining_minor"]) - int(credit["overdraft_minor"])

    def booked_minor(self) -> int:
        """Return what our books say the meter's purse holds."""
        return ledger.balance_minor(account_id=self.account.pk, place="meter")

    def local(self) -> datetime:
        return self.clock.now().astimezone(self.zone)

    def line(self, text: str, answer: str = "") -> None:
        """Print one line of the time line, and under it what the meter answered."""
        self.say(f"{self.local():%a %m-%d %H:%M:%S}  {text}")
        if answer:
            self.say(f"              meter: {answer}")

    def meter_says(self) -> str:
        """Return the last thing that the meter itself showed, in words."""
        meter, supply = self.meter, self.supply
        credit = meter.live.get("credit") or {}
        parts = []
        if credit:
            parts.append(f"purchase count {credit['purchase_count']}")
            parts.append(f"remaining {format_minor(credit['remaining_minor'])}")
            if credit["overdraft_minor"]:
                parts.append(f"overdraft {format_minor(credit['overdraft_minor'])}")
        if "import_wh" in meter.live:
            parts.append(f"register {meter.live['import_wh'] / 1000:.2f} kWh")
        parts.append(f"relay {supply.seen_relay or 'not seen'}")
        if supply.seen_keep_power is not None:
            parts.append(f"keep-power {'on' if supply.seen_keep_power else 'off'}")
        return ", ".join(parts)

    def until(
        self, what: str, ready: Callable[[], bool], *, pace: timedelta = SMALL, real_s: float = WAIT_S_MAX
    ) -> None:
        """Wait until something is so, letting simulated time pass by `pace` at each look; give up after `real_s`."""
        end = time.monotonic() + real_s
        while not self.is_so(ready):
            if time.monotonic() > end:
                raise Trouble(f"The story waited {real_s:.0f} s for: {what}.", "Look at the log above for the reason.")
            time.sleep(LOOK_S)
            if pace:
                self.clock.jump_to(self.clock.now() + pace)

    def is_so(self, ready: Callable[[], bool]) -> bool:
        """Ask the database; while it is being restarted, the answer is no."""
        try:
            close_old_connections()
            return ready()
        except AWAY:
            return False

    def demand(self, what: str, so: bool) -> None:
        """Stop the story where it would print what is not so."""
        if not so:
            raise Trouble(f"The story would say: {what}. It is not so: {self.meter_says()}.", "Look at the log above.")

    def see(self) -> dict[str, Any]:
        """Return what a person beside the meter sees; a town that is being restarted is waited for."""
        end = time.monotonic() + WAIT_S_MAX
        while True:
            try:
                return dict(json.loads(give(self.home, "see", self.meter.number)))
            except Trouble:
                if time.monotonic() > end:
                    raise
                time.sleep(LOOK_S)

    def press(self) -> None:
        """Press the meter's button, as a person who looks whether it helped."""
        for _ in range(PRESSES_MAX):
            if self.see()["contact"] == "closed":
                return
            try:
                give(self.home, "press", self.meter.number)
            except Trouble as refused:
                self.say(f"              {refused}")
                time.sleep(1)
        raise Trouble(f"The button of meter {self.meter.number} was pressed {PRESSES_MAX} times for nothing.")

    def play_until(
        self, what: str, ready: Callable[[], bool], *, step: timedelta = QUARTER, steps_max: int = 200
    ) -> None:
        """Let time pass step by step; before each step everything that was due must have been done."""
        for _ in range(steps_max):
            if self.is_so(ready):
                return
            now = self.local()
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            target = midnight + step * ((now - midnight) // step + 1) + timedelta(seconds=1)
            self.clock.jump_to(target)
            self.settle()
        raise Trouble(f"The story played {steps_max} steps and never saw: {what}.")

    def play_to(self, at: datetime, *, step: timedelta = QUARTER) -> None:
        """Let time pass up to a moment."""
        self.play_until(f"{at:%H:%M}", lambda: self.clock.now() >= at - timedelta(seconds=1), step=step)

    def settle(self) -> None:
        """Wait until readings, deliveries, switches and messages that were due have been dealt with."""
        self.until("everything that is due to be done", self.idle, pace=timedelta(0))

    def idle(self) -> bool:
        """Tell whether nothing is due on any bus, for any switch and any message."""
        now = self.clock.now()
        due = (
            Meter.objects.filter(next_poll_at__lte=now, failures=0),
            Meter.objects.filter(next_poll_at=None),
            Delivery.objects.filter(state__in=["due", "sent", "unknown", "refused"], next_at__lte=now),
            Supply.objects.filter(next_at__lte=now).exclude(order__in=["agreed", "unverified"]),
            Message.objects.filter(state="due", next_at__lte=now),
        )
        return not any(rows.exists() for rows in due)

    def message(self, topic: str) -> Message | None:
        """Return the newest message on a topic that was delivered to the story's customer since the first purchase."""
        first = self.account.sales.order_by("id").values_list("sold_at", flat=True).first()
        rows = Message.objects.filter(account=self.account, topic=topic, state=Message.State.DELIVERED)
        rows = rows.filter(made_at__gte=first or self.clock.now())
        return rows.order_by("-id").first()
