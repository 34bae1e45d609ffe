"""Luck that is the same every time: numbers drawn by hashing, without a state that a restart could lose."""

from hashlib import blake2b


def draw(seed: int, *what: int | str) -> int:
    """Return a number of 64 bits that depends on the arguments alone."""
    text = "|".join(map(str, (seed, *what)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
