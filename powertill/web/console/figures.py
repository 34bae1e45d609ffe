"""The numbers of the overview, each computed once per page from the facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Sum

from powertill.apps.metering.models import Meter
from powertill.apps.sales.models import Sale
from powertill.apps.sites.models import Node, Site
from powertill.core.span import day_start, local_date
from powertill.web.console import standing
from powertill.web.console.standing import Standing

OFFLINE_AFTER = timedelta(minutes=90)
STEP = timedelta(minutes=15)
HOURS_SHOWN = 48
GAP_MAX = timedelta(hours=3)  # readings further apart say nothing about a quarter of an hour

# Energy between two readings of a meter, spread evenly over the quarters of an hour that it covers, summed per quarter.
LOAD_SQL = """
WITH steps AS (
    SELECT r.taken_at AS t1, lag(r.taken_at) OVER w AS t0, r.import_wh - lag(r.import_wh) OVER w AS wh
    FROM metering_reading r JOIN metering_meter m ON m.id = r.meter_id
    WHERE m.site_id = %(site)s AND r.taken_at > %(since)s - %(gap)s AND r.taken_at <= %(until)s
      AND r.verdict IN ('first', 'accept')
    WINDOW w AS (PARTITION BY r.meter_id ORDER BY r.taken_at)
), pieces AS (
    SELECT quarter, extract(epoch FROM least(t1, quarter + %(step)s) - greatest(t0, quarter)) AS covered,
        wh / extract(epoch FROM t1 - t0) AS speed
    FROM steps, generate_series(date_bin(%(step)s, t0, %(since)s), t1 - interval '1 microsecond', %(step)s) AS quarter
    WHERE wh >= 0 AND t1 - t0 <= %(gap)s
)
SELECT quarter, round(sum(speed * covered) * 4)::bigint, sum(covered)::bigint
FROM pieces WHERE quarter >= %(since)s GROUP BY quarter
"""


@dataclass(frozen=True, slots=True)
class Sold:
    """Money sold today and on the same day last week up to the same hour, reversed sales left out."""

    minor: int
    count: int
    before_minor: int

    @property
    def change_percent(self) -> int | None:
        """How much more than last week, in whole per cent; None without sales then."""
        if not self.before_minor:
            return None
        return (self.minor - self.before_minor) * 100 // self.before_minor


def sold(site: Site, *, now: datetime) -> Sold:
    """Return today's sales beside those of the same weekday last week."""
    zone = ZoneInfo(site.zone)
    start = day_start(local_date(now, zone), zone)
    week = timedelta(days=7)
    minor, count = _sales(site, start, now)
    before = _sales(site, day_start(local_date(now - week, zone), zone), now - week)[0]
    return Sold(minor, count, before)


def _sales(site: Site, start: datetime, end: datetime) -> tuple[int, int]:
    rows = Sale.objects.filter(account__site=site, sold_at__gte=start, sold_at__lte=end, reversal=None)
    found = rows.aggregate(minor=Sum("amount_minor"), count=Count("pk"))
    return int(found["minor"] or 0), int(found["count"])


def load_curve(site: Site, *, now: datetime) -> list[tuple[datetime, int | None]]:
    """Return the site's average load per quarter of an hour over two days, in W; None where nothing was read."""
    last = now - timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
    since = last - timedelta(hours=HOURS_SHOWN)
    with connection.cursor() as cursor:
        terms: dict[str, Any] = {"site": site.pk, "since": since, "until": now, "step": STEP, "gap": GAP_MAX}
        cursor.execute(LOAD_SQL, terms)
        rows = cursor.fetchall()
    most = max((seconds for _quarter, _watts, seconds in rows), default=0)
    # A quarter in which meters have not been read yet would look like a fall of the load: it is a gap instead.
    found = {quarter: int(watts) for quarter, watts, seconds in rows if seconds * 10 >= most * 8}
    quarters = [since + STEP * n for n in range(HOURS_SHOWN * 4)]
    return [(quarter, found.get(quarter)) for quarter in quarters]


@dataclass(frozen=True, slots=True)
class Branch:
    """One feeder with the load that its meters showed last."""

    node: Node
    load_w: int

    @property
    def share_per_mille(self) -> int:
        """Load over capacity."""
        return self.load_w * 1000 // self.node.capacity_w if self.node.capacity_w else 0


def feeders(site: Site, rows: Sequence[Standing], *, now: datetime) -> list[Branch]:
    """Return the feeders with the sum of the last known load below each; meters long silent count as nothing."""
    nodes = {node.pk: node for node in Node.objects.filter(site=site)}
    loads = dict.fromkeys(nodes, 0)
    for row in rows:
        if row.meter is None or not is_online(row.meter, now=now):
            continue
        above: int | None = row.supply_point.node_id
        for _level in range(len(nodes)):  # as deep as the tree can be
            if above is None:
                break
            loads[above] += int(row.meter.live.get("power_w") or 0)
            above = nodes[above].parent_id
    return [Branch(node, loads[node.pk]) for node in nodes.values() if node.kind == Node.Kind.FEEDER]


def load_now(site: Site, *, now: datetime) -> tuple[int, int]:
    """Return the sum of what meters showed last and the capacity of the site's roots, in W."""
    meters = Meter.objects.filter(site=site, seen_at__gt=now - OFFLINE_AFTER).values_list("live__power_w", flat=True)
    capacity = Node.objects.filter(site=site, parent=None).aggregate(n=Sum("capacity_w"))["n"]
    return sum(int(power or 0) for power in meters), int(capacity or 0)


def is_online(meter: Meter, *, now: datetime) -> bool:
    """Tell whether a meter answered lately."""
    return meter.seen_at is not None and meter.seen_at > now - OFFLINE_AFTER


def offline(site: Site, *, now: datetime) -> tuple[int, int, Meter | None]:
    """Return how many meters are silent, of how many, and the one that has been silent longest."""
    rows = Meter.objects.filter(site=site)
    silent = rows.exclude(seen_at__gt=now - OFFLINE_AFTER)
    return silent.count(), rows.count(), silent.order_by("seen_at").first()


def low(rows: Sequence[Standing]) -> list[Standing]:
    """Return those whose credit is below their first warning level, used up or not."""
    return [row for row in rows if row.level]


def run_out(rows: Sequence[Standing], *, now: datetime, zone: ZoneInfo) -> int:
    """Return how many of those with credit will likely have used it up by the next 08:00."""
    until = now.astimezone(zone).replace(hour=8, minute=0, second=0, microsecond=0)
    if until <= now:
        until += timedelta(days=1)
    holding = [row for row in rows if row.available_minor > 0]
    habits = standing.habits([row.supply_point.pk for row in holding], now=now, zone=zone)
    ends = [standing.lasts(row, habits.get(row.supply_point.pk, []), now=now) for row in holding]
    return sum(1 for end in ends if end and end.likely_at and end.likely_at <= until)
