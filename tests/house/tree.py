"""The files that the house rules look at."""

import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
COUNTED = ("powertill/core/", "powertill/fleet/", "powertill/apps/")
VENDORED = ("powertill/web/static/vendor/", "powertill/web/static/fonts/")
TEXT = {"", ".csv", ".css", ".html", ".in", ".js", ".json", ".md", ".po", ".py", ".svg", ".toml", ".txt", ".yaml"}
SKIPPED = {".git", ".venv", "var", "build", "__pycache__"}


@cache
def files() -> tuple[Path, ...]:
    """Return the project's files: what git knows or would add; without git, what lies here."""
    listing = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
        found = [ROOT / line for line in answer.stdout.splitlines()]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in found if path.is_file()))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python(*under: str) -> list[Path]:
    """Return our Python files below one of these directories (all when none is given)."""
    return [path for path in files() if path.suffix == ".py" and name(path).startswith(under or "")]


def texts() -> list[Path]:
    """Return our text files, without those that others wrote."""
    return [path for path in files() if path.suffix in TEXT and not name(path).startswith(VENDORED)]


def is_migration(path: Path) -> bool:
    return path.parent.name == "migrations"


def complaints(paths: Iterable[Path], rule: Callable[[str], Iterable[str]]) -> list[str]:
    """Return `file: complaint` for every file that breaks the rule."""
    return [f"{name(path)}: {complaint}" for path in paths for complaint in rule(path.read_text("utf-8"))]
