"""Readings through the real flow (judge, rate, post, decide) beside bare committed inserts on the same server.

Both legs run alternately in one run; the ratio of each pair is what counts, its median is printed. The demo's site is
seeded into a throw-away server without fsync on both legs, so figures are ratios, not promises.
"""

import os
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PAIRS = 7


def main() -> None:
    """Seed, measure, print one line per pair and the median ratio."""
    from powertill.postgres.throwaway import throwaway

    home = Path(tempfile.mkdtemp(prefix="powertill-bench-", dir="/tmp"))
    with throwaway() as url:
        os.environ.update(
            POWERTILL_HOME=str(home), POWERTILL_DATABASE_URL=url, DJANGO_SETTINGS_MODULE="powertill.settings"
        )
        _measure(home)


def _measure(home: Path) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from powertill.apps.metering.models import Meter
    from powertill.clock import Clock
    from powertill.simulators.seed import seed

    call_command("migrate", verbosity=0)
    seed(home=home, clock=Clock(home))
    meters = list(Meter.objects.filter(installations__supply_point__place="account"))
    now = Clock(home).now()
    _flow(meters, now)
    ratios = []
    for pair in range(1, PAIRS + 1):
        now += timedelta(minutes=15)
        bare_s, flow_s = _timed(_bare, meters, now), _timed(_flow, meters, now)
        ratios.append(flow_s / bare_s)
        rate = len(meters) / flow_s
        print(f"pair {pair}: {rate:6.0f} readings/s through the flow, {len(meters) / bare_s:6.0f} bare inserts/s")
    print(f"median: one reading costs {statistics.median(ratios):.1f} bare committed inserts ({len(meters)} meters)")


def _timed(leg: Any, meters: list[Any], now: datetime) -> float:
    began = time.perf_counter()
    leg(meters, now)
    return time.perf_counter() - began


def _flow(meters: list[Any], now: datetime) -> None:
    from powertill.apps.metering.flows import Heard
    from powertill.apps.supply import flows as supply
    from powertill.core.ports import Snapshot

    for meter in meters:
        meter.refresh_from_db()
        used = Snapshot(clock_at=now, import_wh=(meter.accepted_import_wh or 0) + 250)
        heard = Heard(snapshot=used, credit=None, taken_at=now)
        supply.take_reading(meter_id=meter.pk, heard=heard, now=now, next_poll_at=now + timedelta(minutes=15))


def _bare(meters: list[Any], now: datetime) -> None:
    from powertill.apps.metering.models import Reading

    at = now - timedelta(minutes=7)  # beside the flow's readings, so that both legs insert new rows
    for meter in meters:
        Reading.objects.create(meter=meter, taken_at=at, received_at=now, import_wh=0, verdict="late")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
