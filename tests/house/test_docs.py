"""What the code offers stands in docs/, and the glossary has one word per thing."""

import re

from docs import tables
from powertill.config import PREFIX
from tests.house import rules
from tests.house.tree import ROOT, python, texts

DOCS = ROOT / "docs"


def test_the_tables_in_docs_are_those_of_the_code():
    stale = []
    for page in tables.PAGES:
        text = (DOCS / page).read_text("utf-8")
        assert text.count(tables.OPEN) == text.count(tables.CLOSE) == 1, page
        if tables.written(page, text) != text:
            stale.append(page)
    assert stale == [], "run `make docs`"


def test_a_stale_table_is_noticed():
    page = f"# Errors\n{tables.OPEN}\nstale row\n{tables.CLOSE}\nafter\n"
    fresh = tables.written("errors.md", page)
    assert "stale row" not in fresh
    assert fresh.endswith("after\n")
    assert tables.written("errors.md", fresh) == fresh


def test_every_variable_that_the_code_reads_is_documented():
    settings = (DOCS / "settings.md").read_text("utf-8")
    used = {
        name for path in python("powertill/") for name in re.findall(rf"{PREFIX}[A-Z_]+\b", path.read_text("utf-8"))
    }
    assert sorted(name for name in used if f"`{name}`" not in settings) == []


def glossary():
    """Return the rows of the glossary: term, Chinese, meaning, words that we do not use for it."""
    lines = (DOCS / "glossary.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in rows if row[0] not in {"word"} and not row[0].startswith("---")]


def test_the_glossary_has_one_word_per_thing():
    rows = glossary()
    assert {len(row) for row in rows} == {4}
    assert list(rules.repeated([row[0] for row in rows])) == []
    assert list(rules.repeated([row[1] for row in rows])) == []
    assert [row[0] for row in rows if not (row[1] and row[2])] == []


def test_the_glossary_does_not_use_the_words_it_warns_of():
    rows = glossary()
    words = {row[0].lower() for row in rows}
    avoided = [word.strip().lower() for row in rows for word in row[3].split(",") if word.strip()]
    assert list(rules.repeated(avoided)) == []
    assert sorted(words.intersection(avoided)) == []


def test_links_between_our_pages_lead_somewhere():
    broken = []
    for path in (path for path in texts() if path.suffix == ".md"):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text("utf-8")):
            if not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []
