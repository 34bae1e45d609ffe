"""The house rules themselves: what each lets pass and what it catches."""

import subprocess
import sys

import pytest

from tests.house import rules
from tests.house.tree import ROOT


def count(found):
    return len(list(found))


@pytest.mark.parametrize("source", ['"""It counts."""\n', '"""It counts\nand sums.\n\nMore\n"""\n', "", "\n"])
def test_a_sentence_passes(source):
    assert count(rules.docstring(source)) == 0


@pytest.mark.parametrize("source", ["x = 1\n", '"""Counts"""\n', '""""""\n', "# It counts.\n"])
def test_no_sentence_is_caught(source):
    assert count(rules.docstring(source)) == 1


def test_length_is_counted_to_the_line():
    body = "    x = 1\n" * (rules.FUNCTION_LINES_MAX - 1)
    assert count(rules.length(f"def f():\n{body}")) == 0
    assert count(rules.length(f"async def f():\n{body}    x = 1\n")) == 1
    assert count(rules.length("x = 1\n" * rules.FILE_LINES_MAX)) == 0
    assert count(rules.length("x = 1\n" * (rules.FILE_LINES_MAX + 1))) == 1


@pytest.mark.parametrize("source", ["x = 0.5", "float('1')", "def f(x: float): ...", "x = 1e3", "models.FloatField()"])
def test_floats_are_caught(source):
    assert count(rules.floats(source)) == 1


@pytest.mark.parametrize("source", ["x = 5", "Decimal('0.5')", "isinstance(x, float)", "isinstance(x, (int, float))"])
def test_counting_passes(source):
    assert count(rules.floats(source)) == 0


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now()",
        "datetime.datetime.now(UTC)",
        "datetime.utcnow()",
        "date.today()",
        "timezone.now",
        "import time",
        "import random as r",
        "from time import monotonic",
        "models.DateTimeField(auto_now_add=True)",
    ],
)
def test_clock_and_chance_are_caught(source):
    assert count(rules.clock(source)) == 1


@pytest.mark.parametrize("source", ["clock.now()", "from datetime import time", "functions.Now()", "import timeit"])
def test_given_time_passes(source):
    assert count(rules.clock(source)) == 0


@pytest.mark.parametrize("source", ["round(x)", "x.quantize(y)", "x.to_integral_value()"])
def test_rounding_is_caught(source):
    assert count(rules.rounding(source)) == 1


@pytest.mark.parametrize("source", ["self.round(x)", "round_minor(x)", "surround(x)"])
def test_calling_those_who_round_passes(source):
    assert count(rules.rounding(source)) == 0


def test_foreign_imports_are_caught():
    source = "import json\nimport django.db\nfrom psycopg import sql\nfrom powertill.core import money\n"
    source += "from . import x\nfrom powertill.corelike import y\n"
    found = list(rules.foreign_imports(source, allowed="powertill.core"))
    assert [line.split()[-1] for line in found] == ["django.db", "psycopg", "powertill.corelike"]


@pytest.mark.parametrize(
    ("text", "caught"), [("# TODO later", 1), ("# FIXME", 1), ("# TODO(#12) later", 0), ("todo", 0)]
)
def test_what_is_left_for_later(text, caught):
    assert count(rules.unfinished(text)) == caught


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("see /home/ann/till", 1),
        ("/root/x", 1),
        ("a closed directory such as /root, or /home", 0),
        ("https://till.example/home/page", 0),
        ("--index-url https://mirror.example", 1),
        ("--no-emit-index-url", 0),
        ("/work/till", 1),
        ("../work/order", 0),
    ],
)
def test_machine_paths(text, caught):
    assert count(rules.machine_paths(text)) == caught


@pytest.mark.parametrize(("stem", "caught"), [("0001_first_tables", 0), ("0002_auto_20260101_1200", 1), ("second", 1)])
def test_migration_names(stem, caught):
    assert count(rules.migration_name(stem)) == caught


def test_requirements_without_pin_or_hash_are_caught():
    good = "# made by uv\nhelp-er[x]==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n    # via x\n"
    assert count(rules.requirements(good)) == 0
    assert count(rules.requirements("helper==1.0\n")) == 1
    assert count(rules.requirements("helper>=1 \\\n    --hash=sha256:00\n")) == 1
    assert count(rules.requirements("--index-url https://mirror.example\n")) == 1


def test_repeated_words_are_caught():
    assert list(rules.repeated(["credit", "Meter", "meter"])) == ["'meter' stands twice"]


BROKEN_IMPORTS = {
    "core/rule.py": "import django",
    "core/look.py": "from powertill.drivers.meters import one",
    "apps/people/models.py": "from powertill.apps.sales import models",
    "drivers/meters/two.py": "import django",
    "drivers/meters/one.py": "from powertill.drivers.meters import two",
    "apps/sales/models.py": "import powertill.clock",
    "web/view.py": "from powertill.workers import loop",
}


LABELS = ("people", "sites", "audit", "notices", "ledger", "tariffs", "metering", "supply", "sales")
OTHERS = ("core/a", "fleet/a", "workers/loop", "simulators/a", "commands/a", "clock", "config", "settings", "trouble")
MORE = ("supervisor", "processes", "postgres/a")


def test_the_import_contracts_bite(tmp_path):
    """Every contract of pyproject.toml breaks on a small tree made to break it."""
    for module in (*OTHERS, *MORE, *(f"apps/{label}/models" for label in LABELS)):
        _write(tmp_path, f"{module}.py", "")
    for name, text in BROKEN_IMPORTS.items():
        _write(tmp_path, name, text + "\n")
    program = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", program, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    path = {"PYTHONPATH": str(tmp_path)}
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=path)
    assert "Contracts: 0 kept, 6 broken." in answer.stdout, answer.stdout + answer.stderr


def _write(root, name, text):
    path = root / "powertill" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for parent in path.relative_to(root).parents[:-1]:
        (root / parent / "__init__.py").touch()
