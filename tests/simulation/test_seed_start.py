"""When a seed begins, and when it must not: the clock, a town that runs, a new database in an old home."""

import json
from datetime import timedelta

import pytest

from powertill.apps.sales.models import Sale
from powertill.apps.sites.models import Site
from powertill.clock import Clock
from powertill.simulators.meter import Memory
from powertill.simulators.seed import seed
from powertill.simulators.town import meters, site
from powertill.simulators.town import town as towns
from powertill.trouble import Trouble

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_a_running_clock_is_kept_and_old_meters_go_back_to_the_workshop(home):
    clock, month = Clock(home), timedelta(days=30)
    clock.begin(site.STARTS_AT + month, speed=0)
    old = meters.memory_path(home, site.unit("1-0101"))
    old.parent.mkdir(parents=True)
    old.write_text(json.dumps({"count": 7, "opened": True, "customer": "1" * 12}))
    made = seed(home=home, clock=clock)
    assert made is not None
    assert made.starts_at == clock.now() == site.STARTS_AT + month
    assert site.STARTS_AT + month - timedelta(days=1) < Sale.objects.latest("sold_at").sold_at < made.starts_at
    assert meters.build(site.unit("1-0101"), Memory(old)).state.count == 1


def test_a_seed_refuses_while_the_town_runs(home, monkeypatch):
    monkeypatch.setattr(towns, "LOCK_S_MAX", 0)
    with towns.lock(home), pytest.raises(Trouble, match="another process"):
        seed(home=home, clock=Clock(home))
    assert not Site.objects.exists()


def test_a_seed_refuses_a_time_before_its_prices(home):
    Clock(home).begin(site.PRICES_FROM, speed=0)
    with pytest.raises(Trouble, match="prices begin"):
        seed(home=home, clock=Clock(home))
