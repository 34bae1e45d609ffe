"""What every meter driver must do. A driver that is found is tested: nothing lists it here."""

import inspect

import pytest

from powertill import drivers
from powertill.core.ports import Capability, LinkFault, MeterFault
from tests.contracts.tape import cases_of, fits, plain, play

FOUND = drivers.found("meters")
CASES = [(code, case) for code, found in FOUND.items() for case in cases_of(code, found.tape)]
EACH = pytest.mark.parametrize("code", FOUND)
EACH_CASE = pytest.mark.parametrize(("code", "case"), CASES, ids=[f"{code}: {case.name}" for code, case in CASES])
NEEDS = {
    Capability.READ: ("read",),
    Capability.RELAY: ("trip", "permit_close"),
    Capability.READS_BACK_RELAY: ("read_relay",),
    Capability.KEEP_POWER: ("keep_power",),
    Capability.CREDIT: ("write_credit",),
    Capability.READS_BACK_CREDIT: ("read_credit",),
    Capability.CLOCK: ("set_clock",),
}


@EACH
def test_it_keeps_the_port(code):
    driver = drivers.meter_driver(code)
    assert driver.info.code == code and driver.info.name
    wanted = {name for capability in driver.info.capabilities for name in NEEDS[capability]} | {"deframer"}
    assert wanted <= set(dir(driver))
    names = [field.name for field in driver.info.fields]
    assert len(names) == len(set(names))
    assert all(field.secret for field in driver.info.fields if "password" in field.name or "key" in field.name)


@EACH
def test_every_capability_that_it_declares_is_on_its_tape(code):
    driver = drivers.meter_driver(code)
    played = {case.do for of, case in CASES if of == code and case.fault is None}
    for capability in driver.info.capabilities:
        assert set(NEEDS[capability]) <= played, f"{code} declares {capability} without a recorded conversation"


@EACH
def test_its_deframer_keeps_little_of_endless_noise(code):
    deframer = drivers.meter_driver(code).deframer()
    for _ in range(100):
        deframer.feed(b"\x68\x00\xff\x30\r" * 200)
    kept = [value for value in vars(deframer).values() if isinstance(value, bytes | bytearray | list)]
    assert all(len(value) <= 4096 for value in kept)


@EACH_CASE
def test_it_speaks_as_on_its_tape(code, case):
    driver = drivers.meter_driver(code)
    if case.fault:
        with pytest.raises((MeterFault, LinkFault)) as fault:
            play(driver, case)
        assert getattr(fault.value, "code", "link") == case.fault
        return
    given = plain(play(driver, case))
    wanted = case.gives
    if isinstance(wanted, dict):
        given = {name: given[name] for name in wanted}
    assert given == wanted


@EACH_CASE
def test_it_does_nothing_before_it_is_asked_to_and_takes_no_echo_for_an_answer(code, case):
    exchange = case.start(drivers.meter_driver(code))
    assert inspect.isgenerator(exchange)
    ask = next(exchange)
    assert not ask.accepts(ask.frame)
    assert not ask.accepts(b"")
    exchange.close()


@EACH_CASE
def test_silence_at_any_point_ends_in_a_fault_or_a_result_and_nothing_else(code, case):
    for turns in range(len(case.talk)):
        end_quietly(code, case, turns, lambda exchange: exchange.throw(LinkFault("silence")))


@EACH_CASE
def test_a_broken_answer_at_any_point_ends_in_a_fault_or_a_result_and_nothing_else(code, case):
    for turns, answer in enumerate(case.answers()):
        for broken in broken_forms(answer or b""):
            end_quietly(code, case, turns, lambda exchange, raw=broken: exchange.send(raw))


def broken_forms(answer):
    """The answer cut short, with each byte turned in one bit, and pure rubbish: what no line check would let by."""
    yield from (answer[:-1], b"", b"\xff" * 20, b"OK")
    for place in range(len(answer)):
        yield answer[:place] + bytes((answer[place] ^ 0x40,)) + answer[place + 1 :]


def end_quietly(code, case, turns, end):
    """Play `turns` turns of the tape, then do `end` until the exchange stops: only the two faults may come out."""
    exchange = case.start(drivers.meter_driver(code))
    ask = next(exchange)
    try:
        for turn, answer in list(zip(case.talk, case.answers(), strict=True))[:turns]:
            assert fits(ask.frame, turn["send"])
            ask = exchange.throw(LinkFault("silence")) if answer is None else exchange.send(answer)
        for _ in range(100):
            ask = end(exchange)
    except (StopIteration, LinkFault, MeterFault):
        return
    raise AssertionError(f"{case.name}: does not end")
