"""The Luhn check digit of meter numbers and payment references: it catches every single wrong digit."""

import re

from powertill.core.errors import Refusal


def append(text: str) -> str:
    """Return the digits with their check digit added: "7992739871" -> "79927398713"."""
    if not re.fullmatch(r"[0-9]{1,40}", text):
        raise Refusal("check_digit.text")
    return text + str(-_luhn_sum(text + "0") % 10)


def valid(text: str) -> bool:
    """Tell whether the last digit is the right check digit for the digits before it."""
    return bool(re.fullmatch(r"[0-9]{2,41}", text)) and _luhn_sum(text) % 10 == 0


def _luhn_sum(digits: str) -> int:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled)
