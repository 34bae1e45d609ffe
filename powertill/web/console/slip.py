"""What stands on a receipt, top to bottom: facts, the parts that add up to the payment, tax, debt left, units."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from powertill.apps.ledger.models import Entry, Posting
from powertill.apps.metering.queries import meter_at
from powertill.apps.sales.models import Sale
from powertill.apps.tariffs import queries as tariffs
from powertill.apps.tariffs.models import Version
from powertill.core import ledger as books
from powertill.web.console import words
from powertill.web.shapes import Receipt, ReceiptLine
from powertill.web.templatetags.units import amount, kwh
from powertill.web.templatetags.units import money as money_text


def lines(parts: list[dict[str, Any]], site: Any) -> tuple[ReceiptLine, ...]:
    """Return one line per part of a payment, in order; their amounts add up to it."""
    return tuple(ReceiptLine(words.part_label(part, site), amount(part["minor"], site)) for part in parts)


def build(sale: Sale, *, qr_svg: str = "", copy_no: int = 0) -> Receipt:
    """Return a sale's receipt; what it says of balances is how they stood when the sale was booked."""
    site = sale.account.site
    left = _books_after(sale)
    return Receipt(
        seller=site.name,
        subtitle=_("Prepaid electricity"),
        seller_tax_no=site.tax_number,
        title=_("Receipt") if site.simulated else _("Tax receipt"),
        number=sale.number,
        facts=_facts(sale),
        lines=lines(sale.parts, site),
        total=ReceiptLine(_("Paid"), money_text(sale.amount_minor, site), strong=True),
        after=(*_tender(sale, site), *_units(sale, site, left), *_tax(sale, site), *_why_fewer(sale)),
        qr_svg=qr_svg,
        help_line=_("Questions? Call %(line)s") % {"line": site.help_line} if site.help_line else "",
        copy_no=copy_no,
        simulated=site.simulated,
    )


def _facts(sale: Sale) -> tuple[ReceiptLine, ...]:
    zone = ZoneInfo(sale.account.site.zone)
    meter = meter_at(supply_point=sale.supply_point, at=sale.sold_at)
    cashier = sale.cashier.get_full_name() or sale.cashier.get_username() if sale.cashier else _("online")
    return (
        ReceiptLine(_("Date"), f"{timezone.localtime(sale.sold_at, zone):%Y-%m-%d %H:%M:%S %z}"),
        ReceiptLine(_("Cashier"), cashier),
        ReceiptLine(_("Customer"), sale.account.customer.name),
        ReceiptLine(_("Account"), sale.account.number),
        ReceiptLine(_("Room"), sale.supply_point.label),
        ReceiptLine(_("Meter"), meter.number if meter else "–"),
        ReceiptLine(_("Tariff"), str(sale.version)),
    )


def _tender(sale: Sale, site: Any) -> tuple[ReceiptLine, ...]:
    rows = [ReceiptLine(_("Paid by"), words.tender(sale))]
    if sale.given_minor != sale.amount_minor:
        rows.append(ReceiptLine(_("Given"), money_text(sale.given_minor, site)))
        rows.append(ReceiptLine(_("Change"), money_text(sale.given_minor - sale.amount_minor, site)))
    return tuple(rows)


def _units(sale: Sale, site: Any, left: dict[str, int]) -> tuple[ReceiptLine, ...]:
    rows = [ReceiptLine(_("Energy, about"), kwh(sale.wh_estimate), strong=True)]
    kinds = {part["kind"] for part in sale.parts}
    if "preset" in kinds or left["preset"]:
        rows.append(ReceiptLine(_("Preset credit left to pay"), money_text(left["preset"], site)))
    if "debt" in kinds or left["debt"]:
        rows.append(ReceiptLine(_("Arrears left"), money_text(left["debt"], site)))
    rows.append(ReceiptLine(_("Balance after this"), money_text(left["balance"], site), strong=True))
    return tuple(rows)


def _tax(sale: Sale, site: Any) -> tuple[ReceiptLine, ...]:
    if not sale.tax_minor:
        return ()
    base = sale.credit_minor - sale.tax_minor
    return (
        ReceiptLine(_("Tax base"), money_text(base, site)),
        ReceiptLine(tax_words(sale.version), money_text(sale.tax_minor, site)),
    )


def tax_words(version: Version) -> str:
    """Return `of which VAT 13 %`, or nothing where the plan has no tax."""
    tax = tariffs.plan(version).tax
    if not tax:
        return ""
    rate = f"{tax.per_mille // 10}.{tax.per_mille % 10}".removesuffix(".0")
    return _("of which %(name)s %(rate)s %%") % {"name": _(tax.name), "rate": rate}


def _books_after(sale: Sale) -> dict[str, int]:
    """Return preset and debt owed and the balance as the books stood right after the sale."""
    last = Entry.objects.filter(key__startswith=f"sale:{sale.pk}:", reverses=None).aggregate(n=Max("id"))["n"] or 0
    account = sale.account_id
    names = [f"preset:{account}", f"debt:{account}", f"customer:{account}", f"onmeter:{account}"]
    rows = Posting.objects.filter(account__in=names, unit=books.MONEY, entry_id__lte=last)
    sums = {row["account"]: int(row["n"]) for row in rows.values("account").annotate(n=Sum("amount"))}
    preset, debt, customer, on_meter = (sums.get(name, 0) for name in names)
    return {"preset": preset, "debt": debt, "balance": -(customer + on_meter)}


def _why_fewer(sale: Sale) -> tuple[ReceiptLine, ...]:
    """Say in one line why the same money bought less than last time; the commonest question at the counter."""
    before = Sale.objects.filter(account=sale.account_id, pk__lt=sale.pk, reversal=None).order_by("-id").first()
    if before is None or not before.wh_estimate or not sale.wh_estimate:
        return ()
    expected = before.wh_estimate * sale.amount_minor // before.amount_minor
    if sale.wh_estimate * 100 >= expected * 99:  # a difference below one per cent is not asked about
        return ()
    return (ReceiptLine(_("Why fewer units than last time"), _cause(sale, before)),)


def _cause(sale: Sale, before: Sale) -> str:
    site = sale.account.site
    taken = sale.amount_minor - sale.credit_minor
    if taken * before.amount_minor > (before.amount_minor - before.credit_minor) * sale.amount_minor:
        return _("%(amount)s went to what was owed") % {"amount": money_text(taken, site)}
    blocks = [part["block"] for part in sale.parts if part["block"]]
    if blocks and blocks[-1] not in [part["block"] for part in before.parts]:
        return _("this month's use has reached %(block)s") % {"block": _(blocks[-1])}
    if sale.version_id != before.version_id:
        return _("the price has changed")
    return _("more use at dearer hours")
