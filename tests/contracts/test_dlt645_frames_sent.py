"""The driver sends exactly the frames that the published layouts show."""

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from powertill.core.ports import CreditOrder, Identity, MeterConfig
from powertill.drivers.meters.dlt645 import Dlt645Driver
from powertill.drivers.meters.dlt645.codec import Frame, encode

CASES = Path(__file__).parents[1] / "cases" / "dlt645" / "frames.csv"
PUBLISHED = {row["meaning"]: row["frame_hex"] for row in csv.DictReader(CASES.open(encoding="utf-8", newline=""))}
UNTIL = datetime(2030, 12, 31, 23, 59, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
SETTINGS = {"password": "000000", "security": "table"}
CONFIG = MeterConfig("12345678", 1, "Asia/Shanghai", SETTINGS)


class TableSecurity:
    """Gives the numbers that stand in the constructed frames."""

    simulated = True

    def authenticate(self, address):
        halves = ("8877665544332211", "0807060504030201", "7856341200000000")
        return Identity(*(bytes.fromhex(half) for half in halves))

    def mac(self, address, session, data):
        return bytes.fromhex("ddccbbaa")


@pytest.fixture
def driver():
    return Dlt645Driver(lambda name: TableSecurity())


def sent(exchange):
    return next(exchange).frame.lstrip(b"\xfe").hex()


def published(start):
    return next(frame for meaning, frame in PUBLISHED.items() if meaning.startswith(start))


@pytest.mark.parametrize(
    ("method", "meaning"),
    [
        ("trip", "1C trip, plaintext level 02"),
        ("permit_close", "1C allow close"),
        ("direct_close", "1C close directly"),
    ],
)
def test_relay_commands(driver, method, meaning):
    assert sent(getattr(driver, method)(CONFIG, valid_until=UNTIL)) == published(meaning)


@pytest.mark.parametrize(("on", "meaning"), [(True, "1C keep power, "), (False, "1C keep power off")])
def test_keep_power(driver, on, meaning):
    assert sent(driver.keep_power(CONFIG, on=on, valid_until=UNTIL)) == published(meaning)


def test_the_end_of_validity_is_told_on_the_meters_clock(driver):
    exchange = driver.trip(CONFIG, valid_until=UNTIL.astimezone(ZoneInfo("UTC")))
    assert sent(exchange) == published("1C trip, plaintext level 02")


@pytest.mark.parametrize(
    ("order", "meaning"),
    [
        (CreditOrder(10_000, 1, "112233445566", opening=True), "open account: 100.00"),
        (CreditOrder(10_000, 2, "112233445566"), "recharge: 100.00"),
    ],
)
def test_a_recharge_authenticates_first(driver, order, meaning):
    exchange = driver.write_credit(CONFIG, order)
    assert sent(exchange) == published("identity authentication: cipher1")
    answer = bytes.fromhex(published("identity authentication reply"))
    assert exchange.send(answer).frame.lstrip(b"\xfe").hex() == published(meaning)


def test_an_answer_counts_only_from_this_meter_for_this_function_and_this_register(driver):
    ask = next(driver.read_relay(CONFIG))
    good = Frame("000012345678", 0x91, bytes.fromhex("030500040000"))
    assert ask.accepts(encode(good))
    assert ask.accepts(encode(Frame("000012345678", 0xD1, b"\x02")))
    for other in (
        Frame("000012345679", 0x91, good.data),
        Frame("000012345678", 0x94, good.data),
        Frame("000012345678", 0x11, good.data),
        Frame("000012345678", 0x91, bytes.fromhex("010500040000")),
    ):
        assert not ask.accepts(encode(other))
    assert not ask.accepts(b"rubbish")
    assert not ask.accepts(ask.frame)
