"""The security module of a simulated meter: identity sessions, MACs, and the lock after too many failures."""

import hashlib
import hmac
from dataclasses import dataclass

from powertill.drivers.security.simulated import MAC_SIZE, cipher_of, key_of, mac_of

from . import purse
from .state import State

SESSION_S = 5 * 60
FAILURES_MAX = 15
IDENTITY_SIZE = 24


@dataclass(slots=True)
class SecurityModule:
    """Works on the state of one meter. `at`: the meter's clock in epoch seconds, `day`: its local date."""

    state: State
    address: str
    at: int
    day: str

    def suspended(self) -> bool:
        """Return True when 15 failures in a row have locked the meter for the rest of the day."""
        if self.state.failures_day != self.day:
            self.state.failures = 0
        return self.state.failures >= FAILURES_MAX

    def authenticate(self, body: bytes) -> tuple[int, bytes]:
        """Check the first message; return SERR and random2 with the serial number, which name the session."""
        cipher, random = body[:8], body[8:16]
        right = hmac.compare_digest(cipher, cipher_of(self.address, random))
        if len(body) != IDENTITY_SIZE or not right or body[16:22] != bytes.fromhex(self.address)[::-1]:
            return self._failed(purse.AUTHENTICATION), b""
        self.state.failures = 0
        self.state.authentications += 1
        session = self._derive(b"random2" + str(self.state.authentications).encode(), 4) + self._derive(b"serial", 8)
        self.state.session, self.state.session_until = session.hex(), self.at + SESSION_S
        return 0, session

    def check(self, *pairs: tuple[bytes, bytes]) -> int:
        """Return 0 when the session is open and every (data, MAC) is right, otherwise SERR."""
        if not self.state.session or self.at >= self.state.session_until:
            return purse.AUTHENTICATION
        session = bytes.fromhex(self.state.session)
        for data, mac in pairs:
            if len(mac) != MAC_SIZE or not hmac.compare_digest(mac, mac_of(self.address, session, data)):
                return self._failed(purse.ESAM)
        self.state.failures = 0
        return 0

    def seal(self, data: bytes) -> bytes:
        """Return `data` with a MAC; outside a session it is made with an empty one."""
        return data + mac_of(self.address, bytes.fromhex(self.state.session), data)

    def _failed(self, serr: int) -> int:
        if self.state.failures_day != self.day:
            self.state.failures, self.state.failures_day = 0, self.day
        self.state.failures += 1
        return serr

    def _derive(self, label: bytes, size: int) -> bytes:
        return hmac.new(key_of(self.address), label, hashlib.sha256).digest()[:size]
