"""The switch: what is asked, what the meter does, and what reading back shows."""

from datetime import timedelta

import pytest

from powertill.core.ports import Contact, CreditOrder, MeterFault, RelayAnswer
from powertill.simulators.meter import Lie, MeterSetup, SimulatedMeter, converse
from tests.contracts.conftest import CUSTOMER
from tests.contracts.talk import NOON

OPEN, CLOSED = Contact.OPEN, Contact.CLOSED


class Bench:
    """One meter, the driver, and a hand on the clock."""

    def __init__(self, driver, *, credit_minor=10_000, watts=1000, **setup):
        self.driver, self.now, self.watts = driver, NOON, watts
        self.meter = SimulatedMeter(MeterSetup("000000000009", zone="Asia/Shanghai", **setup), lambda at: (self.watts,))
        self.meter.advance(self.now)
        self.config = self.meter.setup.driver_config(defer_above_ma="20000")
        if credit_minor:
            self.buy(credit_minor, opening=True)
            self.meter.press_button(self.now)

    def buy(self, amount_minor, opening=False):
        order = CreditOrder(amount_minor, self.meter.state.count + 1, CUSTOMER, opening)
        converse(self.driver.write_credit(self.config, order), self.meter, self.now)

    def do(self, method, **options):
        until = self.now + timedelta(minutes=5)
        return converse(getattr(self.driver, method)(self.config, valid_until=until, **options), self.meter, self.now)

    def wait(self, **duration):
        self.now += timedelta(**duration)
        self.meter.advance(self.now)

    def seen(self):
        relay = converse(self.driver.read_relay(self.config), self.meter, self.now)
        return relay.contact, relay.commanded, relay.permitted


def test_trip_then_permission_then_the_button(driver):
    bench = Bench(driver)
    assert bench.do("trip") is RelayAnswer.ACCEPTED
    assert bench.seen() == (OPEN, OPEN, False)
    assert not bench.meter.press_button(bench.now)
    assert bench.do("permit_close") is RelayAnswer.ACCEPTED
    assert bench.seen() == (OPEN, CLOSED, True)
    assert bench.meter.press_button(bench.now)
    assert bench.seen() == (CLOSED, CLOSED, False)
    assert (bench.meter.state.trips, bench.meter.state.closes) == (2, 2)


def test_direct_close_needs_no_button(driver):
    bench = Bench(driver)
    bench.do("trip")
    assert bench.do("direct_close") is RelayAnswer.ACCEPTED
    assert bench.seen() == (CLOSED, CLOSED, False)


def test_a_delayed_trip_says_so_and_opens_in_its_minute(driver):
    bench = Bench(driver, trip_delay_minutes=3)
    assert bench.do("trip") is RelayAnswer.DELAYED
    assert bench.seen() == (CLOSED, OPEN, False)
    bench.wait(minutes=2, seconds=59)
    assert bench.seen()[0] is CLOSED
    bench.wait(seconds=1)
    assert bench.seen()[0] is OPEN


def test_a_delayed_trip_can_be_taken_back(driver):
    bench = Bench(driver, trip_delay_minutes=3)
    bench.do("trip")
    bench.do("permit_close")
    bench.wait(minutes=10)
    assert bench.seen() == (CLOSED, CLOSED, False)


def test_high_current_defers_a_trip_until_it_falls(driver):
    bench = Bench(driver, watts=10_000, credit_minor=100_000, defer_above_ma=20_000)
    assert bench.do("trip") is RelayAnswer.DEFERRED
    bench.wait(minutes=30)
    assert bench.seen() == (CLOSED, OPEN, False)
    bench.watts = 2000
    bench.wait(minutes=1)
    assert bench.seen()[0] is OPEN


def test_deferring_ends_after_its_longest_time(driver):
    bench = Bench(driver, watts=10_000, credit_minor=900_000, defer_above_ma=20_000, defer_minutes_max=60)
    bench.do("trip")
    bench.wait(minutes=59)
    assert bench.seen()[0] is CLOSED
    bench.wait(minutes=1)
    assert bench.seen()[0] is OPEN


def test_keep_power_refuses_a_trip_and_that_is_not_an_error(driver):
    bench = Bench(driver)
    bench.do("keep_power", on=True)
    assert bench.do("trip") is RelayAnswer.REFUSED_PROTECTED
    assert bench.seen() == (CLOSED, CLOSED, False)
    assert converse(driver.read_relay(bench.config), bench.meter, bench.now).keep_power is True
    bench.do("keep_power", on=False)
    assert bench.do("trip") is RelayAnswer.ACCEPTED


