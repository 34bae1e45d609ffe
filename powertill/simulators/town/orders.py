"""Give an order to the town that runs in a home: press a button, weld a switch, lose an answer."""

import socket
from pathlib import Path

from powertill.trouble import Trouble

from .ports import HOST, read

TIMEOUT_S = 15  # the town may be busy with a jump of the clock
ANSWER_MAX = 4096  # bytes


def give(home: Path, word: str, number: str) -> str:
    """Return the town's answer. Raise Trouble when it refuses, or when no town runs in this home."""
    port = read(home / "town.json").control
    try:
        with socket.create_connection((HOST, port), timeout=TIMEOUT_S) as line:
            line.sendall(f"{word} {number}\n".encode())
            answer = _read_line(line)
    except OSError as error:
        raise Trouble(f"No simulated town answers in {home}: {error}.", "Start one with `powertill town`.") from error
    done, _, text = answer.partition(" ")
    if done != "ok":
        raise Trouble(text or "The town hung up.")
    return text


def _read_line(line: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\n") and len(answer) < ANSWER_MAX:
        part = line.recv(ANSWER_MAX)
        if not part:
            break
        answer += part
    return answer.decode().strip()
