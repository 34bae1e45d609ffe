"""The driver and the simulated meter over a real socket, with everything that a line does to frames."""

from datetime import timedelta

import pytest

from powertill.core.delivery import Event, conclude
from powertill.core.ports import Contact, CreditOrder, LinkFault, MeterFault, RelayAnswer
from powertill.simulators.faults import Fault, Faults, Rates
from powertill.simulators.gateway import SimulatedGateway
from powertill.simulators.meter import Lie, MeterSetup, SimulatedMeter
from tests.contracts.conftest import CUSTOMER
from tests.contracts.talk import Moment, Wire, run_until_read, serving

RECHARGE, IDENTITY = "070102FF", "070000FF"


def order(amount_minor=5000, count=2, customer=CUSTOMER):
    return CreditOrder(amount_minor, count, customer)


def write(line, wire, this):
    """Send one order and give back the reason it failed, if it did."""
    try:
        wire.run(line.driver.write_credit(line.config, this))
    except LinkFault:
        return "no answer"
    except MeterFault as fault:
        return fault.code
    return ""


def look(line, wire):
    return run_until_read(wire, lambda: line.driver.read_credit(line.config))


def test_a_purchase_moves_the_purse_by_exactly_its_amount(line):
    wire = line.connect()
    before = look(line, wire)
    assert (before.remaining_minor, before.purchase_count, before.customer_number) == (10_000, 1, CUSTOMER)
    assert write(line, wire, order()) == ""
    after = look(line, wire)
    assert (after.remaining_minor, after.purchase_count) == (15_000, 2)
    assert (after.last_amount_minor, after.last_before_minor, after.last_after_minor) == (5000, 10_000, 15_000)
    assert conclude(before=before, after=after, amount_minor=5000) is Event.MOVED_AS_ORDERED


@pytest.mark.parametrize(
    ("fault", "di", "told", "event"),
    [
        (Fault.LOSE_REQUEST, IDENTITY, "no answer", Event.NOT_MOVED),
        (Fault.LOSE_REPLY, IDENTITY, "no answer", Event.NOT_MOVED),
        (Fault.LOSE_REQUEST, RECHARGE, "no answer", Event.NOT_MOVED),
        (Fault.LOSE_REPLY, RECHARGE, "no answer", Event.MOVED_AS_ORDERED),
        (Fault.GARBLE, RECHARGE, "no answer", Event.MOVED_AS_ORDERED),
        (Fault.REORDER, RECHARGE, "no answer", Event.MOVED_AS_ORDERED),
        (Fault.DUPLICATE, RECHARGE, "", Event.MOVED_AS_ORDERED),
        (Fault.ECHO, RECHARGE, "", Event.MOVED_AS_ORDERED),
        (Fault.NOISE, RECHARGE, "", Event.MOVED_AS_ORDERED),
    ],
)
def test_whatever_the_line_does_reading_back_tells_the_truth(line, fault, di, told, event):
    wire = line.connect()
    before = look(line, wire)
    line.faults.once(fault, address=line.meter.address, di=di)
    assert write(line, wire, order()) == told
    assert conclude(before=before, after=look(line, wire), amount_minor=5000) is event


def test_a_repeated_order_is_refused_by_the_meter_and_counted_once(line):
    wire = line.connect()
    line.faults.once(Fault.LOSE_REPLY, di=RECHARGE)
    assert write(line, wire, order()) == "no answer"
    assert write(line, wire, order()) == "meter.repeat_recharge"
    assert (line.meter.state.remaining_minor, line.meter.state.count) == (15_000, 2)


@pytest.mark.parametrize(
    ("this", "code"),
    [
        (order(count=4), "meter.count"),
        (order(customer="000000000001"), "meter.customer"),
        (CreditOrder(5000, 2, CUSTOMER, opening=True), "meter.refused"),
    ],
)
def test_the_meter_refuses_and_nothing_moves(line, this, code):
    wire = line.connect()
    assert write(line, wire, this) == code
    assert (line.meter.state.remaining_minor, line.meter.state.count) == (10_000, 1)


