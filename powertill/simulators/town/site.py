"""Lotus Court, the demo site, as data: its tree, 64 metered units and the people in them. All of it is simulated."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from powertill.core import check_digit

from . import names
from .hashing import draw

SEED: Final = 20260315
SITE_CODE: Final = "lotus"
SITE_NAMES: Final = {"en": "Lotus Court", "zh-hans": "莲花公寓"}
ZONE: Final = "Asia/Shanghai"
CURRENCY: Final = "CNY"
HELP_LINE: Final = "400-000-0164"
STARTS_AT: Final = datetime.fromisoformat("2026-11-23T06:00:00+08:00")  # a Monday
PRICES_FROM: Final = datetime.fromisoformat("2026-01-01T00:00:00+08:00")
GATEWAYS: Final = ("G1", "G2", "G3", "G4")
METERS_PER_GATEWAY: Final = 16
FLOORS, ROOMS, SHOPS = 6, 4, 16

STORY_LABEL: Final = "2-0604"
SOLAR_LABEL: Final = "1-0603"
PROTECTED_LABEL: Final = "1-0202"
ARREARS_LABEL: Final = "2-0303"
FLAT_W, STORY_W = 6_000, 12_000
DIVERSITY_PER_MILLE: Final = 300  # so many homes and shops never draw their limits together
SHOP_W: Final = {"shop": 9_000, "store": 15_000, "salon": 12_000, "office": 9_000, "kitchen": 24_000}
DEBT_MINOR: Final = 12_000
LOW_MINOR: Final = 850


@dataclass(frozen=True, slots=True)
class Person:
    """A tenant or a shop. `username` is empty for people without a sign-in to the portal."""

    number: str
    name: str
    phone: str
    language: str
    username: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the supply tree."""

    code: str
    name: str
    kind: str  # as sites.models.Node.Kind
    parent: str
    capacity_w: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A flat or shop with its meter and the person in it.

    `purchase_minor` is what was paid on the day the site went prepaid; 0: the unit is vacant.
    """

    label: str
    load: str  # a kind of loads.SHAPES
    place: str  # "meter" or "account": where its purse is
    phases: int
    power_limit_w: int
    panel: str
    gateway: str
    number: str
    first_import_wh: int
    person: Person
    purchase_minor: int
    debt_minor: int = 0
    protected_reason: str = ""

    @property
    def is_shop(self) -> bool:
        return self.label.startswith("S")


def _places() -> tuple[Place, ...]:
    panels = [
        Place(f"B{block}-{floor}", f"Block {block}, floor {floor}", "panel", f"F{block}", 24_000)
        for block in (1, 2)
        for floor in range(1, FLOORS + 1)
    ]
    return (
        Place("TX1", "Transformer, 160 kVA", "transformer", "", 160_000),
        Place("F1", "Block 1", "feeder", "TX1", 63_000),
        Place("F2", "Block 2", "feeder", "TX1", 63_000),
        Place("F3", "Shops", "feeder", "TX1", 80_000),
        *panels,
        Place("SA", "Shops 1 to 8", "panel", "F3", 48_000),
        Place("SB", "Shops 9 to 16", "panel", "F3", 48_000),
    )


def _flats() -> list[tuple[str, str]]:
    """Return (label, panel) of the flats, block by block and floor by floor."""
    return [
        (f"{block}-{floor:02}{room:02}", f"B{block}-{floor}")
        for block in (1, 2)
        for floor in range(1, FLOORS + 1)
        for room in range(1, ROOMS + 1)
    ]


def _flat(index: int, label: str, panel: str) -> Unit:
    is_story = label == STORY_LABEL
    special = {SOLAR_LABEL: "account", ARREARS_LABEL: "account", PROTECTED_LABEL: "meter", STORY_LABEL: "meter"}
    name = names.STORY if is_story else names.TENANTS[index]
    return Unit(
        label=label,
        load={STORY_LABEL: "studio", SOLAR_LABEL: "solar"}.get(label, "flat"),
        place=special.get(label, "meter" if index % 2 == 0 else "account"),
        phases=1,
        power_limit_w=STORY_W if is_story else FLAT_W,
        panel=panel,
        gateway=GATEWAYS[index // METERS_PER_GATEWAY],
        number=check_digit.append(f"2611{label.replace('-', ''):0>7}"),
        first_import_wh=0 if is_story else _first_import_wh(label),
        person=_person(index + 1, name, names.SIGN_INS.get(label, "")),
        purchase_minor=0 if is_story else _paid_minor(label),
        debt_minor=DEBT_MINOR if label == ARREARS_LABEL else 0,
        protected_reason="Medical equipment at home" if label == PROTECTED_LABEL else "",
    )


def _shop(index: int) -> Unit:
    name, load = names.SHOPS[index]
    label = f"S-{index + 1:02}"
    return Unit(
        label=label,
        load=load,
        place="account",
        phases=3,
        power_limit_w=SHOP_W[load],
        panel="SA" if index < SHOPS // 2 else "SB",
        gateway=GATEWAYS[3],
        number=check_digit.append(f"2611{90_000 + index + 1:07}"),
        first_import_wh=_first_import_wh(label),
        person=_person(100 + index + 1, name, ""),
        purchase_minor=2 * _paid_minor(label),
    )


def _person(index: int, name: str, username: str) -> Person:
    # No mobile number of the country begins with 100; the factor spreads the last four digits, by which staff search.
    phone = f"1000000{index * 7919 % 10_000:04}"
    return Person(check_digit.append(f"88260000{index:03}"), name, phone, names.language(name), username)


def _first_import_wh(label: str) -> int:
    return 10 * (20_000 + draw(SEED, "register", label) % 900_000)


def _paid_minor(label: str) -> int:
    """Return a purchase of 20 to 300 yuan in whole yuan; the protected customer's credit is nearly gone."""
    if label == PROTECTED_LABEL:
        return LOW_MINOR
    return 100 * (20 + draw(SEED, "paid", label) % 281)


PLACES: Final = _places()
UNITS: Final[tuple[Unit, ...]] = (
    *(_flat(index, label, panel) for index, (label, panel) in enumerate(_flats())),
    *(_shop(index) for index in range(SHOPS)),
)


@lru_cache(maxsize=1)
def by_label() -> dict[str, Unit]:
    """Return the units by their labels."""
    return {unit.label: unit for unit in UNITS}


def unit(label: str) -> Unit:
    """Return one unit. Raise KeyError for a label that the site does not have."""
    return by_label()[label]


STORY: Final = unit(STORY_LABEL)
