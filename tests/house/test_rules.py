"""The whole tree keeps the house rules."""

import os
from functools import partial

from tests.house import rules, tree
from tests.house.tree import COUNTED, complaints, is_migration, name, python, texts


def test_the_checks_before_the_tests_passed():
    failed = os.environ.get("HOUSE_CHECKS_FAILED", "").split()
    assert not failed, f"`make {' '.join(failed)}` failed: its lines stand above the tests"


def test_every_file_opens_with_a_sentence():
    ours = [path for path in python() if not is_migration(path)]
    assert complaints(ours, rules.docstring) == []


def test_files_and_functions_are_short():
    ours = [path for path in python() if not is_migration(path)]
    assert complaints(ours, rules.length) == []


def test_money_and_energy_are_counted_not_floated():
    assert complaints(python(*COUNTED), rules.floats) == []


def test_time_is_an_argument():
    ours = [path for path in python(*COUNTED) if not is_migration(path)]
    assert complaints(ours, rules.clock) == []


def test_rounding_has_two_homes():
    homes = ("powertill/core/money.py", "powertill/core/energy.py")
    assert complaints([path for path in python(*COUNTED) if name(path) not in homes], rules.rounding) == []


def test_the_core_imports_the_standard_library_only():
    assert complaints(python("powertill/core/"), partial(rules.foreign_imports, allowed="powertill.core")) == []


def test_migrations_have_names():
    found = [complaint for path in python() if is_migration(path) for complaint in rules.migration_name(path.stem)]
    assert found == []


def test_nothing_is_left_for_later():
    assert complaints(_texts_but_these_rules(), rules.unfinished) == []


def test_no_machine_and_no_package_index_is_named():
    assert complaints(_texts_but_these_rules(), rules.machine_paths) == []


def _texts_but_these_rules():
    """The samples that show the rules' teeth would be bitten."""
    return [path for path in texts() if not name(path).startswith("tests/house/")]


def test_requirements_are_pinned_and_hashed():
    locks = [path for path in tree.files() if name(path).startswith("requirements/") and path.suffix == ".txt"]
    assert locks
    assert complaints(locks, rules.requirements) == []


def test_the_lock_of_the_tests_holds_the_lock_of_the_run():
    run, test = ((tree.ROOT / "requirements" / f"{lock}.txt").read_text() for lock in ("run", "test"))
    pins = [line.split(" ")[0] for line in run.splitlines() if "==" in line]
    assert [pin for pin in pins if pin not in test] == []