def test_hoarding_is_limited(line):
    line.meter.state.parameters["hoarding_limit"] = 12_000
    assert write(line, line.connect(), order()) == "meter.over_limit"
    assert write(line, line.connect(), order(amount_minor=2000)) == ""


def test_two_stations_race_and_one_wins(line):
    here, there = line.connect(), line.connect()
    before = look(line, here)
    assert write(line, here, order(amount_minor=5000)) == ""
    assert write(line, there, order(amount_minor=3000)) == "meter.repeat_recharge"
    after = look(line, there)
    assert conclude(before=before, after=after, amount_minor=5000) is Event.MOVED_AS_ORDERED
    assert conclude(before=before, after=after, amount_minor=3000) is Event.MOVED_OTHERWISE


def test_a_second_session_ends_the_first_so_its_mac_is_refused(line):
    """Station two authenticates between the two frames of station one."""
    here, there = line.connect(), line.connect()
    slow = line.driver.write_credit(line.config, order())
    answer = here._answer(next(slow))
    recharge = slow.send(answer)
    assert write(line, there, order()) == ""
    with pytest.raises(MeterFault, match=r"meter\.security"):
        slow.send(here._answer(recharge))
    assert line.meter.state.count == 2


def test_a_session_ends_after_five_minutes(line):
    wire = line.connect()
    slow = line.driver.write_credit(line.config, order())
    recharge = slow.send(wire._answer(next(slow)))
    line.clock.pass_by(minutes=5)
    with pytest.raises(MeterFault, match=r"meter\.authentication"):
        slow.send(wire._answer(recharge))


def test_fifteen_wrong_authentications_suspend_the_meter_for_the_day(line):
    wire, stranger = line.connect(), line.meter.address[:-1] + "9"

    class WrongKeys:
        simulated = True

        def authenticate(self, address):
            from powertill.drivers.security.simulated import SimulatedSecurity

            return SimulatedSecurity().authenticate(stranger)

        def mac(self, address, session, data):
            return bytes(4)

    wrong = type(line.driver)(lambda name: WrongKeys())
    codes = []
    for _ in range(16):
        with pytest.raises(MeterFault) as fault:
            wire.run(wrong.write_credit(line.config, order()))
        codes.append(fault.value.code)
    assert codes == ["meter.authentication"] * 15 + ["meter.suspended"]
    assert write(line, wire, order()) == "meter.suspended"
    line.clock.pass_by(days=1)
    assert write(line, wire, order()) == ""


def test_a_meter_that_answers_error_after_it_took_the_money_is_found_out(line):
    wire = line.connect()
    before = look(line, wire)
    line.meter.lies = {Lie.ERROR_AFTER_WRITE}
    assert write(line, wire, order()) == "meter.refused"
    assert conclude(before=before, after=look(line, wire), amount_minor=5000) is Event.MOVED_AS_ORDERED


def test_a_frozen_balance_never_passes_for_a_purchase_without_its_record(line):
    wire = line.connect()
    line.meter.lies = {Lie.FROZEN_BALANCE}
    before = look(line, wire)
    assert write(line, wire, order()) == ""
    after = look(line, wire)
    assert (after.remaining_minor, after.purchase_count, after.last_after_minor) == (10_000, 2, 15_000)
    assert after.remaining_minor != before.remaining_minor + 5000


def test_a_purchase_during_the_look_makes_the_driver_look_again(line):
    wire = line.connect()
    exchange = line.driver.read_credit(line.config)
    ask, labels = next(exchange), []
    try:
        for _ in range(100):
            labels.append(ask.label)
            if len(labels) == 3:
                assert write(line, line.connect(), order()) == ""
            ask = exchange.send(wire._answer(ask))
    except StopIteration as done:
        assert (done.value.purchase_count, done.value.remaining_minor) == (2, 15_000)
    assert labels.count("security 078102FF") == 4


def test_without_a_status_query_the_registers_do(line):
    config = line.meter.setup.driver_config(status_query="no")
    seen = line.connect().run(line.driver.read_credit(config))
    assert (seen.remaining_minor, seen.purchase_count, seen.customer_number) == (10_000, 1, CUSTOMER)


