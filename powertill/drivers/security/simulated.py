"""A security provider for rehearsal: keys of its own, from a public label, worth nothing on a real meter.

The simulated meter checks the same MACs, so a rehearsal exercises the whole conversation. No
utility's key is or ever was here; a real provider is a client of the utility's encryption machine.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from powertill.core.ports import Identity

LABEL = b"SIMULATED-NOT-FOR-SALE"
MAC_SIZE = 4


def key_of(address: str) -> bytes:
    """Return the rehearsal key of a meter: anyone can compute it, which is the point."""
    return hmac.new(LABEL, address.encode(), hashlib.sha256).digest()


def cipher_of(address: str, random: bytes) -> bytes:
    """Return the 8 bytes that show knowledge of the key for this random number."""
    return hmac.new(key_of(address), b"identity" + random, hashlib.sha256).digest()[:8]


def mac_of(address: str, session: bytes, data: bytes) -> bytes:
    """Return the 4-byte MAC of `data` in one session (random2 and serial number from the meter)."""
    return hmac.new(key_of(address), b"mac" + session + data, hashlib.sha256).digest()[:MAC_SIZE]


class SimulatedSecurity:
    """Authenticates to simulated meters and to nothing else."""

    simulated = True

    def __init__(self, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._random = random

    def authenticate(self, address: str) -> Identity:
        """Return the first message of identity authentication."""
        random = self._random(8)
        return Identity(cipher_of(address, random), random, bytes.fromhex(address)[::-1] + b"\x00\x00")

    def mac(self, address: str, session: bytes, data: bytes) -> bytes:
        """Return the MAC of a command's data."""
        return mac_of(address, session, data)


DRIVER = SimulatedSecurity
