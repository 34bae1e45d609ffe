"""Writes each message as one JSON line into a file: for rehearsals, and for a program that picks it up."""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path
from typing import Any

from powertill.core.ports import DriverInfo, Field, LinkFault, Receipt


@dataclass(slots=True)
class _Seen:
    """What of a file has been read: up to which byte, the key of every line, and which file it was."""

    inode: int = 0
    offset: int = 0
    keys: dict[str, int] = field(default_factory=dict)


class FileNotify:
    """Appends under a lock and waits for the disk. A key that is in the file already is not written again."""

    info = DriverInfo(
        "file",
        "File, one JSON line for each message",
        frozenset(),
        (
            Field("path", "File to append to"),
            Field(
                "counts_as_delivered", "Rehearsal only: a written line counts as delivered (yes or no)", required=False
            ),
        ),
    )

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def send(self, settings: Mapping[str, Any], *, key: str, to: str, subject: str, body: str) -> Receipt:
        """Write one line. Raise `LinkFault` when the disk does not take it. `proof` is the line's first byte."""
        path = Path(str(settings["path"]))
        if path.exists() and not path.is_file():
            return Receipt(False, f"{path.name} is no ordinary file")
        line = json.dumps({"key": key, "to": to, "subject": subject, "body": body}, ensure_ascii=False)
        try:
            offset = self._append_once(path, key, line)
        except OSError as fault:
            raise LinkFault(f"{path.name}: {fault.strerror}") from fault
        return Receipt(True, f"{path.name}@{offset}", delivered=settings.get("counts_as_delivered") == "yes")

    def _append_once(self, path: Path, key: str, line: str) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a+b", opener=_private) as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            seen = self._read_on(path, out)
            if key in seen.keys:
                return seen.keys[key]
            offset = out.seek(0, os.SEEK_END)
            # A line that a crash has torn is closed first, so that it cannot swallow this one.
            torn = b"\n" if offset != seen.offset else b""
            out.write(torn + line.encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
            return offset + len(torn)

    def _read_on(self, path: Path, out: BufferedRandom) -> _Seen:
        """Read what has been added since the last message; other processes may write too."""
        status = os.fstat(out.fileno())
        seen = self._seen.get(str(path))
        if seen is None or seen.inode != status.st_ino or status.st_size < seen.offset:
            seen = self._seen[str(path)] = _Seen(status.st_ino)
        out.seek(seen.offset)
        for raw in out:
            if not raw.endswith(b"\n"):
                break
            key = _key_of(raw)
            if key is not None:
                seen.keys.setdefault(key, seen.offset)
            seen.offset += len(raw)
        return seen


def _key_of(raw: bytes) -> str | None:
    """Return the key of a line; None for a line that a crash has torn."""
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    key = line.get("key") if isinstance(line, dict) else None
    return key if isinstance(key, str) else None


DRIVER = FileNotify


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # The messages hold names, rooms and balances.
