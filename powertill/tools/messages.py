"""Collect every English sentence that people read and keep the zh-Hans catalogue (needs no gettext programs).

python -m powertill.tools.messages
    collect, update django.po, compile django.mo, list what has no translation yet
python -m powertill.tools.messages add FILE
    the same after taking translations from a JSON file {"English": "Chinese", ...}; "-" reads stdin;
    for a plural the singular is the key, for a context "context|English"
"""

from __future__ import annotations

import ast
import fcntl
import json
import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[1]
PO = PACKAGE / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
TABLES = ("CODES", "REASONS", "SENTENCES")  # dicts of core whose values are messages, alone or in tuples
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# Sample pages with invented texts, and what only developers read.
LEFT_OUT = ("web/gallery.py", "web/samples.py", "web/templates/components/gallery", "tools/")


def _kept(path: Path) -> bool:
    return not path.relative_to(PACKAGE).as_posix().startswith(LEFT_OUT) and "migrations" not in path.parts


def _from_code(source: bytes) -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    for _line, message, _comments, context in extract("python", BytesIO(source), keywords=KEYWORDS):
        yield context, tuple(message) if isinstance(message, list | tuple) else message


def _from_template(text: str) -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    """Let Django turn the template into gettext calls, then read those calls one line at a time."""
    from django.utils.translation.template import templatize

    lines = (line.strip() for line in templatize(text).splitlines())
    yield from _from_code("\n".join(line for line in lines if "(" in line).encode())


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)


def _from_tables() -> Iterator[tuple[None, str]]:
    """Read the tables of sentences that core declares: refusals and reasons of decisions."""
    import powertill.core

    for module in pkgutil.walk_packages(powertill.core.__path__, "powertill.core."):
        loaded = import_module(module.name)
        for name in TABLES:
            for value in getattr(loaded, name, {}).values():
                yield from ((None, text) for text in _texts(value) if text)


def _from_sentences(source: bytes) -> Iterator[tuple[None, str]]:
    """Read `Sentence("...")` calls of core, whose first argument is a message."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sentence"):
            continue
        if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            yield None, node.args[0].value


def collect() -> dict[tuple[str | None, str], tuple[str | tuple[str, ...], set[str]]]:
    """Return every message: (context, English or its singular) -> (English or its forms, the files that say it)."""
    found: dict[tuple[str | None, str], tuple[str | tuple[str, ...], set[str]]] = {}

    def take(where: str, messages: Iterable[tuple[str | None, str | tuple[str, ...]]]) -> None:
        for context, message in messages:
            key = message if isinstance(message, str) else message[0]
            if key:
                found.setdefault((context, key), (message, set()))[1].add(where)

    for path in sorted(PACKAGE.rglob("*.py")):
        if _kept(path):
            take(path.relative_to(PACKAGE).as_posix(), _from_code(path.read_bytes()))
            take(path.relative_to(PACKAGE).as_posix(), _from_sentences(path.read_bytes()))
    for path in sorted(PACKAGE.rglob("*.html")) + sorted(PACKAGE.rglob("templates/**/*.txt")):
        if _kept(path):
            take(path.relative_to(PACKAGE).as_posix(), _from_template(path.read_text("utf-8")))
    take("core", _from_tables())
    return found


def read() -> Catalog:
    """Return the catalogue as it stands."""
    if not PO.exists():
        return Catalog(locale="zh_Hans", domain="django", charset="utf-8")
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans", domain="django")


def compiled(catalogue: Catalog) -> bytes:
    """Return the bytes of the .mo that belongs to a catalogue."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def _translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    texts = message.string
    return all(texts) if isinstance(texts, list | tuple) else bool(texts)


def missing() -> dict[str, set[str]]:
    """Return every message that has no zh-Hans translation, with the files that say it."""
    catalogue = read()
    found = sorted(collect().items(), key=lambda item: item[0][1])
    return {key: files for (context, key), (_, files) in found if not _translated(catalogue.get(key, context))}


def update(added: dict[str, str]) -> Catalog:
    """Return a catalogue of what is said today, with the translations at hand and those in `added`."""
    old = read()
    new = Catalog(
        locale="zh_Hans",
        domain="django",
        project="Powertill",
        version="1",
        charset="utf-8",
        fuzzy=False,
        msgid_bugs_address="maintainers",
    )
    new.creation_date = new.revision_date = old.creation_date  # stays, so that nothing changes when nothing changed
    new.language_team, new.last_translator, new.header_comment = (
        "zh-Hans",
        "Powertill",
        "# Chinese (simplified) texts of Powertill.",
    )
    for (context, key), (message, files) in sorted(collect().items(), key=lambda item: (item[0][1], item[0][0] or "")):
        before = old.get(key, context)
        text = added.get(f"{context}|{key}" if context else key) or (before.string if before and before.string else "")
        if isinstance(message, tuple):
            text = (text,) if isinstance(text, str) else text
        new.add(message, text, locations=[(name, 0) for name in sorted(files)], context=context)
    return new


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder, so that two tools that run at once do not overwrite each other."""
    folder = os.open(PO.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main(arguments: list[str]) -> int:
    """Take translations from a file if asked, write po and mo, list what is left; 1 while something is."""
    added: dict[str, str] = {}
    if arguments[:1] == ["add"]:
        added = json.loads(sys.stdin.read() if arguments[1] == "-" else Path(arguments[1]).read_text("utf-8"))
    PO.parent.mkdir(parents=True, exist_ok=True)
    with _alone():
        catalogue = update(added)
        with PO.open("wb") as file:
            write_po(file, catalogue, width=120, include_lineno=False, sort_output=False)
        PO.with_suffix(".mo").write_bytes(compiled(catalogue))
    left = missing()
    sys.stdout.write(
        "".join(f'{json.dumps(text, ensure_ascii=False)}: "",\n' for text in left)
        + f"{len(left)} without translation\n"
    )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
