"""Small frozen values that views hand to the shared components (list chips, time line, receipt)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter, shown as `label: value`; removing the chip takes the URL parameter `param` away."""

    param: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a customer's time line.

    `kind` is money, credit, reading, relay, message or note and chooses the icon; `amount` is ready text ("¥ 50.00");
    `tone` is ok, warn, bad, info or empty; `who` is the person or process that did it.
    """

    at: datetime
    kind: str
    title: str
    detail: str = ""
    amount: str = ""
    url: str = ""
    tone: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One printed line: `label` left, `value` right (ready text); `strong` for totals; `muted` for "of which" lines."""

    label: str
    value: str
    strong: bool = False
    muted: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptCode:
    """A code that the customer types: `label` such as "Key change 1 of 2 - enter first", `digits` unspaced."""

    label: str
    digits: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything on a receipt, top to bottom, as ready text (money and energy already formatted by the view).

    `facts` are date with zone, cashier or channel, customer, room, meter, tariff; `lines` are what the money became
    (they add up to `total`); `after` is tax base, debt left, units bought, meter balance, why fewer units than last
    time. `copy_no` 0 is the original. `qr_svg` is the inline verification code (safe SVG made by segno) or empty.
    """

    seller: str
    title: str
    number: str
    facts: tuple[ReceiptLine, ...]
    lines: tuple[ReceiptLine, ...]
    total: ReceiptLine
    seller_tax_no: str = ""
    subtitle: str = ""
    codes: tuple[ReceiptCode, ...] = ()
    after: tuple[ReceiptLine, ...] = ()
    qr_svg: str = ""
    help_line: str = ""
    copy_no: int = 0
    simulated: bool = False
