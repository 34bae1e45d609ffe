"""A new meter driver is two files: the driver and its recorded conversation. No list is edited."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from powertill import drivers

ROOT = Path(__file__).parents[2]

DRIVER = '''
"""The toy meter: READ <serial> is answered by WH <number> ON or OFF."""

import re

from powertill.core.ports import Ask, Capability, Contact, DriverInfo, Field, MeterFault, RelaySeen, Snapshot


CAPABILITIES = frozenset({Capability.READ, Capability.READS_BACK_RELAY})


class Lines:
    def __init__(self):
        self.kept = b""

    def feed(self, data):
        *lines, self.kept = (self.kept + data).split(b"\\n")
        self.kept = self.kept[-80:]
        return lines


class Toy:
    info = DriverInfo(
        "toy", "Toy meter", CAPABILITIES, (Field("serial", "Serial number"),)
    )

    def deframer(self):
        return Lines()

    def ask(self, config):
        line = yield Ask(f"READ {config.settings['serial']}\\n".encode(), lambda raw: raw.startswith(b"WH "), "read")
        match = re.fullmatch(rb"WH ([0-9]{1,12}) (ON|OFF)", line)
        if not match:
            raise MeterFault("meter.unreadable", repr(line[:60]))
        return match

    def read(self, config):
        match = yield from self.ask(config)
        return Snapshot(None, int(match[1]))

    def read_relay(self, config):
        match = yield from self.ask(config)
        contact = Contact.CLOSED if match[2] == b"ON" else Contact.OPEN
        return RelaySeen(contact, contact)


DRIVER = Toy
'''

TAPE = """
- name: reads
  do: read
  config: {address: "1", settings: {serial: "77"}}
  talk: [{send: 524541442037370a, answer: 574820313233204f4e0a}]
  gives: {import_wh: 123}
- name: sees an open contact
  do: read_relay
  config: {address: "1", settings: {serial: "77"}}
  talk: [{send: 524541442037370a, answer: 574820313233204f46460a}]
  gives: {contact: open}
"""


def suite(folder: Path) -> str:
    """Run the suite of every meter driver with one more folder on the search path."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-k",
            "toy",
            str(Path(__file__).parent / SUITE),
        ],
        cwd=ROOT,
        env={**os.environ, drivers.SEARCH_PATH: str(folder)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout.strip().splitlines()[-1]


SUITE = "test_every_meter_driver.py"


@pytest.fixture
def toys(tmp_path):
    folder = tmp_path / "meters"
    folder.mkdir()
    (folder / "toy.py").write_text(DRIVER)
    (folder / "toy.conversation.yaml").write_text(TAPE)
    return tmp_path


def test_two_files_are_a_driver_and_pass_the_common_suite(toys):
    assert len(list(toys.rglob("*.*"))) == 2
    last = suite(toys)
    assert "failed" not in last and "11 passed" in last, last


def test_a_driver_that_declares_more_than_its_tape_shows_fails(toys):
    tape = toys / "meters" / "toy.conversation.yaml"
    tape.write_text(tape.read_text().partition("- name: sees")[0])
    assert "1 failed" in suite(toys)


def test_the_registry_finds_it_and_forgets_it(toys, monkeypatch):
    monkeypatch.setenv(drivers.SEARCH_PATH, str(toys))
    assert set(drivers.found("meters")) == {"dlt645", "toy"}
    assert drivers.meter_driver("toy").info.name == "Toy meter"
    monkeypatch.delenv(drivers.SEARCH_PATH)
    with pytest.raises(drivers.UnknownDriver, match="toy"):
        drivers.meter_driver("toy")


def test_an_installed_package_brings_a_driver_by_its_entry_point(tmp_path, monkeypatch):
    (tmp_path / "till_toy.py").write_text(DRIVER)
    described = tmp_path / "till_toy-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: till-toy\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[powertill.meters]\ntoy = till_toy\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(drivers.SEARCH_PATH, str(tmp_path / "nothing"))
    assert drivers.meter_driver("toy").info.name == "Toy meter"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('no')", "RuntimeError"),
        ("x = 1", "DRIVER"),
        (DRIVER.replace('"toy", "Toy', '"other", "Toy'), "calls itself"),
    ],
)
def test_a_broken_driver_is_named_with_its_file_and_its_reason(tmp_path, monkeypatch, source, reason):
    (tmp_path / "meters").mkdir()
    (tmp_path / "meters" / "toy.py").write_text(source)
    monkeypatch.setenv(drivers.SEARCH_PATH, str(tmp_path))
    with pytest.raises(drivers.BrokenDriver, match=reason):
        drivers.found("meters")


def test_two_drivers_of_one_name_are_refused(tmp_path, monkeypatch):
    (tmp_path / "meters").mkdir()
    (tmp_path / "meters" / "dlt645.py").write_text(DRIVER.replace('"toy", "Toy', '"dlt645", "Toy'))
    monkeypatch.setenv(drivers.SEARCH_PATH, str(tmp_path))
    with pytest.raises(drivers.BrokenDriver, match="two meters drivers"):
        drivers.found("meters")


def test_every_driver_that_is_shipped_loads():
    home = Path(drivers.__file__).parent
    kinds = [folder.name for folder in home.iterdir() if folder.is_dir() and not folder.name.startswith("_")]
    assert {"meters", "notify", "security"} <= set(kinds)
    for kind in kinds:
        for code in drivers.found(kind):
            drivers.make(kind, code)
