"""One proof and what contradicts it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold, how many rows were looked at, and the rows that differ, as people read them."""

    code: str
    title: str
    looked_at: int
    rows: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Tell whether nothing contradicts it."""
        return not self.rows
