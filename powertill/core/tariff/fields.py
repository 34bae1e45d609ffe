"""Reading the fields of tariff terms strictly: each error names the place and the field."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from powertill.core.errors import Refusal

# Prices up to 9 digits with 6 places keep every product in the engine far below the width of its arithmetic.
NUMBER = re.compile(r"(-?)[0-9]{1,9}(?:\.[0-9]{1,6})?")
ITEMS_MAX = 64


class Fields:
    """The fields of one part of the terms; `done` refuses what nobody asked for, so that nothing is ignored."""

    def __init__(self, terms: object, where: str) -> None:
        """Take a mapping found at the place `where`."""
        if not isinstance(terms, Mapping):
            raise Refusal("tariff.text", where=where, field="terms")
        self.where = where
        self.terms: Mapping[str, Any] = terms
        self.asked: set[str] = set()

    def get(self, field: str, default: object = ...) -> Any:
        """Return a field; without a default it is required (`tariff.missing`)."""
        self.asked.add(field)
        if field in self.terms:
            return self.terms[field]
        if default is ...:
            raise Refusal("tariff.missing", where=self.where, field=field)
        return default

    def text(self, field: str, default: object = ...) -> str:
        """Return a text of at most 200 characters."""
        value = self.get(field, default)
        if not isinstance(value, str) or (not value and default is ...) or len(value) > 200:
            raise Refusal("tariff.text", where=self.where, field=field)
        return value

    def choice(self, field: str, choices: Sequence[str], default: object = ...) -> str:
        """Return one of the choices."""
        value = self.get(field, default)
        if value not in choices:
            raise Refusal("tariff.choice", where=self.where, field=field, value=value, choices=", ".join(choices))
        return str(value)

    def number(self, field: str) -> Decimal:
        """Return a number of at least zero, written as text (or a whole number)."""
        return number(self.get(field), field, self.where)

    def items(self, field: str) -> list[Any]:
        """Return a list of 1 to 64 items."""
        value = self.get(field)
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= ITEMS_MAX:
            raise Refusal("tariff.missing", where=self.where, field=field)
        return list(value)

    def done(self) -> None:
        """Refuse fields that nobody asked for: a misspelt field must not be ignored."""
        for field in self.terms:
            if field not in self.asked:
                raise Refusal("tariff.unknown_field", where=self.where, field=field)


def number(value: object, field: str, where: str) -> Decimal:
    """Return a plain decimal number from text or a whole number; binary fractions are refused."""
    text = str(value) if isinstance(value, str) or type(value) is int else ""
    match = NUMBER.fullmatch(text)
    if match is None:
        raise Refusal("tariff.number", where=where, field=field, value=value)
    if match[1]:
        raise Refusal("tariff.negative", where=where, field=field)
    return Decimal(text)


def unique(names: Sequence[str], where: str) -> None:
    """Refuse a name that is used twice."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise Refusal("tariff.name_twice", where=where, name=name)
