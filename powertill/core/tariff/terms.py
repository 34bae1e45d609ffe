"""A tariff's dated terms, read once into a plan; bad terms are refused with the place and the reason."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import ModuleType
from typing import Any, cast
from zoneinfo import ZoneInfo

from powertill.core.errors import Refusal
from powertill.core.tariff import kinds
from powertill.core.tariff.fields import Fields, unique
from powertill.core.tariff.grid import Grid
from powertill.core.tariff.kinds.tax import Tax


def _found() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    modules = [importlib.import_module(f"{kinds.__name__}.{name}") for name in names]
    return {module.KIND: module for module in modules}


KINDS: dict[str, ModuleType] = _found()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a plan: its kind and what the kind made of its terms."""

    kind: str
    role: str
    body: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled tariff: one energy part, any number of fixed parts, at most one tax."""

    code: str
    name: str
    currency: str
    exponent: int
    zone: ZoneInfo
    reference: str
    parts: tuple[Part, ...]
    energy: Grid
    fixed: tuple[Part, ...]
    tax: Tax | None
    tax_kind: str = ""
    export_minor_per_kwh: Decimal | None = None  # for energy fed back; None: it is not paid

    @property
    def band_names(self) -> tuple[str, ...]:
        """Return the names of the bands; one empty name when the price does not depend on the hour."""
        return self.energy.bands

    @property
    def block_names(self) -> tuple[str, ...]:
        """Return the names of the blocks; one empty name when there is no ladder."""
        return tuple(block.name for block in self.energy.blocks)


def parse(terms: Mapping[str, Any]) -> Plan:
    """Compile terms (from JSON or YAML) to a plan, or refuse them with a `tariff.*` code."""
    where = str(terms.get("code", "tariff")) if isinstance(terms, Mapping) else "tariff"
    fields = Fields(terms, where)
    reference = fields.text("reference", "")
    given = enumerate(fields.items("parts"), 1)
    parts = tuple(_part(part, f"{where}, part {place}", reference) for place, part in given)
    unique([part.body.name for part in parts], where)
    taxes = [part for part in parts if part.role == "tax"]
    if len(taxes) > 1:
        raise Refusal("tariff.taxes", where=where, count=len(taxes))
    plan = Plan(
        code=fields.text("code"),
        name=fields.text("name"),
        currency=fields.text("currency"),
        exponent=_exponent(fields),
        zone=_zone(fields),
        reference=reference,
        parts=parts,
        energy=_energy(parts, where),
        fixed=tuple(part for part in parts if part.role == "fixed"),
        tax=taxes[0].body if taxes else None,
        tax_kind=taxes[0].kind if taxes else "",
        export_minor_per_kwh=_export(fields),
    )
    fields.done()
    return plan


def _part(terms: object, where: str, reference: str) -> Part:
    fields = Fields(terms, where)
    kind = fields.text("kind")
    if kind not in KINDS:
        raise Refusal("tariff.kind", where=where, value=kind, choices=", ".join(KINDS))
    rest = {field: value for field, value in fields.terms.items() if field != "kind"}
    body = KINDS[kind].parse(rest, f"{where} ({kind})")
    return Part(kind, KINDS[kind].ROLE, body if body.reference else replace(body, reference=reference))


def _energy(parts: tuple[Part, ...], where: str) -> Grid:
    found = [part.body for part in parts if part.role == "energy"]
    if len(found) != 1:
        raise Refusal("tariff.parts", where=where, count=len(found))
    return cast(Grid, found[0])


def _export(fields: Fields) -> Decimal | None:
    """Read export: {minor_per_kwh}, the price of energy that the customer feeds back; absent or null: none."""
    terms = fields.get("export", None)
    if terms is None:
        return None
    part = Fields(terms, f"{fields.where}, export")
    price = part.number("minor_per_kwh")
    part.done()
    return price


def _exponent(fields: Fields) -> int:
    exponent = fields.get("exponent", 2)
    if type(exponent) is not int or not 0 <= exponent <= 4:
        raise Refusal("tariff.choice", where=fields.where, field="exponent", value=exponent, choices="0 to 4")
    return exponent


def _zone(fields: Fields) -> ZoneInfo:
    name = fields.text("zone")
    try:
        return ZoneInfo(name)
    # ZoneInfo raises KeyError for unknown names, ValueError for odd ones and OSError for names of folders.
    except (KeyError, ValueError, OSError):
        raise Refusal("tariff.zone", where=fields.where, value=name) from None
