"""The data directory: made whole or not at all, checked before use, cleared of a killed server's note."""

import os
import shutil
import subprocess
from pathlib import Path

from powertill.postgres.binaries import Binaries
from powertill.postgres.owner import Owner
from powertill.trouble import Trouble

INITDB_S_MAX = 120
BUILTIN_LOCALE_SINCE = 17
STATUS_LINE = 7  # of postmaster.pid, counted from 0: LOCK_FILE_LINE_PM_STATUS in PostgreSQL's pidfile.h


def make(data: Path, user: Owner, found: Binaries, *, durable: bool) -> None:
    """Run initdb beside, and rename, unless the data directory is there."""
    if data.exists():
        return
    draft = data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    user.take(draft)
    command = [found.path("initdb"), "-D", str(draft), *_options(found.major), *([] if durable else ["--no-sync"])]
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=INITDB_S_MAX,
        env=environment(),
        cwd="/",
        check=False,
        **user.spawn(),
    )
    if answer.returncode:
        raise Trouble(f"initdb failed: {answer.stderr.strip()}")
    draft.rename(data)


def _options(major: int) -> list[str]:
    """UTF-8 with C.UTF-8's order: the same on every machine, whatever locales it has."""
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locale = builtin if major >= BUILTIN_LOCALE_SINCE else ["--locale=C.UTF-8"]
    return ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--data-checksums", "--no-instructions", *locale]


def environment() -> dict[str, str]:
    """Return a short environment: PG* variables of the caller must not reach the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def check_version(data: Path, major: int) -> None:
    """Refuse data of another major version, which this server cannot read."""
    made_by = (data / "PG_VERSION").read_text("ascii").strip()
    if made_by != str(major):
        raise Trouble(
            f"The database in {data} was made by PostgreSQL {made_by}, and this is PostgreSQL {major}.",
            "docs/operations.md says how to bring it over with pg_dump and pg_restore.",
        )


def pid(data: Path) -> int | None:
    """Return the process number in postmaster.pid, None without one."""
    try:
        return int((data / "postmaster.pid").read_text("ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def says_ready(data: Path) -> bool:
    """Whether the server's note says that it answers; asking it by connecting would fill its log with refusals."""
    try:
        lines = (data / "postmaster.pid").read_text("ascii").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"


def remove_stale_pid(data: Path) -> None:
    """Remove the note of a server that was killed: its number may now belong to an innocent process.

    The caller holds the lock, so no server of ours lives; one started by other hands is known by its working directory.
    """
    number = pid(data)
    if number is not None and _works_in(number, data):
        raise in_use(data)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _works_in(number: int, data: Path) -> bool:
    try:
        return Path(f"/proc/{number}/cwd").readlink() == data
    except OSError:
        return False


def in_use(data: Path) -> Trouble:
    """Return the error for a data directory whose server lives."""
    return Trouble(
        f"The database in {data} is in use by a running PostgreSQL (process {pid(data) or 'unknown'}).",
        "Stop the Powertill that runs it, or `powertill db stop`.",
    )
