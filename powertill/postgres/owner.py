"""Which user runs the server: ourselves, or, as PostgreSQL refuses root, an unprivileged one."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertill.trouble import Trouble

CANDIDATES = ("powertill", "nobody")


@dataclass(frozen=True, slots=True)
class Owner:
    """The user of the server's process and files; `drops` when we are root and must become that user."""

    uid: int
    gid: int
    drops: bool

    def spawn(self) -> dict[str, Any]:
        """Return the arguments that make subprocess start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drops else {}

    def take(self, path: Path) -> None:
        """Give a file or directory to this user."""
        if self.drops:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def reaches(self, path: Path) -> bool:
        """Whether this user may walk to `path`: every directory above it, and itself if it is there."""
        real = path.resolve()
        steps = [step for step in (real, *real.parents) if step.is_dir()]
        return all(self._may_enter(step.stat()) for step in steps)

    def _may_enter(self, found: os.stat_result) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def owner(data: Path) -> Owner:
    """Return who runs the server of this data directory; an existing one keeps its owner."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), drops=False)
    try:
        found = data.stat()
        if found.st_uid != 0:
            return Owner(found.st_uid, found.st_gid, drops=True)
    except FileNotFoundError:
        pass  # A new one: choose a user below.
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(entry.pw_uid, entry.pw_gid, drops=True)
    raise Trouble("PostgreSQL may not run as root.", "Add a user named powertill, or start as an ordinary user.")
