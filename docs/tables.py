"""Write the tables in docs/ that come from the code, between their markers; `make docs` runs it."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))
OPEN, CLOSE = "<!-- table, written by make docs -->", "<!-- end of table -->"
KINDS = ("meters", "security", "notify")


def errors() -> str:
    from powertill.core.errors import CODES

    rows = ((f"`{code}`", sentence, hint) for code, (sentence, hint) in sorted(CODES.items()))
    return table(("code", "what people read", "what to do next"), rows)


def settings() -> str:
    from powertill.config import PREFIX, Config

    def default(name: str) -> str:
        value = Config.model_fields[name].default
        return {"home": "`var` where it starts"}.get(name, f"`{value}`" if value != "" else "empty")

    fields = Config.model_fields.items()
    rows = ((f"`{PREFIX}{name.upper()}`", default(name), field.description or "") for name, field in fields)
    return table(("variable", "default", "meaning"), rows)


def commands() -> str:
    from powertill.__main__ import load, names

    return table(("command", "what it does"), ((f"`powertill {name}`", load(name).HELP) for name in names()))


def drivers() -> str:
    from powertill.drivers import found

    return table(("kind", "code", "name"), (row for kind in KINDS for row in _drivers(kind, found(kind))))


def _drivers(kind: str, found: dict) -> Iterable[tuple[str, str, str]]:
    for code, driver in sorted(found.items()):
        info = getattr(driver.make, "info", None)
        sentence = (driver.make.__doc__ or "").strip().split("\n")[0]
        yield kind, f"`{code}`", info.name if info else sentence


def limits() -> str:
    """Every constant named ..._MAX with a whole number, where it stands, and the reason beside it."""
    package = DOCS.parent / "powertill"
    pattern = re.compile(r"^([A-Z_]+_MAX) = ([\d_]+)(?:  # (.*))?$", re.MULTILINE)
    rows = (
        (f"`{match[1]}`", match[2].replace("_", " "), match[3] or "", f"`{path.relative_to(package).as_posix()}`")
        for path in sorted(package.rglob("*.py"))
        for match in pattern.finditer(path.read_text("utf-8"))
    )
    return table(("limit", "value", "why", "in powertill/"), rows)


PAGES = {
    "errors.md": errors,
    "settings.md": settings,
    "commands.md": commands,
    "drivers.md": drivers,
    "operations.md": limits,
}


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def written(page: str, text: str) -> str:
    """Return the page's text with its table brought up to date."""
    pattern = re.escape(OPEN) + r".*?" + re.escape(CLOSE)
    fresh = f"{OPEN}\n{PAGES[page]()}\n{CLOSE}"
    return re.sub(pattern, lambda _: fresh, text, count=1, flags=re.DOTALL)


def main() -> None:
    for page in PAGES:
        path = DOCS / page
        path.write_text(written(page, path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
