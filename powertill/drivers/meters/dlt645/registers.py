"""The data identifiers (DI) that we know: registers.csv, one row each, and how a row reads its bytes.

Format: one X is a decimal digit, `-` means that the top bit is a sign, `*n` that n values follow one
another. `scale` turns the number's last digit into the unit. Protection is the class of a write.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .bcd import from_int, to_int
from .codec import DecodeError

TABLE = Path(__file__).with_name("registers.csv")


@dataclass(frozen=True, slots=True)
class Register:
    """One row of the table. `size` bytes for each of `count` values."""

    di: str
    name: str
    format: str
    unit: str
    scale: int
    access: str
    protection: str

    @property
    def wire(self) -> bytes:
        """Return the four DI bytes as they are sent, low first."""
        return bytes.fromhex(self.di)[::-1]

    @property
    def count(self) -> int:
        return int(self.format.partition("*")[2] or 1)

    @property
    def signed(self) -> bool:
        return self.format.startswith("-")

    @property
    def size(self) -> int:
        shape = self.format.partition("*")[0]
        if shape == "bits":
            return 1
        return sum(sign not in "-." for sign in shape) // 2

    def values(self, data: bytes) -> tuple[int | None, ...]:
        """Return the numbers in the table's unit, None where the meter has none. Raise `DecodeError`."""
        # A block may be short: single-phase meters send phase A alone, others all three with FF.
        if not data or len(data) % self.size or len(data) > self.size * self.count:
            raise DecodeError(f"{self.name} ({self.di}) has {len(data)} bytes, not {self.size * self.count}")
        parts = (data[at : at + self.size] for at in range(0, len(data), self.size))
        numbers = (to_int(part, signed=self.signed) for part in parts)
        return tuple(None if number is None else number * self.scale for number in numbers)

    def value(self, data: bytes) -> int | None:
        """Return the one number of a register that is not a block."""
        return self.values(data)[0]

    def encode(self, *values: int | None) -> bytes:
        """Return the bytes of these numbers, cut to what the format shows; None becomes FF."""
        return b"".join(self._encode_one(value) for value in values)

    def _encode_one(self, value: int | None) -> bytes:
        if value is None:
            return b"\xff" * self.size
        shown = abs(value) // self.scale
        return from_int(-shown if value < 0 else shown, self.size, signed=self.signed)


def load(table: Path = TABLE) -> Mapping[str, Register]:
    """Return the rows of a table by name. Raise `DecodeError` for a table that says one thing twice."""
    with table.open(encoding="utf-8", newline="") as lines:
        rows = [Register(**{**row, "scale": int(row["scale"])}) for row in csv.DictReader(lines)]  # type: ignore[arg-type]
    by_name = {row.name: row for row in rows}
    if len(by_name) != len(rows) or len({row.di for row in rows}) != len(rows):
        raise DecodeError(f"{table.name}: a name or a DI stands twice")
    return by_name


REGISTERS = load()
BY_DI = {register.di: register for register in REGISTERS.values()}
