"""Bad terms are refused with place and reason; good ones are compiled once."""

from copy import deepcopy
from typing import Any

import pytest

from powertill.core.errors import Refusal
from powertill.core.tariff.engine import meter_tables
from powertill.core.tariff.terms import KINDS, parse

from .examples import BANDS, BOTH, FLAT, LADDER, RENT, TIME_OF_USE, VAT_ADDED, VAT_INSIDE, plan, terms


def test_a_file_in_kinds_is_a_kind() -> None:
    assert set(KINDS) == {"flat", "ladder", "time_of_use", "ladder_time_of_use", "daily", "tax"}
    assert all(module.ROLE in ("energy", "fixed", "tax") and module.__doc__ for module in KINDS.values())


def test_a_plan_knows_its_bands_and_blocks() -> None:
    both = plan(BOTH, RENT, VAT_INSIDE)
    assert both.band_names == ("valley", "day", "peak")
    assert both.block_names == ("one", "two", "three")
    assert (plan(FLAT).band_names, plan(FLAT).block_names) == (("",), ("",))


def with_bands(*whens: list[dict[str, Any]]) -> dict[str, Any]:
    return terms(
        {
            "kind": "time_of_use",
            "name": "Energy",
            "bands": [{"name": f"b{n}", "minor_per_kwh": "1", "when": when} for n, when in enumerate(whens)],
        }
    )


def with_blocks(*ends: str | None) -> dict[str, Any]:
    blocks = [{"name": f"s{n}", "up_to_kwh": end, "minor_per_kwh": "1"} for n, end in enumerate(ends)]
    return terms({"kind": "ladder", "name": "Energy", "period": "month", "blocks": blocks})


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("a gap", with_bands([{"hours": ["00:00-08:00"]}], [{"hours": ["08:01-24:00"]}]), "tariff.band_gap"),
    ("an overlap", with_bands([{"hours": ["00:00-08:01"]}], [{"hours": ["08:00-24:00"]}]), "tariff.band_overlap"),
    ("the night twice", with_bands([{"hours": ["22:00-08:00"]}], [{"hours": ["07:00-22:00"]}]), "tariff.band_overlap"),
    ("no weekend", with_bands([{"days": ["weekday"]}]), "tariff.band_gap"),
    ("no ordinary days", with_bands([{"days": ["holiday"]}]), "tariff.band_gap"),
    ("no holidays", with_bands([{"days": ["weekday", "holiday"], "hours": ["00:00-24:00"]}]), "tariff.band_gap"),
    (
        "a season's end open",
        with_bands(
            [{"seasons": [{"from": "11-01", "to": "03-31"}]}], [{"seasons": [{"from": "04-02", "to": "10-31"}]}]
        ),
        "tariff.band_gap",
    ),
    ("a bad day", with_bands([{"days": ["someday"]}]), "tariff.days"),
    ("a bad hour", with_bands([{"hours": ["8:00-9:00"]}]), "tariff.hours"),
    ("a late hour", with_bands([{"hours": ["08:00-25:00"]}]), "tariff.hours"),
    ("no time", with_bands([{"hours": ["08:00-08:00"]}]), "tariff.hours"),
    ("a bad season", with_bands([{"seasons": [{"from": "02-30", "to": "03-01"}]}]), "tariff.season"),
    ("no rule", with_bands([]), "tariff.missing"),
    ("blocks that fall", with_blocks("200", "100", None), "tariff.blocks"),
    ("blocks that stand", with_blocks("200", "200", None), "tariff.blocks"),
    ("a block of nothing", with_blocks("0", None), "tariff.blocks"),
    ("a closed end", with_blocks("200", "300"), "tariff.blocks"),
    ("an open middle", with_blocks(None, "300", None), "tariff.blocks"),
    ("a fraction of a Wh", with_blocks("0.0005", None), "energy.fraction"),
    ("a negative price", terms(FLAT | {"minor_per_kwh": "-1"}), "tariff.negative"),
    ("a binary price", terms(FLAT | {"minor_per_kwh": 30.83}), "tariff.number"),
    ("an exponent", terms(FLAT | {"minor_per_kwh": "1e3"}), "tariff.number"),
    ("not a number", terms(FLAT | {"minor_per_kwh": "NaN"}), "tariff.number"),
    ("no price", terms({"kind": "flat", "name": "Energy"}), "tariff.missing"),
    ("a misspelt field", terms(FLAT | {"prize": "1"}), "tariff.unknown_field"),
    ("an unknown kind", terms({"kind": "magic", "name": "x"}), "tariff.kind"),
    ("no energy", terms(RENT), "tariff.parts"),
    ("energy twice", terms(FLAT, FLAT | {"name": "More"}), "tariff.parts"),
    ("two taxes", terms(FLAT, VAT_ADDED, VAT_INSIDE | {"name": "GST"}), "tariff.taxes"),
    ("a name twice", terms(FLAT, RENT | {"name": "Energy"}), "tariff.name_twice"),
    ("a tax of thousands", terms(FLAT, VAT_ADDED | {"per_mille": 1001}), "tariff.number"),
    ("a tax that may be inside", terms(FLAT, VAT_ADDED | {"included": "maybe"}), "tariff.choice"),
    ("an unknown zone", terms(FLAT, zone="Mars/Olympus"), "tariff.zone"),
    ("a path for a zone", terms(FLAT, zone="../etc/passwd"), "tariff.zone"),
    ("a folder for a zone", terms(FLAT, zone="Asia"), "tariff.zone"),
    ("no parts", terms() | {"parts": []}, "tariff.missing"),
    ("a strange exponent", terms(FLAT) | {"exponent": 9}, "tariff.choice"),
    ("a strange field", terms(FLAT) | {"colour": "red"}, "tariff.unknown_field"),
    ("a step for an unknown band", terms(BOTH | {"bands": BANDS[:1]}), "tariff.band_gap"),
    ("a period of a week", terms(LADDER | {"period": "week"}), "tariff.choice"),
]


