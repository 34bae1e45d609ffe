"""HOME/town.json: the loopback ports of the simulated gateways, chosen once so that the database's rows stay right."""

import json
import os
import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from powertill.trouble import Trouble

from .site import GATEWAYS

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on loopback: one for each gateway, one for orders to the town."""

    gateways: dict[str, int]
    control: int


def ports(home: Path) -> Ports:
    """Return the ports of this home's town; free ones are chosen and kept at the first call."""
    path = home / "town.json"
    if not path.exists():
        _keep(path, _free())
    return read(path)


def read(path: Path) -> Ports:
    """Return the ports kept in a file. Raise Trouble when it is missing or not such a file."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        return Ports({code: int(kept["gateways"][code]) for code in GATEWAYS}, int(kept["control"]))
    except FileNotFoundError as error:
        raise Trouble(f"There is no {path}: no simulated town has been here.", "Run `powertill seed`.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(f"{path} is not a town: {error!r}.", "Remove it, and seed an empty home.") from error


def _free() -> Ports:
    with ExitStack() as doors:
        # All are held at once, so that no port is found twice.
        found = [doors.enter_context(socket.create_server((HOST, 0))) for _ in (*GATEWAYS, "control")]
        *gateways, control = (door.getsockname()[1] for door in found)
    return Ports(dict(zip(GATEWAYS, gateways, strict=True)), control)


def _keep(path: Path, chosen: Ports) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"town.json.{os.getpid()}")
    draft.write_text(json.dumps(asdict(chosen)) + "\n", "utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process was first: its ports count.
    finally:
        draft.unlink()
