"""What a customer used: charged intervals cut into local hours and days, with money that adds up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from powertill.apps.metering.queries import charges
from powertill.apps.sites.models import Account, SupplyPoint
from powertill.core.energy import split_wh
from powertill.core.money import share
from powertill.core.span import DAY, Span, day_start

HOUR = timedelta(hours=1)
CHARGES_READ_MAX = 20_000
PIECES_MAX = 24 * 400  # an interval of more than a year is a gap, not a use


@dataclass(slots=True)
class Amount:
    """Wh and minor units of one hour or day; `bands` are Wh by price band."""

    wh: int = 0
    minor: int = 0
    bands: dict[str, int] = field(default_factory=dict)

    def add(self, wh: int, minor: int, bands: dict[str, int]) -> None:
        """Add a piece of a charge."""
        self.wh, self.minor = self.wh + wh, self.minor + minor
        for band, band_wh in bands.items():
            self.bands[band] = self.bands.get(band, 0) + band_wh

    @property
    def main_band(self) -> str:
        """Return the band with the most Wh."""
        return max(self.bands, key=lambda band: self.bands[band], default="")


@dataclass(frozen=True, slots=True)
class Rate:
    """Wh and minor units of one price band over a time; fixed charges have no band and no Wh."""

    band: str
    wh: int
    minor: int


@dataclass(frozen=True, slots=True)
class Used:
    """One charged interval, as read."""

    span: Span
    wh: int
    minor: int
    lines: list[dict[str, Any]]


def read(room: SupplyPoint, account: Account, *, since: datetime) -> list[Used]:
    """Return this account's charged intervals since then, oldest first; not those of who lived there before."""
    rows = charges(supply_point=room, since=since).filter(account=account)
    found = rows.values_list("from_at", "to_at", "wh", "minor", "lines")[:CHARGES_READ_MAX]
    return [Used(Span(start, end), wh, minor, lines) for start, end, wh, minor, lines in found]


def by_hour(used: Sequence[Used], day: date, zone: ZoneInfo) -> dict[int, Amount]:
    """Return local hour -> amount of one day. An hour that a clock change repeats holds both."""
    whole = Span(day_start(day, zone), day_start(day + DAY, zone))
    hours: dict[int, Amount] = {}
    for span, wh, minor, bands in _pieces(used, HOUR, zone):
        if whole.contains(span.start):
            hours.setdefault(span.start.astimezone(zone).hour, Amount()).add(wh, minor, bands)
    return hours


def by_day(used: Sequence[Used], zone: ZoneInfo) -> dict[date, Amount]:
    """Return local day -> amount."""
    days: dict[date, Amount] = {}
    for span, wh, minor, bands in _pieces(used, DAY, zone):
        days.setdefault(span.start.astimezone(zone).date(), Amount()).add(wh, minor, bands)
    return days


def by_rate(used: Sequence[Used], *, since: datetime) -> list[Rate]:
    """Return the use since then by price band, dearest first; the money adds up to what was charged."""
    wh: dict[str, int] = {}
    cost: dict[str, Decimal] = {}
    total = 0
    for one in used:
        if one.span.end <= since:
            continue
        total += one.minor
        for line in one.lines:
            band = line["band"] or line["name"]
            wh[band] = wh.get(band, 0) + line["wh"]
            cost[band] = cost.get(band, Decimal(0)) + Decimal(line["cost"])
    priced = [band for band in cost if cost[band] > 0]
    if not priced:
        return []
    # Shares of the whole sum: each line alone would be rounded another way than the bill.
    minors = share(total, [cost[band] for band in priced])
    rates = [Rate(band, wh[band], minor) for band, minor in zip(priced, minors, strict=True)]
    return sorted(rates, key=lambda rate: -rate.minor)


def _pieces(used: Sequence[Used], step: timedelta, zone: ZoneInfo) -> Iterator[tuple[Span, int, int, dict[str, int]]]:
    """Cut each interval at local hours or midnights; Wh and money by time, nothing lost."""
    for one in used:
        cuts = _cuts(one.span, step, zone)
        bands = _bands(one.lines)
        if not cuts:
            yield one.span, one.wh, one.minor, bands
            continue
        spans = one.span.split_at(*cuts)
        seconds = [span.seconds for span in spans]
        whs, minors = split_wh(one.wh, seconds), share(one.minor, seconds)
        parts = {band: split_wh(band_wh, seconds) for band, band_wh in bands.items()}
        for index, span in enumerate(spans):
            yield span, whs[index], minors[index], {band: cut[index] for band, cut in parts.items() if cut[index]}


def _cuts(span: Span, step: timedelta, zone: ZoneInfo) -> list[datetime]:
    local = span.start.astimezone(zone)
    day = local.date()
    cuts: list[datetime] = []
    after = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)  # in UTC no hour is skipped or repeated
    while len(cuts) < PIECES_MAX:
        day += DAY
        after = day_start(day, zone) if step == DAY else after + HOUR
        if after >= span.end:
            break
        cuts.append(after)
    return cuts


def _bands(lines: Sequence[dict[str, Any]]) -> dict[str, int]:
    bands: dict[str, int] = {}
    for line in lines:
        if line["wh"]:
            bands[line["band"]] = bands.get(line["band"], 0) + line["wh"]
    return bands