def test_keep_power_holds_off_the_cut_at_zero_and_its_end_lets_it_happen(driver):
    bench = Bench(driver, credit_minor=100)
    bench.do("keep_power", on=True)
    bench.wait(hours=5)
    assert bench.seen() == (CLOSED, CLOSED, False)
    assert bench.meter.state.overdraft_minor == 150
    bench.do("keep_power", on=False)
    assert bench.seen() == (OPEN, OPEN, False)


def test_keep_power_gives_an_open_contact_permission_only(driver):
    bench = Bench(driver, credit_minor=100)
    bench.wait(hours=5)
    bench.do("keep_power", on=True)
    assert bench.seen() == (OPEN, CLOSED, True)
    assert bench.meter.press_button(bench.now)


def test_after_a_cut_at_zero_the_server_cannot_close_but_money_can(driver):
    bench = Bench(driver, credit_minor=100)
    bench.wait(hours=5)
    assert bench.seen() == (OPEN, OPEN, False)
    with pytest.raises(MeterFault, match=r"meter\.refused"):
        bench.do("direct_close")
    bench.buy(5000)
    assert bench.seen() == (OPEN, CLOSED, True)
    assert bench.meter.press_button(bench.now)


def test_a_site_may_let_a_purchase_close_at_once(driver):
    bench = Bench(driver, credit_minor=100, reclose="direct")
    bench.wait(hours=5)
    bench.buy(5000)
    assert bench.seen() == (CLOSED, CLOSED, False)


def test_overdraft_is_repaid_first_and_too_little_does_not_close(driver):
    bench = Bench(driver, credit_minor=100, overdraft_limit_minor=1000)
    bench.wait(hours=30)
    assert bench.seen()[0] is OPEN
    overdraft = bench.meter.state.overdraft_minor
    assert 1000 <= overdraft <= 1001
    bench.buy(400)
    assert bench.seen() == (OPEN, OPEN, False)
    assert (bench.meter.state.remaining_minor, bench.meter.state.overdraft_minor) == (0, overdraft - 400)
    bench.buy(1000)
    assert (bench.meter.state.remaining_minor, bench.meter.state.overdraft_minor) == (1400 - overdraft, 0)
    assert bench.seen() == (OPEN, CLOSED, True)


def test_too_much_power_trips_after_its_delay_and_the_button_brings_it_back(driver):
    bench = Bench(driver, credit_minor=100_000, watts=3000, power_w_max=5000, power_delay_s=30)
    bench.wait(minutes=5)
    assert bench.seen()[0] is CLOSED
    bench.watts = 5001
    bench.meter.advance(bench.now)
    bench.wait(seconds=29)
    assert bench.seen()[0] is CLOSED
    bench.wait(seconds=1)
    assert (bench.seen(), bench.meter.state.cut_reason) == ((OPEN, CLOSED, True), "power")
    bench.watts = 1000
    assert bench.meter.press_button(bench.now)
    bench.wait(minutes=5)
    assert bench.seen()[0] is CLOSED


def test_an_overload_under_keep_power_is_forgotten_when_it_is_over(driver):
    bench = Bench(driver, credit_minor=100_000, watts=9000, power_w_max=5000)
    bench.do("keep_power", on=True)
    bench.wait(minutes=10)
    bench.watts = 1000
    bench.wait(minutes=1)
    bench.do("keep_power", on=False)
    assert bench.seen() == (CLOSED, CLOSED, False)
    bench.watts = 9000
    bench.wait(minutes=3)
    assert bench.seen()[0] is OPEN


def test_a_command_whose_time_is_over_is_refused(driver):
    bench = Bench(driver)
    late = bench.now - timedelta(seconds=1)
    with pytest.raises(MeterFault, match=r"meter\.password"):
        converse(driver.trip(bench.config, valid_until=late), bench.meter, bench.now)
    assert bench.seen()[0] is CLOSED


def test_a_welded_contact_says_open_while_current_flows(driver):
    bench = Bench(driver)
    bench.meter.lies = {Lie.WELDED}
    bench.do("trip")
    before = bench.meter.state.import_wh
    bench.wait(hours=1)
    assert bench.seen()[0] is OPEN
    snapshot = converse(driver.read(bench.config), bench.meter, bench.now)
    assert (snapshot.power_w, snapshot.import_wh - before) == (1000, 1000)
    assert snapshot.current_ma == (4347,)
