"""Orders to the running town over loopback TCP: one line each way, so that a story or a person can play a part."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from powertill.simulators.faults import Fault
from powertill.simulators.meter import Lie, SimulatedMeter
from powertill.trouble import Trouble

from .ports import HOST

if TYPE_CHECKING:
    from .town import Town

LINE_MAX = 200  # bytes
ANSWER_S = 5
OPEN_DI, RECHARGE_DI = "070101FF", "070102FF"


class Control:
    """Listens on one port; each connection brings one order and takes its answer: `ok …` or `no …`."""

    def __init__(self, town: Town, port: int) -> None:
        self._town = town
        self._port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self._port, limit=LINE_MAX)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), ANSWER_S)
            writer.write(f"{self._answer(line)}\n".encode())
            await writer.drain()
        except (ConnectionError, TimeoutError, ValueError):
            pass  # The sender is gone, slow, or talks too much: nothing was ordered.
        finally:
            writer.close()

    def _answer(self, line: bytes) -> str:
        word, _, number = line.decode("ascii", "replace").strip().partition(" ")
        try:
            return f"ok {self.obey(word, number)}"
        except Trouble as trouble:
            return f"no {trouble}"

    def obey(self, word: str, number: str) -> str:
        """Carry out one order and return what came of it. Raise Trouble when it cannot be done."""
        if word not in ORDERS:
            raise Trouble(f"The town knows no order {word!r}.", f"It knows: {', '.join(ORDERS)}.")
        if number not in self._town.meters:
            raise Trouble(
                f"The town has no meter {number!r}.", "Meter numbers are in the console, and in docs/demo-site.md."
            )
        meter = self._town.meter(number)
        self._town.tenants[number].live_until(self._town.clock())
        return ORDERS[word](self._town, meter)


def _press(town: Town, meter: SimulatedMeter) -> str:
    if meter.press_button(town.clock()):
        return "closed"
    why = "it is closed already" if not meter.state.contact_open else "the meter does not permit it"
    raise Trouble(f"The button of {meter.address} closed nothing: {why}.")


def _drop_next_answer(town: Town, meter: SimulatedMeter) -> str:
    di = RECHARGE_DI if meter.state.opened else OPEN_DI
    town.gateway_of(meter.address).faults.once(Fault.LOSE_REPLY, address=meter.address, di=di)
    return f"the answer to the next {'recharge' if meter.state.opened else 'opening'} will be lost"


def _weld(town: Town, meter: SimulatedMeter) -> str:
    meter.lies.add(Lie.WELDED)
    return "welded"


def _offline(town: Town, meter: SimulatedMeter) -> str:
    town.gateway_of(meter.address).meters.pop(meter.address, None)
    return "offline"


def _online(town: Town, meter: SimulatedMeter) -> str:
    town.gateway_of(meter.address).meters[meter.address] = meter
    return "online"


def _see(town: Town, meter: SimulatedMeter) -> str:
    """Return what a person beside the meter sees, and what only its maker knows."""
    state = meter.state
    seen = {
        "powered": meter.powered,
        "contact": "open" if state.contact_open else "closed",
        "permit": state.permit,
        "keep": state.keep,
        "cut_reason": state.cut_reason,
        "remaining_minor": state.remaining_minor,
        "overdraft_minor": state.overdraft_minor,
        "count": state.count,
        "customer": state.customer,
        "opened": state.opened,
        "watts": sum(meter.watts),
        "import_wh": state.import_wh,
        "export_wh": state.export_wh,
        "online": meter.address in town.gateway_of(meter.address).meters,
        "at": town.clock().isoformat(),
    }
    return json.dumps(seen)


ORDERS: dict[str, Callable[[Town, SimulatedMeter], str]] = {
    "press": _press,
    "drop-next-answer": _drop_next_answer,
    "weld": _weld,
    "offline": _offline,
    "online": _online,
    "see": _see,
}