@pytest.mark.parametrize(("what", "bad", "code"), BAD, ids=[case[0] for case in BAD])
def test_bad_terms_are_refused(what: str, bad: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(bad)
    assert refusal.value.code == code
    assert "%(" not in refusal.value.text()


def test_a_step_must_name_each_band_and_no_other() -> None:
    bad = deepcopy(BOTH)
    bad["blocks"][1]["add"] = {"valley": "0", "day": "5"}
    with pytest.raises(Refusal, match=r"tariff\.missing"):
        plan(bad)
    bad["blocks"][1]["add"] = {"valley": "0", "day": "5", "peak": "1", "night": "1"}
    with pytest.raises(Refusal, match=r"tariff\.unknown_field"):
        plan(bad)


def test_the_multiplier_form_multiplies() -> None:
    blocks = [
        {"name": "one", "up_to_kwh": "230", "multiply": "1"},
        {"name": "two", "up_to_kwh": None, "multiply": "1.5"},
    ]
    prices = plan(BOTH | {"form": "multiply", "blocks": blocks}).energy.prices
    assert [str(price) for price in prices[1]] == ["46.245", "83.745", "120.015"]


PLAIN_STEPS = [{"name": "one", "up_to_kwh": "230", "add": "0"}, {"name": "two", "up_to_kwh": None, "add": "5"}]


def test_a_plain_tariff_fits_into_a_meter() -> None:
    tables = meter_tables(plan(BOTH | {"blocks": PLAIN_STEPS}, VAT_INSIDE))
    assert tables.day_tables == (((0, 0, 1), (8, 0, 2), (18, 0, 3), (22, 0, 1)),)
    assert (tables.seasons, tables.rest_day_table) == (((1, 1, 1),), 0)
    assert (tables.step_limits_wh, [str(add) for add in tables.step_adds]) == ((230_000,), ["0", "5"])
    assert [str(price) for price in tables.band_prices] == ["30.83", "55.83", "80.01"]


def test_weekends_become_the_table_of_rest_days() -> None:
    bands = [
        {
            "name": "low",
            "minor_per_kwh": "1",
            "when": [{"days": ["weekend"]}, {"days": ["weekday"], "hours": ["22:00-08:00"]}],
        },
        {"name": "high", "minor_per_kwh": "2", "when": [{"days": ["weekday"], "hours": ["08:00-22:00"]}]},
    ]
    tables = meter_tables(plan({"kind": "time_of_use", "name": "Energy", "bands": bands}))
    assert (tables.seasons, tables.rest_day_table) == (((1, 1, 1),), 2)
    assert tables.day_tables[1] == ((0, 0, 1),)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((FLAT, RENT), "fixed charges"),
        ((FLAT, VAT_ADDED), "added"),
        ((BOTH,), "add-on"),
        ((FLAT | {"minor_per_kwh": "61.273"},), "decimal places"),
        ((TIME_OF_USE | {"bands": [BANDS[0] | {"when": [{"days": ["all", "holiday"]}]}]},), "holidays"),
    ],
)
def test_what_a_meter_cannot_do_is_refused_with_the_reason(parts: tuple[dict[str, Any], ...], why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        meter_tables(plan(*parts))
    assert refusal.value.code == "tariff.not_in_meter"
    assert why in refusal.value.text()
