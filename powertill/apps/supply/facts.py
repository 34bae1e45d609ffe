"""Gather what the supply rules need to know of one supply point: money, readings, notices, switch."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from powertill import drivers
from powertill.apps.ledger import queries as ledger
from powertill.apps.metering.models import Meter
from powertill.apps.metering.queries import account_at, meter_at
from powertill.apps.notices import queries as notices
from powertill.apps.sites.models import Account, Site, SupplyPoint
from powertill.apps.supply.models import SiteMode, Supply
from powertill.apps.tariffs.queries import holidays
from powertill.core.ports import Capability, Contact
from powertill.core.supply.credit import Notice, SupplyFacts

LEVELS = frozenset({"low_1", "low_2", "empty"})


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one supply point that a review needs, loaded once."""

    supply: Supply
    supply_point: SupplyPoint
    site: Site
    account: Account
    meter: Meter
    facts: SupplyFacts
    prefix: str  # of the keys of messages that belong to the present credit


def load(supply: Supply, *, now: datetime) -> Case | None:
    """Return the case of a supply, or None while nobody has the supply point or no meter hangs there."""
    supply_point = supply.supply_point
    account = account_at(supply_point=supply_point, at=now)
    meter = meter_at(supply_point=supply_point, at=now)
    if account is None or meter is None:
        return None
    prefix = f"supply:{account.pk}:{ledger.credit_epoch(account_id=account.pk)}:"
    proven = notices.delivered_since(account_id=account.pk, key_prefix=prefix)
    facts = SupplyFacts(
        place=supply_point.place,
        available_minor=available_minor(supply_point=supply_point, account=account, meter=meter),
        reading_at=meter.accepted_at,
        protected_supply=supply_point.protected,
        warned=tuple(Notice(topic, at) for topic, at in sorted(proven.items()) if topic in LEVELS),
        last_call_at=proven.get("last_call"),
        relay=Contact(supply.seen_relay) if supply.seen_relay else None,
        mode=mode_of(supply_point.site),
        driver_reads_back=reads_back(meter),
    )
    return Case(supply, supply_point, supply_point.site, account, meter, facts, prefix)


def available_minor(*, supply_point: SupplyPoint, account: Account, meter: Meter) -> int:
    """Return the money that is left for energy, money paid but still on its way to the meter included."""
    in_account = ledger.balance_minor(account_id=account.pk, place="account")
    if supply_point.place != "meter":
        return in_account
    credit = meter.live.get("credit")
    if credit is None or credit["purchase_count"] != meter.proven_count:
        return in_account + ledger.balance_minor(account_id=account.pk, place="meter")
    return in_account + int(credit["remaining_minor"]) - int(credit["overdraft_minor"])


def reads_back(meter: Meter) -> bool:
    """Tell whether the meter's driver proves the state of the switch; only then may it be cut by itself."""
    return Capability.READS_BACK_RELAY in drivers.meter_driver(meter.driver).info.capabilities


def mode_of(site: Site) -> str:
    """Return the mode of a site: normal or no_cut."""
    return SiteMode.objects.filter(site=site).values_list("mode", flat=True).first() or SiteMode.Mode.NORMAL


def calendar(site: Site, *, now: datetime) -> frozenset[date] | None:
    """Return the holidays, or None where the calendar is not known for today: then nobody is cut."""
    today = now.astimezone(ZoneInfo(site.zone)).date()
    if site.holidays_known_to is None or site.holidays_known_to < today:
        return None
    return holidays(site)
