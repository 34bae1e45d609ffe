"""A small site for the tests of plant and portal pages: a tree, rooms, meters with history, money, a tariff, people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client

from powertill.apps.sites.models import Holiday, Site
from powertill.config import config
from tests.web.plant_history import acts, history, relay, sales
from tests.web.plant_rooms import people, rooms, tariff, tree
from tests.web.plant_terms import NOW, Cast


def build() -> Cast:
    """Write the cast into the database."""
    site = Site.objects.create(
        code="lotus",
        name="Lotus Court",
        zone="Asia/Shanghai",
        currency="CNY",
        simulated=True,
        help_line="400 800 1234",
        tax_number="91320000MA1",
        holidays_known_to=date(2027, 12, 31),
    )
    Holiday.objects.create(site=site, date=date(2026, 10, 1), name="National Day")
    other = Site.objects.create(code="mill", name="Old Mill", zone="Africa/Kampala", currency="UGX", exponent=0)
    cast = Cast(site, other)
    people(cast)
    tree(cast)
    tariff(cast)
    rooms(cast)
    history(cast, "2-0608")
    sales(cast, "2-0608")
    relay(cast, "1-0104")
    acts(cast)
    return cast


@contextmanager
def frozen_clock(home: Path, at: datetime = NOW) -> Iterator[None]:
    """Let every Clock stand still at `at`, as a simulated time that says so on the screen."""
    path = home / "clock.json"
    anchors = {"real_anchor": at.isoformat(), "simulated_anchor": at.isoformat(), "speed": 0}
    path.write_text(json.dumps(anchors), "utf-8")
    try:
        yield
    finally:
        path.unlink()


@pytest.fixture(scope="module", name="stage")
def stage_fixture(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The cast, built once for the tests of a module and rolled back after the last of them."""
    connections.close_all()  # Another module's tests may have left a connection whose server side is gone.
    with django_db_blocker.unblock(), transaction.atomic(), frozen_clock(config().home):
        yield build()
        transaction.set_rollback(True)


@pytest.fixture(name="cast")
def cast_fixture(stage: Cast, db: None) -> Cast:
    """The cast for one test: whatever the test does to it is undone."""
    return deepcopy(stage)


def signed_in(cast: Cast, name: str) -> Client:
    """Return a browser in which this person has signed in."""
    client = Client()
    client.force_login(cast.person[name])
    return client
