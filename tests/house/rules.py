"""The house rules as functions from source text to complaints, so that each can be tried on a sample."""

import ast
import re
import sys
from collections.abc import Iterator

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 50
CLOCK_READS = {"now", "utcnow", "today", "localdate", "localtime"}
CLOCK_OWNERS = {"datetime", "date", "timezone"}
HIDDEN_CLOCKS = {"auto_now", "auto_now_add"}
CHANCE = {"time", "random"}
ROUNDING = {"quantize", "to_integral_value", "to_integral_exact"}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME)\b(?!\(#\d+\))")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/[\w.]+")
INDEX_HOST = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.org|--(?:extra-)?index-url[ =]|--find-links")
MIGRATION = re.compile(r"\d{4}_(?!auto_)[a-z][a-z0-9_]+")


def docstring(source: str) -> Iterator[str]:
    """A file opens with one sentence that says what it is for."""
    text = ast.get_docstring(ast.parse(source)) if source.strip() else "An empty file needs none."
    first = (text or "").split("\n\n")[0].strip()
    if not first:
        yield "no docstring"
    elif first[-1] not in ".:?!":
        yield f"its docstring does not open with a sentence: {first[:60]!r}"


def length(source: str) -> Iterator[str]:
    """Short enough to be read in one go."""
    lines = source.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{lines} lines, allowed are {FILE_LINES_MAX}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > FUNCTION_LINES_MAX:
                yield f"line {node.lineno}: {node.name} has {count} lines, allowed are {FUNCTION_LINES_MAX}"


def floats(source: str) -> Iterator[str]:
    """Money and energy are counted: no float, except to refuse one by isinstance."""
    tree = ast.parse(source)
    refusing = {
        name
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "isinstance"
        for name in ast.walk(call)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"line {node.lineno}: the float {node.value}"
        elif isinstance(node, ast.Name) and node.id == "float" and node not in refusing:
            yield f"line {node.lineno}: float"
        elif isinstance(node, ast.Attribute) and node.attr == "FloatField":
            yield f"line {node.lineno}: FloatField"


def clock(source: str) -> Iterator[str]:
    """Time is an argument, and there is no chance."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (f"line {node.lineno}: import {name.name}" for name in node.names if name.name in CHANCE)
        elif isinstance(node, ast.ImportFrom) and node.module in CHANCE and node.level == 0:
            yield f"line {node.lineno}: from {node.module} import"
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_READS and _last_name(node.value) in CLOCK_OWNERS:
            yield f"line {node.lineno}: {_last_name(node.value)}.{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg in HIDDEN_CLOCKS:
            yield f"line {node.value.lineno}: {node.arg} reads the clock unseen"


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def rounding(source: str) -> Iterator[str]:
    """Rounding happens in core/money.py and core/energy.py only."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ROUNDING or (name == "round" and isinstance(node.func, ast.Name)):
                yield f"line {node.lineno}: {name}"


def foreign_imports(source: str, *, allowed: str) -> Iterator[str]:
    """The core imports the standard library and itself."""
    for node in ast.walk(ast.parse(source)):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            if name.split(".")[0] not in sys.stdlib_module_names and not (name + ".").startswith(allowed + "."):
                yield f"line {node.lineno}: imports {name}"


def unfinished(text: str) -> Iterator[str]:
    """Nothing is left for later without a reference such as (#12) that says where it is noted."""
    yield from _matches(UNFINISHED, text)


def machine_paths(text: str) -> Iterator[str]:
    """Nothing depends on one machine's directories or one package index."""
    yield from _matches(MACHINE_PATH, text)
    yield from (found for found in _matches(INDEX_HOST, text) if "--no-emit-" not in found)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line):
            yield f"line {number}: {line.strip()[:100]}"


def migration_name(stem: str) -> Iterator[str]:
    """A migration says its idea in its name."""
    if stem != "__init__" and not MIGRATION.fullmatch(stem):
        yield f"{stem}: name it for what it does, with makemigrations --name"


def requirements(locked: str) -> Iterator[str]:
    """Everything is pinned and hashed, and no index is named: pip uses whatever the machine is set up for."""
    entries = [
        entry for entry in re.split(r"(?<!\\)\n", locked) if entry.strip() and not entry.lstrip().startswith("#")
    ]
    for entry in entries:
        if not re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==\S+", entry):
            yield f"not pinned: {entry[:60]!r}"
        elif "--hash=sha256:" not in entry:
            yield f"no hash: {entry[:60]!r}"


def repeated(words: list[str]) -> Iterator[str]:
    """One word per thing, one thing per word."""
    seen: set[str] = set()
    for word in words:
        if word.lower() in seen:
            yield f"{word!r} stands twice"
        seen.add(word.lower())
