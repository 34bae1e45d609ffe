"""Gather what the supply rules need to know of one supply point: money, readings, notices, switch."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from powertill import drivers
from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.flows import HELD
from powertill.apps.metering.models import Meter, Reading
from powertill.apps.metering.queries import account_at, meter_at
from powertill.apps.notices import queries as notices
from powertill.apps.sites.models import Account, Site, SupplyPoint
from powertill.apps.supply.models import RelayOrder, SiteMode, Supply
from powertill.apps.tariffs.queries import holidays
from powertill.core.ports import Capability, Contact
from powertill.core.supply import purse
from powertill.core.supply.credit import Notice, SupplyFacts
from powertill.core.supply.limits import LimitFacts, Sample

LEVELS = frozenset({"low_1", "low_2", "empty"})
SAMPLES_WITHIN = timedelta(hours=1)
SAMPLES_MAX = 120
TRIPS_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one supply point that a review needs, loaded once."""

    supply: Supply
    supply_point: SupplyPoint
    site: Site
    account: Account
    meter: Meter
    facts: SupplyFacts
    power: LimitFacts
    purse_minor: int  # money where the customer uses it: in the meter, or on the account
    prefix: str  # of the keys of messages that belong to the present credit
    is_new: bool  # no credit ever came in


def load(supply: Supply, *, now: datetime) -> Case | None:
    """Return the case of a supply, or None while nobody has the supply point or no meter hangs there."""
    supply_point = supply.supply_point
    account = account_at(supply_point=supply_point, at=now)
    meter = meter_at(supply_point=supply_point, at=now)
    if account is None or meter is None:
        return None
    epoch = ledger.credit_epoch(account_id=account.pk)
    prefix = f"supply:{account.pk}:{epoch}:"
    proven = notices.delivered_since(account_id=account.pk, key_prefix=prefix)
    facts = SupplyFacts(
        place="meter" if supply_point.place == SupplyPoint.Place.METER else "account",
        available_minor=available_minor(supply_point=supply_point, account=account, meter=meter),
        reading_at=meter.accepted_at,
        protected_supply=supply_point.protected,
        warned=tuple(Notice(topic, at) for topic, at in sorted(proven.items()) if topic in LEVELS),
        last_call_at=proven.get("last_call"),
        relay=Contact(supply.seen_relay) if supply.seen_relay else None,
        mode="no_cut" if mode_of(supply_point.site) == SiteMode.Mode.NO_CUT else "normal",
        driver_reads_back=can(meter, Capability.READS_BACK_RELAY),
    )
    purse_minor = facts.available_minor
    if facts.place == "meter":
        purse_minor = in_meter_minor(account=account, meter=meter)
    power = _power(supply, supply_point, meter, now=now)
    return Case(
        supply, supply_point, supply_point.site, account, meter, facts, power, purse_minor, prefix, is_new=epoch == 0
    )


def available_minor(*, supply_point: SupplyPoint, account: Account, meter: Meter) -> int:
    """Return the money that is left for energy, money paid but still on its way to the meter included."""
    account_minor = ledger.balance_minor(account_id=account.pk, place="account")
    if supply_point.place != SupplyPoint.Place.METER:
        return purse.available_minor(account_minor=account_minor)
    booked_minor = ledger.balance_minor(account_id=account.pk, place="meter")
    return purse.available_minor(account_minor=account_minor, booked_minor=booked_minor, shown_minor=shown_minor(meter))


def in_meter_minor(*, account: Account, meter: Meter) -> int:
    """Return what is left in the meter's purse: what it showed last, never more than what we have proof of."""
    booked_minor = ledger.balance_minor(account_id=account.pk, place="meter")
    return purse.in_meter_minor(booked_minor=booked_minor, shown_minor=shown_minor(meter))


def shown_minor(meter: Meter | None) -> int | None:
    """Return what a meter's purse showed last, or None where it cannot be compared with our books."""
    credit = meter.live.get("credit") if meter is not None else None
    if meter is None or credit is None or credit["purchase_count"] != meter.proven_count:
        return None
    return int(credit["remaining_minor"]) - int(credit["overdraft_minor"])


def _power(supply: Supply, supply_point: SupplyPoint, meter: Meter, *, now: datetime) -> LimitFacts:
    # A reading that a person must look at proves nothing; nobody is cut on it.
    rows = Reading.objects.filter(meter=meter, taken_at__gt=now - SAMPLES_WITHIN, power_w__isnull=False)
    rows = rows.exclude(verdict__in=HELD)
    newest = rows.order_by("-taken_at").values_list("taken_at", "power_w")[:SAMPLES_MAX]
    trips = RelayOrder.objects.filter(
        supply=supply, command="trip", code__startswith="limit.", sent_at__gt=now - TRIPS_WITHIN
    )
    return LimitFacts(
        limit_w=supply_point.power_limit_w or None,
        samples=tuple(Sample(at, power_w or 0) for at, power_w in reversed(newest)),
        trips=tuple(trips.order_by("sent_at").values_list("sent_at", flat=True)),
        relay=Contact(supply.seen_relay) if supply.seen_relay else None,
    )


def can(meter: Meter, capability: Capability) -> bool:
    """Tell whether the meter's driver promises this; only one that reads the switch back may cut by itself."""
    return capability in drivers.meter_driver(meter.driver).info.capabilities


def reads_back(meter: Meter) -> bool:
    """Tell whether the meter's driver proves the state of the switch."""
    return can(meter, Capability.READS_BACK_RELAY)


def mode_of(site: Site) -> str:
    """Return the mode of a site: normal or no_cut."""
    return SiteMode.objects.filter(site=site).values_list("mode", flat=True).first() or SiteMode.Mode.NORMAL


def calendar(site: Site, *, now: datetime) -> frozenset[date] | None:
    """Return the holidays, or None where the calendar is not known for today: then nobody is cut."""
    today = now.astimezone(ZoneInfo(site.zone)).date()
    if site.holidays_known_to is None or site.holidays_known_to < today:
        return None
    return holidays(site)
