"""Plays a driver's recorded conversation: what is sent must match, what is answered is given, nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from powertill.core.ports import Ask, CreditOrder, LinkFault, MeterConfig, MeterDriver

MOMENTS = ("valid_until", "at")
CASES = Path(__file__).parents[1] / "cases"


@dataclass
class Case:
    """One exchange. `talk`: pairs of what is sent and what is answered, in hex; `??` is a byte that may differ."""

    name: str
    do: str
    talk: list[dict[str, str | None]]
    config: dict[str, Any]
    arguments: dict[str, Any] = field(default_factory=dict)
    gives: Any = None
    fault: str | None = None

    def start(self, driver: MeterDriver) -> Any:
        """Begin the exchange as the product would."""
        arguments = dict(self.arguments)
        for name in MOMENTS:
            if name in arguments:
                arguments[name] = datetime.fromisoformat(arguments[name])
        if "order" in arguments:
            arguments["order"] = CreditOrder(**arguments["order"])
        return getattr(driver, self.do)(MeterConfig(**self.config), **arguments)

    def answers(self) -> Iterator[bytes | None]:
        for turn in self.talk:
            yield None if turn["answer"] is None else bytes.fromhex(turn["answer"])


def cases_of(code: str, beside: Path | None) -> list[Case]:
    """Return the conversation that lies beside the driver, or in tests/cases/<code>."""
    path = beside or CASES / code / "conversation.yaml"
    return [Case(**case) for case in yaml.safe_load(path.read_text(encoding="utf-8"))] if path.is_file() else []


def play(driver: MeterDriver, case: Case) -> Any:
    """Return what the exchange gives; assert every frame on the way."""
    exchange = case.start(driver)
    ask = next(exchange)
    try:
        for turn, answer in zip(case.talk, case.answers(), strict=True):
            assert fits(ask.frame, turn["send"]), f"{case.name}: sent {ask.frame.hex()}, the tape has {turn['send']}"
            ask = hand_over(driver, exchange, ask, answer)
    except StopIteration as done:
        assert turn is case.talk[-1], f"{case.name}: ended before its tape"
        return done.value
    raise AssertionError(f"{case.name}: goes on after its tape with {ask.frame.hex()}")


def hand_over(driver: MeterDriver, exchange: Any, ask: Ask, answer: bytes | None) -> Ask:
    """Bring the answer byte by byte, as a slow line does, and let the driver choose it."""
    if answer is None:
        return exchange.throw(LinkFault("silence"))
    deframer = driver.deframer()
    frames = [frame for place in range(len(answer)) for frame in deframer.feed(answer[place : place + 1])]
    accepted = [frame for frame in frames if ask.accepts(frame)]
    assert len(accepted) == 1, f"{ask.label}: {len(accepted)} of {len(frames)} frames accepted"
    return exchange.send(accepted[0])


def fits(sent: bytes, mask: str | None) -> bool:
    pairs = zip(sent.hex()[::2], sent.hex()[1::2], strict=True)
    mask = mask or ""
    want = [mask[at : at + 2] for at in range(0, len(mask), 2)]
    return len(want) == len(sent) and all(w in ("??", a + b) for w, (a, b) in zip(want, pairs, strict=True))


def plain(value: Any) -> Any:
    """Return a result as YAML would hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, datetime) else value
