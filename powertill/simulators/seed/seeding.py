"""Seed the demo site once: all of it in one transaction, or nothing."""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction

from powertill.apps.people.models import User
from powertill.apps.sites.models import Site
from powertill.clock import Clock
from powertill.simulators.town.ports import ports
from powertill.simulators.town.site import PRICES_FROM, SITE_CODE, STARTS_AT
from powertill.simulators.town.town import lock
from powertill.trouble import Trouble

from . import logins, opening, persons, places


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a first seed has made: who may sign in, and from when on simulated time runs."""

    passwords: dict[str, str]
    starts_at: datetime


def seed(*, home: Path, clock: Clock, starts_at: datetime = STARTS_AT, speed: int = 1) -> Seeded | None:
    """Make the demo site and start its clock; return None, and change nothing, when the site is there already.

    The clock begins at `starts_at` unless this home's time is simulated already. Raise Trouble while a
    town runs in this home, because its meters go back to the workshop.
    """
    if Site.objects.filter(code=SITE_CODE).exists():
        return None
    with lock(home):
        starts_at = clock.now() if clock.simulated else starts_at.astimezone(UTC)
        if starts_at - opening.BEFORE_START < PRICES_FROM:
            raise Trouble(f"The demo's prices begin on {PRICES_FROM:%Y-%m-%d}.", "Let simulated time begin later.")
        shutil.rmtree(home / "town" / "meters", ignore_errors=True)
        with transaction.atomic():
            passwords = _fill(home, starts_at=starts_at)
            # Before the commit: a site that nobody can sign in to would never be seeded again.
            logins.write(home, passwords)
            _to_disk(home)
        if not clock.simulated:
            clock.begin(starts_at, speed=speed)
    return Seeded(passwords, starts_at)


def _fill(home: Path, *, starts_at: datetime) -> dict[str, str]:
    spots = places.build(ports=ports(home).gateways, starts_at=starts_at)
    passwords = persons.users()
    persons.roles(Site.objects.get(code=SITE_CODE))
    customers = persons.customers()
    cashier = User.objects.get(username="cashier")
    opening.open_all(spots, customers, cashier=cashier, home=home, starts_at=starts_at)
    persons.reachable(customers)
    return passwords


def _to_disk(home: Path) -> None:
    """Wait until the meters' memories are on disk: after the commit the books say that the credit is there."""
    for path in (home / "town" / "meters").glob("*.json"):
        with path.open("rb") as memory:
            os.fsync(memory.fileno())
