"""The rehearsal town: 64 simulated meters behind four simulated gateways, moved along by the shared clock."""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from powertill.simulators.faults import Faults
from powertill.simulators.gateway import SimulatedGateway
from powertill.simulators.meter import SimulatedMeter
from powertill.trouble import Trouble

from .control import Control
from .meters import build_all
from .ports import HOST, ports
from .site import GATEWAYS, SEED, STORY, UNITS
from .tenant import Tenant

TICK_S = 1  # real seconds between two looks at the clock
LOCK_S_MAX = 8  # for a town whose supervisor was killed to go away
LOCK_RETRY_S = 0.2


class Town:
    """Serves HOME's town while it is entered (`async with`). `clock` gives the simulated moment."""

    def __init__(self, home: Path, clock: Callable[[], datetime]) -> None:
        self.home = home
        self.clock = clock
        kept = ports(home)
        self.ports = kept.gateways
        self._lock: IO[str] | None = None
        self.meters: dict[str, SimulatedMeter] = {}
        self.tenants: dict[str, Tenant] = {}
        self.gateways: dict[str, SimulatedGateway] = {}
        self._control = Control(self, kept.control)
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on all ports. Raise Trouble when a town runs in this home or a port is taken."""
        self._lock = await asyncio.to_thread(lock, self.home)
        self.meters = build_all(self.home)
        # The story's customer presses the button when the story says so, nobody else does.
        self.tenants = {number: Tenant(meter, at_home=number != STORY.number) for number, meter in self.meters.items()}
        for place, code in enumerate(GATEWAYS):
            self.gateways[code] = self._gateway(code, seed=SEED + place)
        self.tick()
        try:
            for gateway in self.gateways.values():
                await gateway.start()
            await self._control.start()
        except OSError as error:
            await self.stop()
            raise Trouble(
                f"A port of the simulated town is taken: {error}.", f"See {self.home / 'town.json'}."
            ) from error
        self._ticking = asyncio.create_task(self._tick_on())

    async def stop(self) -> None:
        """Stop listening and let go of the home. What the meters hold is in their memories already."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        await self._control.stop()
        for gateway in self.gateways.values():
            await gateway.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def __aenter__(self) -> "Town":
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def meter(self, number: str) -> SimulatedMeter:
        """Return a meter by its number; KeyError for one that the town does not have."""
        return self.meters[number]

    def gateway_of(self, number: str) -> SimulatedGateway:
        """Return the gateway that a meter is wired to, whether it answers there or not."""
        return self.gateways[_WIRES[number]]

    def tick(self) -> None:
        """Bring every meter up to the clock; tenants do what they would have done meanwhile."""
        now = self.clock()
        for tenant in self.tenants.values():
            tenant.live_until(now)

    def order(self, word: str, number: str) -> str:
        """Do what an order of the control channel says; return its answer. Raise Trouble when it cannot be done."""
        return self._control.obey(word, number)

    async def _tick_on(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = self.clock()
            for tenant in self.tenants.values():
                tenant.live_until(now)
                await asyncio.sleep(0)  # After a long jump frames must not wait for all the others.

    def _gateway(self, code: str, *, seed: int) -> SimulatedGateway:
        wired = [self.meters[unit.number] for unit in UNITS if unit.gateway == code]
        return SimulatedGateway(wired, self.clock, Faults(seed=seed), host=HOST, port=self.ports[code])


_WIRES = {unit.number: unit.gateway for unit in UNITS}


def lock(home: Path, *, wait_s_max: float | None = None) -> IO[str]:
    """Take the home's meters for this process until the file is closed. Raise Trouble when another keeps them."""
    folder = home / "town"
    folder.mkdir(parents=True, exist_ok=True)
    held = (folder / "lock").open("a+")
    deadline = time.monotonic() + (LOCK_S_MAX if wait_s_max is None else wait_s_max)
    while not _try_lock(held):
        if time.monotonic() > deadline:
            held.close()
            raise Trouble(f"The simulated town of {home} runs in another process.", "Stop that one first.")
        time.sleep(LOCK_RETRY_S)
    held.truncate(0)
    held.write(f"{os.getpid()}\n")
    held.flush()
    return held


def _try_lock(held: IO[str]) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
