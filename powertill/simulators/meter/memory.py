"""The meter's non-volatile memory: one JSON file, replaced atomically, or nothing but this process.

A real meter keeps its purse in two EEPROM copies with a checksum, written in turn, and writes energy
only now and then because the cells wear out: what was measured since the last write is saved by the
last charge of a capacitor when the mains fails. `kill -9` has no capacitor. Here every purse and
relay change is on disk before its answer leaves; of energy at most 15 simulated minutes are unsaved,
and since the load is a function of time they are measured again after the restart.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Memory:
    """Keeps one dictionary. `path` None: it is gone with the process. `durable`: wait for the disk."""

    def __init__(self, path: Path | str | None = None, *, durable: bool = True) -> None:
        self._path = None if path is None else Path(path)
        self._durable = durable
        self._kept: dict[str, Any] | None = None
        self.saves = 0

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last; None at first. Raise `ValueError` for a damaged file."""
        if self._path is None:
            return self._kept
        if not self._path.exists():
            return None
        kept = json.loads(self._path.read_text(encoding="utf-8"))
        if not isinstance(kept, dict):
            raise ValueError(f"{self._path} is no meter memory")
        return kept

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep `state`: afterwards either it or the state before is there, never half of one."""
        self.saves += 1
        if self._path is None:
            self._kept = json.loads(json.dumps(state))
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("w", encoding="utf-8") as out:
            json.dump(state, out)
            out.flush()
            if self._durable:
                os.fsync(out.fileno())
        os.replace(beside, self._path)
        if self._durable:
            self._sync_folder()

    def _sync_folder(self) -> None:
        assert self._path is not None
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
