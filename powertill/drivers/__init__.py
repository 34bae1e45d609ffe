"""Finds drivers: a file or folder under drivers/<kind>/ is one, and nothing lists them.

Three places are searched: this package, the folders named in POWERTILL_DRIVERS (each holding
`meters/`, `notify/` ... like this one), and the entry point groups `powertill.<kind>` of installed
packages. A driver module has one name `DRIVER`, a class that is made without arguments.
"""

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from zlib import crc32

from powertill.core.ports import MeterDriver, NotifyDriver, SecurityProvider

SEARCH_PATH = "POWERTILL_DRIVERS"
DRIVERS_MAX = 500  # per kind: more is a wrong folder, not a fleet of drivers


class UnknownDriver(LookupError):
    """No driver of that kind has that code."""


class BrokenDriver(RuntimeError):
    """A driver was found and cannot be used; the text says which file and why."""


@dataclass(frozen=True, slots=True)
class Found:
    """One driver as it was found. `tape` is its recorded conversation, when it lies beside it."""

    kind: str
    code: str
    make: type[Any]
    path: Path | None

    @property
    def tape(self) -> Path | None:
        """Return the recorded conversation: in the driver's folder, or beside its file."""
        if self.path is None:
            return None
        inside = self.path.name == "__init__.py"
        tape = self.path.with_name("conversation.yaml" if inside else f"{self.code}.conversation.yaml")
        return tape if tape.is_file() else None


def found(kind: str) -> dict[str, Found]:
    """Return every driver of a kind by its code. Raise `BrokenDriver` for one that does not load."""
    return dict(_found(kind, os.environ.get(SEARCH_PATH, "")))


def make(kind: str, code: str) -> Any:
    """Make the driver of this kind and code. Raise `UnknownDriver` or `BrokenDriver`."""
    drivers = _found(kind, os.environ.get(SEARCH_PATH, ""))
    if code not in drivers:
        raise UnknownDriver(f"no {kind} driver is called {code!r}; there are: {', '.join(sorted(drivers)) or 'none'}")
    return drivers[code].make()


def meter_driver(code: str) -> MeterDriver:
    """Make a meter driver, for example `dlt645`."""
    return cast(MeterDriver, make("meters", code))


def notify_driver(code: str) -> NotifyDriver:
    """Make a notify driver, for example `email`."""
    return cast(NotifyDriver, make("notify", code))


def security_provider(code: str) -> SecurityProvider:
    """Make a security provider, for example `simulated`."""
    return cast(SecurityProvider, make("security", code))


@lru_cache(maxsize=64)
def _found(kind: str, search_path: str) -> dict[str, Found]:
    drivers: dict[str, Found] = {}
    for driver in _search(kind, search_path):
        if driver.code in drivers:
            raise BrokenDriver(
                f"two {kind} drivers are called {driver.code!r}: {drivers[driver.code].path}, {driver.path}"
            )
        drivers[driver.code] = driver
        if len(drivers) > DRIVERS_MAX:
            raise BrokenDriver(f"more than {DRIVERS_MAX} {kind} drivers: a wrong folder in {SEARCH_PATH}?")
    return drivers


def _search(kind: str, search_path: str) -> Iterator[Found]:
    package = f"{__name__}.{kind}"
    home = Path(__file__).parent / kind
    for name in _names(home):
        yield _as_found(kind, name, importlib.import_module(f"{package}.{name}"))
    for folder in filter(None, search_path.split(os.pathsep)):
        for name in _names(Path(folder) / kind):
            yield _as_found(kind, name, _load(kind, name, Path(folder) / kind))
    for point in entry_points(group=f"powertill.{kind}"):
        yield _as_found(kind, point.name, importlib.import_module(point.module))


def _names(folder: Path) -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules([str(folder)]) if not module.name.startswith("_"))


def _load(kind: str, name: str, folder: Path) -> ModuleType:
    package = folder / name / "__init__.py"
    path = package if package.is_file() else folder / f"{name}.py"
    # The name carries the folder, so that two search paths never share one module.
    full_name = f"powertill_driver_{crc32(str(path).encode()):08x}_{kind}_{name}"
    if full_name in sys.modules:
        return sys.modules[full_name]
    spec = importlib.util.spec_from_file_location(full_name, path)
    if spec is None or spec.loader is None:
        raise BrokenDriver(f"{path}: not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as fault:
        del sys.modules[full_name]
        raise BrokenDriver(f"{path}: {type(fault).__name__}: {fault}") from fault
    return module


def _as_found(kind: str, name: str, module: ModuleType) -> Found:
    path = Path(module.__file__) if module.__file__ else None
    maker = getattr(module, "DRIVER", None)
    if not isinstance(maker, type):
        raise BrokenDriver(f"{path}: a driver module needs a class called DRIVER")
    info = getattr(maker, "info", None)
    if info is not None and info.code != name:
        raise BrokenDriver(f"{path}: the driver calls itself {info.code!r} but its file is {name!r}")
    return Found(kind, name, maker, path)
