"""Quotes: what a payment would buy, pinned for a few minutes so that the sale posts just that."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core import signing

from powertill.apps.ledger import queries as ledger
from powertill.apps.metering import rating
from powertill.apps.metering import state as states
from powertill.apps.metering.models import Charge
from powertill.apps.sites.models import Account, Occupancy, SupplyPoint
from powertill.apps.tariffs import queries as tariffs
from powertill.apps.tariffs.models import Version
from powertill.core import money, sale
from powertill.core.errors import Refusal

LIFE = timedelta(minutes=10)
SALT = "powertill.quote"
MIX_DAYS = 14
CHARGES_READ_MAX = 2000
TEXT_LENGTH_MAX = 4000


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote, and the text that a form carries to have it honoured."""

    quote: sale.Quote
    text: str
    supply_point: SupplyPoint
    version: Version
    expires_at: datetime


def make(*, account: Account, amount_minor: int, now: datetime) -> Quoted:
    """Quote a payment for an account at present terms."""
    supply_point = supply_point_of(account, at=now)
    version = tariffs.version_at(supply_point=supply_point, at=now)
    pinned = {
        "account": account.pk,
        "supply_point": supply_point.pk,
        "version": version.pk,
        "amount_minor": amount_minor,
        "at": now.isoformat(),
        "state": states.dump(rating.snapshot(supply_point, account=account)),
        "mix": _known_bands(usual_mix(supply_point, account=account, now=now), version),
        "fees": [asdict(fee) for fee in fees_due(account, at=now)],
        **owed(account),
    }
    return _quoted(pinned, supply_point=supply_point, version=version)


def honour(text: str, *, account: Account, amount_minor: int, now: datetime) -> Quoted:
    """Return the pinned quote again, or refuse: expired, changed, or made for something else."""
    try:
        pinned: dict[str, Any] = signing.loads(text[:TEXT_LENGTH_MAX], salt=SALT)
    except signing.BadSignature as fault:
        raise Refusal("sale.quote_unknown") from fault
    if pinned["account"] != account.pk or pinned["amount_minor"] != amount_minor:
        raise Refusal("sale.quote_other")
    made_at = datetime.fromisoformat(pinned["at"])
    if not made_at <= now < made_at + LIFE:
        raise Refusal("sale.quote_expired")
    if any(pinned[name] != value for name, value in owed(account).items()):
        raise Refusal("sale.quote_changed")
    supply_point = supply_point_of(account, at=now)
    fees = [asdict(fee) for fee in fees_due(account, at=made_at)]
    if pinned["supply_point"] != supply_point.pk or pinned["fees"] != fees:
        raise Refusal("sale.quote_changed")
    return _quoted(pinned, supply_point=supply_point, version=Version.objects.get(pk=pinned["version"]))


def _quoted(pinned: dict[str, Any], *, supply_point: SupplyPoint, version: Version) -> Quoted:
    at = datetime.fromisoformat(pinned["at"])
    debt: tuple[sale.Arrear, ...] = ()
    if pinned["debt_minor"]:
        debt = (sale.Arrear("debt", "Arrears", pinned["debt_minor"], pinned["debt_share_per_mille"]),)
    quote = sale.quote(
        amount_minor=pinned["amount_minor"],
        plan=tariffs.plan(version),
        state=states.load(pinned["state"]),
        at=at,
        holidays=tariffs.holidays(supply_point.site),
        mix=pinned["mix"],
        arrears=debt,
        preset_owed_minor=pinned["preset_minor"],
        fees=tuple(sale.Fee(**fee) for fee in pinned["fees"]),
        policy=sale.SalePolicy(),
    )
    return Quoted(quote, signing.dumps(pinned, salt=SALT, compress=True), supply_point, version, at + LIFE)


def owed(account: Account) -> dict[str, int]:
    """Return what the account owes from before: preset advance and debt, in minor units."""
    return {
        "preset_minor": ledger.account_total(f"preset:{account.pk}"),
        "debt_minor": ledger.account_total(f"debt:{account.pk}"),
        "debt_share_per_mille": account.debt_share_per_mille,
    }


def fees_due(account: Account, *, at: datetime) -> tuple[sale.Fee, ...]:
    """Return the fees that the next payment of an account takes: none. Kinds of fees are added here; see Fee."""
    return ()


def supply_point_of(account: Account, *, at: datetime) -> SupplyPoint:
    """Return the supply point that the account has at that moment, or refuse."""
    rows = Occupancy.objects.filter(account=account, from_at__lte=at).exclude(to_at__lte=at)
    row = rows.select_related("supply_point__site").order_by("from_at").first()
    if row is None:
        raise Refusal("sale.no_supply_point")
    return row.supply_point


def _known_bands(mix: dict[str, int], version: Version) -> dict[str, int]:
    """Leave out bands that the present terms do not have: after a change of tariff the hours of the day count."""
    names = tariffs.plan(version).band_names
    return mix if all(band in names for band in mix) else {}


def usual_mix(supply_point: SupplyPoint, *, now: datetime, account: Account | None = None) -> dict[str, int]:
    """Return the energy per price band over the last days, per mille; empty before there is any.

    With an account only its own use counts, not that of whoever had the place before.
    """
    rows = Charge.objects.filter(supply_point=supply_point, to_at__gt=now - timedelta(days=MIX_DAYS))
    rows = rows.filter(account=account) if account else rows
    mix: dict[str, int] = {}
    for lines in rows.order_by("-to_at").values_list("lines", flat=True)[:CHARGES_READ_MAX]:
        for line in lines:
            if line["band"] and line["wh"]:
                mix[line["band"]] = mix.get(line["band"], 0) + line["wh"]
    return dict(zip(mix, money.share(1000, list(mix.values())), strict=True)) if mix else {}


def parts_json(quote: sale.Quote) -> list[dict[str, Any]]:
    """Return the parts of a quote as JSON; prices as text."""
    rows = []
    for part in quote.parts:
        row = asdict(part)
        rows.append({name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()})
    return rows
