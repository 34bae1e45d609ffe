"""Anticipated refusals: a stable code, a sentence that a cashier understands, and what to do next."""

from collections.abc import Mapping
from typing import Any


class Sentence(str):
    """An English sentence that is ready to read and still knows its gettext message and parameters.

    As a `str` it is the finished English text. To translate: `gettext(s.msgid) % s.params`.
    """

    msgid: str
    params: dict[str, Any]

    def __new__(cls, msgid: str, **params: Any) -> "Sentence":
        """Interpolate `%(name)s` places of `msgid`; a missing parameter is a programming error (KeyError)."""
        text = super().__new__(cls, msgid % params if params else msgid)
        text.msgid = msgid
        text.params = params
        return text

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """Keep message and parameters through pickling and copying."""
        return (self.msgid,), self.params


# One row per refusal: code -> (sentence, what to do next). Both are gettext messages; docs/errors.md lists every code.
CODES: dict[str, tuple[str, str]] = {
    "money.empty": ("No amount was given.", "Type an amount, for example 50.00."),
    "money.format": (
        "This is not an amount of money: use the digits 0 to 9 and at most one dot.",
        "Type an amount such as 50 or 50.25, without signs, spaces or letters.",
    ),
    "money.places": (
        "The amount has too many digits after the dot; %(places)s are allowed.",
        "Type the amount with at most %(places)s digits after the dot.",
    ),
    "money.zero": ("The amount is zero.", "Type an amount above zero."),
    "money.large": (
        "The amount is larger than %(amount_max)s.",
        "Check the amount; split a larger payment into several.",
    ),
    "energy.fraction": (
        "%(kwh)s kWh is not a whole number of watt-hours.",
        "Give the energy with at most three digits after the dot.",
    ),
    "ledger.unbalanced": (
        "This booking does not balance: %(unit)s is off by %(amount)s.",
        "Nothing was booked. Report this to the people who maintain the system.",
    ),
    "ledger.few": (
        "This booking has fewer than two postings.",
        "Nothing was booked. Report this to the people who maintain the system.",
    ),
    "ledger.key": (
        "This booking has no key of the fact that it records.",
        "Nothing was booked. Report this to the people who maintain the system.",
    ),
    "ledger.zero": (
        "A posting of zero to %(account)s is not a booking.",
        "Nothing was booked. Report this to the people who maintain the system.",
    ),
    "ledger.amount": (
        "A booking needs an amount above zero; %(amount)s was given.",
        "Nothing was booked. Check the amount and its direction.",
    ),
    "sale.amount": (
        "The amount must be between %(minor_min)s and %(minor_max)s.",
        "Ask the customer for an amount inside these limits.",
    ),
    "sale.mix": (
        "The customer's usual use names a band that tariff %(tariff)s does not have: %(band)s.",
        "Correct the usual use of the account, or leave it empty.",
    ),
    "sale.owed": ("%(name)s has a negative amount or share.", "Correct the debt or fee before selling."),
    "delivery.step": (
        "A delivery that is %(state)s cannot %(event)s.",
        "Look at the delivery's history; only a delivery that has not left yet may be reversed.",
    ),
    "tariff.missing": ("%(where)s: %(field)s is missing.", "Add the field to the tariff's terms."),
    "tariff.unknown_field": (
        "%(where)s: the field %(field)s is not known here.",
        "Check the spelling; fields that are not understood are refused so that nothing is ignored.",
    ),
    "tariff.text": ("%(where)s: %(field)s must be a text.", "Correct the tariff's terms."),
    "tariff.number": (
        "%(where)s: %(field)s is not a number written as plain digits: %(value)s.",
        'Write numbers as text with a dot, for example "30.83".',
    ),
    "tariff.negative": ("%(where)s: %(field)s may not be negative.", "Correct the number."),
    "tariff.choice": (
        "%(where)s: %(field)s is %(value)s; it must be one of %(choices)s.",
        "Choose one of these.",
    ),
    "tariff.kind": ("%(where)s: there is no tariff kind %(value)s.", "The kinds are %(choices)s."),
    "tariff.zone": ("%(where)s: %(value)s is not a known time zone.", "Use a name such as Asia/Shanghai."),
    "tariff.parts": (
        "%(where)s: exactly one part must price the energy; there are %(count)s.",
        "Keep one energy part.",
    ),
    "tariff.taxes": ("%(where)s: at most one part may be a tax; there are %(count)s.", "Combine the taxes into one."),
    "tariff.name_twice": (
        "%(where)s: the name %(name)s is used twice.",
        "Give each part, block and band its own name.",
    ),
    "tariff.blocks": (
        "%(where)s: the blocks must rise and only the last one must be open (up_to_kwh: null); see block %(name)s.",
        "Order the blocks by up_to_kwh and leave the last one open.",
    ),
    "tariff.band_gap": (
        "%(where)s: no band prices %(time)s on %(day)s.",
        "Extend a band so that every minute has exactly one price.",
    ),
    "tariff.band_overlap": (
        "%(where)s: bands %(band)s and %(other)s both price %(time)s on %(day)s.",
        "Shorten one band so that every minute has exactly one price.",
    ),
    "tariff.days": ("%(where)s: %(value)s is not a kind of day.", "Use all, weekday, weekend, holiday or mon to sun."),
    "tariff.hours": ("%(where)s: %(value)s is not a period of the day.", "Write hours as 08:00-22:00."),
    "tariff.season": ("%(where)s: %(value)s is not a day of the year.", "Write days of the year as 07-01."),
    "tariff.use": ("The energy used may not be negative.", "Check the readings before charging."),
    "tariff.long": (
        "The period to charge is longer than %(days)s days.",
        "Charge it in shorter periods, or let a person look at the readings.",
    ),
    "tariff.not_in_meter": (
        "This tariff cannot be programmed into a meter: %(why)s.",
        "Charge such accounts on the account instead of in the meter, or use a simpler tariff.",
    ),
    "supply.policy": ("%(where)s: %(field)s is not valid: %(value)s.", "Correct the policy's terms."),
    "capacity.tree": ("The supply network is not a tree: see %(node)s.", "Give each node one parent, without loops."),
    "request.text": (
        "The request holds a character that cannot be stored.",
        "Go back and type the text by hand instead of pasting it.",
    ),
    "operation.id": ("This request has no proper operation number.", "Open the page again and repeat what you did."),
    "operation.conflict": (
        "This operation number was already used for something else.",
        "Open the page again; the first request stands as it was.",
    ),
    "operation.tombstone": (
        "This request came too late: it was asked for before and was not found.",
        "Start again; nothing was booked under this number.",
    ),
    "approval.reason": ("A reason is needed.", "Write in a few words why this should be done."),
    "approval.gone": ("This request no longer waits for approval.", "Look at the list of open requests again."),
    "approval.open": ("This was already asked for.", "Wait until a second person has looked at the first request."),
    "approval.same_person": ("You asked for this yourself.", "A second person must approve it."),
    "approval.expired": ("This request is too old to be approved.", "Ask for it again."),
    "role.forbidden": ("Your role does not allow this.", "Ask a colleague whose role allows it, or your manager."),
    "tariff.none_in_force": (
        "No published tariff is in force here at this time.",
        "Publish and assign a tariff first.",
    ),
    "tariff.published": ("This version is already published.", "Make a new version; published ones never change."),
    "tariff.past": (
        "Prices cannot change in the past.",
        "Choose a date that is still to come; what was charged stays charged.",
    ),
    "reading.none_held": ("No reading of this meter waits for a person.", "Look at the meter's readings again."),
    "reading.not_chargeable": (
        "The register stands lower than before, so there is nothing to charge from it.",
        "Start again from the register as it stands, without charging.",
    ),
    "incident.gone": ("This case is closed already.", "Look at the list of open cases again."),
    "delivery.decided": ("This delivery does not wait for a person.", "Look at the delivery's history."),
    "account.preset": ("The preset credit may be at most %(amount_max)s.", "Choose a smaller preset credit."),
    "account.occupied": ("%(room)s already has an account.", "Close the old account first, or choose another room."),
    "sale.no_account": ("There is no open account with this number.", "Search again by room, name or meter number."),
    "sale.no_supply_point": ("This account has no room at present.", "Check the account; it may have moved out."),
    "sale.no_meter": ("%(room)s has no meter at present.", "Install a meter before selling to this room."),
    "sale.tender": ("This way of paying is not known.", "Choose cash, QR code or card."),
    "sale.given": ("The customer gave less than the amount.", "Take the missing money, or sell for a smaller amount."),
    "sale.quote_unknown": ("This quote was not made here.", "Make a new quote and sell again."),
    "sale.quote_other": ("This quote is for another account or amount.", "Make a new quote and sell again."),
    "sale.quote_expired": ("This quote has expired; nothing was sold.", "Make a new quote and sell again."),
    "sale.quote_changed": (
        "Something changed since the quote was made; nothing was sold.",
        "Make a new quote and sell again.",
    ),
    "sale.unknown": ("There is no sale with this number.", "Check the number on the receipt."),
    "sale.reverse_reason": ("A reason is needed to reverse a sale.", "Write in a few words what went wrong."),
    "sale.reversed": ("This sale is already reversed.", "Nothing more is needed."),
    "sale.delivered": ("The credit has already left for the meter.", "Ask for a refund instead; it needs evidence."),
    "sale.too_late": ("The credit is already in use or the time to undo is over.", "Ask for a refund instead."),
    "supply.reason": ("A reason is needed.", "Write in a few words why the supply is switched."),
    "supply.none": ("%(room)s has no supply to switch yet.", "Open an account for this room first."),
    "supply.no_cut": (
        "Nobody is cut at this site at present.",
        "Leave the no-cut mode first, or declare danger to life or property.",
    ),
    "supply.hours": (
        "Nobody is cut at this hour or on this day.",
        "Wait for an hour that allows it, or declare danger to life or property.",
    ),
    "supply.unproven": (
        "This meter cannot prove the position of its switch.",
        "Go to the meter and switch there, or declare danger to life or property.",
    ),
    "supply.protected": ("This supply is protected and is not cut.", "Two persons must lift the protection first."),
    "supply.not_protected": ("This supply is not protected.", "Nothing needs to be lifted."),
    "supply.mode": ("Only a person may allow cuts again.", "Sign in and change the mode on the site's page."),
    "meter.unknown": ("There is no meter with this number.", "Check the number on the meter, digit by digit."),
    "meter.check_digit": ("This meter number has a wrong digit.", "Read the number on the meter again."),
    "check_digit.text": (
        "This number may hold the digits 0 to 9 only, between 1 and 40 of them.",
        "Read the number again from the meter or the slip.",
    ),
}


class Refusal(Exception):
    """An anticipated no: `code` is stable, `sentence` and `hint` are gettext messages for `params`."""

    def __init__(self, code: str, **params: Any) -> None:
        """Look the code up in `CODES`; an undeclared code is a programming error (KeyError)."""
        self.code = code
        self.sentence, self.hint = CODES[code]
        self.params: dict[str, Any] = params
        super().__init__(code, params)

    def text(self) -> str:
        """Return sentence and hint in English, for logs, command lines and tests."""
        return f"{_filled(self.sentence, self.params)} {_filled(self.hint, self.params)}"

    def __str__(self) -> str:
        """Show code and English text, as a traceback or a log line needs them."""
        return f"{self.code} — {self.text()}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling between processes."""
        return _again, (self.code, self.params)


def _again(code: str, params: dict[str, Any]) -> Refusal:
    return Refusal(code, **params)


def _filled(text: str, params: Mapping[str, Any]) -> str:
    return text % params if params else text
