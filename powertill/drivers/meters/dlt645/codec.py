"""Frames of DL/T 645-2007: building them, checking them, and finding them in a noisy byte stream.

(FE x 0..4) 68 A0..A5 68 C L DATA[L] CS 16, the address and every number low byte first, each DATA
byte sent +33H, CS the sum modulo 256 from the first 68 through the last DATA byte.
"""

from dataclasses import dataclass

START, END, SHIFT, WAKE = 0x68, 0x16, 0x33, 0xFE
DATA_MAX = 255
HEADER = 10  # from the first 68 through L
FRAME_MAX = HEADER + DATA_MAX + 2
ADDRESS_ANY, ADDRESS_ALL = "AAAAAAAAAAAA", "999999999999"

REPLY, ERROR, MORE = 0x80, 0x40, 0x20
READ, WRITE, CONTROL, SECURITY, SET_TIME, READ_ADDRESS = 0x11, 0x14, 0x1C, 0x03, 0x08, 0x13

_UP = bytes((value + SHIFT) & 0xFF for value in range(256))
_DOWN = bytes((value - SHIFT) & 0xFF for value in range(256))


class DecodeError(ValueError):
    """These bytes are not what DL/T 645 says they should be. Raised on rubbish and nothing else."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `address` as people read it (12 digits, high first), `data` without the +33H."""

    address: str
    control: int
    data: bytes = b""

    @property
    def function(self) -> int:
        return self.control & 0x1F

    @property
    def is_reply(self) -> bool:
        return bool(self.control & REPLY)

    @property
    def is_error(self) -> bool:
        return bool(self.control & ERROR)


def encode(frame: Frame, *, wake: int = 0) -> bytes:
    """Return the frame's bytes after `wake` wake-up bytes FE. Raise `DecodeError` for what cannot be sent."""
    if len(frame.data) > DATA_MAX or not 0 <= frame.control <= 0xFF or wake < 0:
        raise DecodeError(f"cannot send {len(frame.data)} data bytes with control {frame.control}")
    head = bytes((START,)) + address_bytes(frame.address) + bytes((START, frame.control, len(frame.data)))
    body = head + frame.data.translate(_UP)
    return bytes((WAKE,)) * wake + body + bytes((sum(body) & 0xFF, END))


def decode(raw: bytes) -> Frame:
    """Return the one frame that `raw` is, wake-up bytes allowed. Raise `DecodeError`."""
    body = raw.lstrip(bytes((WAKE,)))
    if len(body) < HEADER + 2 or body[0] != START or body[7] != START:
        raise DecodeError(f"no frame: {raw[:20].hex()}")
    length = body[9]
    if len(body) != HEADER + length + 2:
        raise DecodeError(f"the frame says {length} data bytes and has {len(body) - HEADER - 2}")
    if body[-1] != END:
        raise DecodeError(f"the frame ends in {body[-1]:02X}")
    if sum(body[:-2]) & 0xFF != body[-2]:
        raise DecodeError(f"wrong checksum {body[-2]:02X}")
    return Frame(_address(body[1:7]), body[8], body[HEADER:-2].translate(_DOWN))


def address_bytes(address: str) -> bytes:
    """Return the six wire bytes of a 12-digit address (or of AA..AA). Raise `DecodeError`."""
    digits = address.isascii() and address.isdigit()
    if len(address) != 12 or not (digits or address == ADDRESS_ANY):
        raise DecodeError(f"not a meter address: {address[:20]!r}")
    return bytes.fromhex(address)[::-1]


def _address(wire: bytes) -> str:
    address = wire[::-1].hex().upper()
    if not address.isdigit() and address != ADDRESS_ANY:
        raise DecodeError(f"not a meter address: {address}")
    return address


class Deframer:
    """Cuts a stream into frames. Noise, echoes, wake-up bytes and lying lengths are stepped over.

    After bytes that only looked like a frame the search goes on from the byte behind their first 68,
    because noise may contain 68. No more than one whole frame (267 bytes) is kept between calls.
    """

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take received bytes and return the whole, checked frames that they complete, in order."""
        self._kept += data
        frames: list[bytes] = []
        at = 0
        while True:  # ends: each turn moves `at` forward in a buffer of fixed length
            at = self._kept.find(START, at)
            if at < 0:
                self._kept.clear()
                return frames
            length = self._length(at)
            if length is None:
                del self._kept[:at]
                return frames
            candidate = bytes(self._kept[at : at + length])
            if length and _is_frame(candidate):
                frames.append(candidate)
                at += length
            else:
                at += 1

    def _length(self, at: int) -> int | None:
        """Return the length of the frame that may start at `at`; 0: none does; None: more bytes are needed."""
        have = len(self._kept) - at
        if have > 7 and self._kept[at + 7] != START:
            return 0
        if have < HEADER:
            return None
        length = HEADER + self._kept[at + 9] + 2
        return length if have >= length else None


def _is_frame(candidate: bytes) -> bool:
    try:
        decode(candidate)
    except DecodeError:
        return False
    return True