def test_preset_credit_before_opening_and_refund_after(driver):
    meter, clock = SimulatedMeter(MeterSetup("000000000007"), lambda at: (0,)), Moment()
    meter.advance(clock.now)
    config = meter.setup.driver_config()
    with serving(SimulatedGateway([meter], clock)) as port:
        wire = Wire(port, driver)
        wire.run(driver.preset_credit(config, 2000))
        assert meter.powered and wire.run(driver.read_credit(config)).remaining_minor == 2000
        wire.run(driver.write_credit(config, CreditOrder(8000, 1, CUSTOMER, opening=True)))
        with pytest.raises(MeterFault, match=r"meter\.count"):
            wire.run(driver.preset_credit(config, 2000))
        wire.run(driver.refund_credit(config, CreditOrder(3000, 2, CUSTOMER)))
        seen = wire.run(driver.read_credit(config))
        assert (seen.remaining_minor, seen.purchase_count, seen.last_amount_minor) == (7000, 2, None)
        wire.close()


def test_a_noisy_line_gives_no_wrong_reading(line):
    """A tenth of everything goes wrong at once; 200 readings are right or absent."""
    line.faults.rates = Rates(*[100] * 8, delay_ms_max=300)
    wire, right, absent = Wire(line.connect()._port, line.driver, timeout_s=0.05), 0, 0
    for _ in range(200):
        try:
            seen = wire.run(line.driver.read_relay(line.config))
        except LinkFault:
            absent += 1
        else:
            right += (seen.contact, seen.raw) == (Contact.CLOSED, "0200")
    wire.close()
    assert right + absent == 200 and right > 80


def test_the_clock_is_set_and_read_back(line):
    wire = line.connect()
    at = line.clock.now + timedelta(hours=3, seconds=20)
    config = line.meter.setup.driver_config(write_password="000000")
    wire.run(line.driver.set_clock(config, at))
    assert wire.run(line.driver.read(config)).clock_at == at
    midnight = at.replace(hour=15, minute=59)  # 23:59 in Shanghai
    with pytest.raises(MeterFault, match=r"meter\.busy"):
        wire.run(line.driver.set_clock(config, midnight))


def test_a_wrong_password_has_a_code_of_its_own_and_five_lock_the_day(line):
    wire, until = line.connect(), line.clock.now + timedelta(minutes=5)
    wrong = line.meter.setup.driver_config(password="654321")
    for _ in range(5):
        with pytest.raises(MeterFault, match=r"meter\.password"):
            wire.run(line.driver.direct_close(wrong, valid_until=until))
    with pytest.raises(MeterFault, match=r"meter\.password"):
        wire.run(line.driver.direct_close(line.config, valid_until=until))
    line.clock.pass_by(days=1)
    until = line.clock.now + timedelta(minutes=5)
    assert wire.run(line.driver.direct_close(line.config, valid_until=until)) is RelayAnswer.ACCEPTED


@pytest.mark.parametrize("missing", ["password", "security"])
def test_a_missing_setting_is_said_before_a_byte_is_sent(line, missing):
    config = line.meter.setup.driver_config(**{missing: ""})
    exchange = (
        line.driver.write_credit(config, order())
        if missing == "security"
        else line.driver.trip(config, valid_until=line.clock.now)
    )
    with pytest.raises(MeterFault, match=r"meter\.se"):
        next(exchange)


def test_the_gateway_answers_for_many_meters_and_stops_cleanly(driver):
    clock = Moment()
    meters = [SimulatedMeter(MeterSetup(f"{number:012d}"), lambda at: (0,)) for number in range(1, 41)]
    for meter in meters:
        meter.advance(clock.now)
    gateway = SimulatedGateway(meters, clock, Faults(3, Rates(delay=500, delay_ms_max=20)))
    with serving(gateway) as port:
        wire = Wire(port, driver)
        for meter in meters:
            wire.run(driver.read_relay(meter.setup.driver_config()))
    wire.close()
    with pytest.raises(LinkFault):
        Wire(port, driver).run(driver.read_relay(meters[0].setup.driver_config()))
