"""Where one server's files lie: HOME/postgres, or a reachable directory that HOME/postgres points to."""

import os
import stat
import tempfile
from pathlib import Path

from powertill.postgres.owner import Owner
from powertill.trouble import Trouble

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 107  # bytes: sun_path of unix(7), less its closing zero
ELSEWHERE = Path("/var/lib/powertill")


class Place:
    """The directory of one server: data/, socket/, lock, log, and bin/ where binaries had to be copied."""

    def __init__(self, home: Path) -> None:
        self.root = home / "postgres"

    @property
    def data(self) -> Path:
        return self.root.resolve() / "data"

    @property
    def lock(self) -> Path:
        return self.root.resolve() / "lock"

    @property
    def log(self) -> Path:
        return self.root.resolve() / "log"

    def socket_dir(self) -> Path:
        """Return the directory of the socket, short enough for the kernel once `make` has run."""
        return (self.root / "socket").resolve()

    def make(self, owner: Owner) -> None:
        """Make what is missing, where the server's user can reach it, closed to everybody else."""
        if not self.root.is_dir():
            self._make_root(owner)
        # Run by root, the directory stays root's: the server's user could else lead our own writes astray by a link.
        _check(self.root.resolve(), owner)
        self.root.resolve().chmod(0o711 if owner.drops else 0o700)
        self._make_socket_dir(owner)

    def _make_root(self, owner: Owner) -> None:
        if self.root.is_symlink():
            raise Trouble(
                f"{self.root} points to {os.readlink(self.root)}, which is gone.",
                "Restore that directory; remove the link only if its database may be lost.",
            )
        self.root.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        if owner.reaches(self.root.parent):
            self.root.mkdir(mode=0o700)
            return
        # HOME lies under a closed directory, such as /root: the files go elsewhere and HOME keeps a pointer.
        ELSEWHERE.mkdir(mode=0o711, parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o711)  # whatever the umask
        self.root.symlink_to(tempfile.mkdtemp(prefix="postgres-", dir=ELSEWHERE))

    def _make_socket_dir(self, owner: Owner) -> None:
        path = self.root / "socket"
        if path.is_symlink() and not path.exists():
            path.unlink()  # It lay in the temporary directory, which a restart of the machine empties.
        if not path.is_dir():
            if fits(path.resolve()):
                path.mkdir(mode=0o700)
            else:
                path.symlink_to(tempfile.mkdtemp(prefix="powertill-", dir="/tmp"))
        _check(path.resolve(), owner)
        owner.take(path.resolve())
        path.resolve().chmod(0o700)


def fits(socket_dir: Path) -> bool:
    """Whether a socket in this directory has a path that the kernel accepts."""
    return len(os.fsencode(socket_dir / SOCKET_NAME)) <= SOCKET_PATH_MAX


def _check(path: Path, owner: Owner) -> None:
    """Refuse a directory that a stranger made first."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner.uid, os.geteuid()}:
        raise Trouble(f"{path} belongs to another user.", "Start as the user who made it.")
