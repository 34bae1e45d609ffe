"""An independent implementation of DL/T 645 (PyPI dlt645) as meter of our driver and as reader of our meter.

It lives in an environment of its own and in processes of its own, and knows nothing of prepaid credit.
"""

import fcntl
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from powertill.core.ports import MeterConfig, MeterFault
from powertill.simulators.gateway import SimulatedGateway
from powertill.simulators.meter import MeterSetup, SimulatedMeter
from tests.contracts.talk import NOON, Moment, Wire, serving

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "peer-requirements.txt"
HOME = HERE.parents[1] / "var" / "peer-venv"
METER = MeterConfig("000000000011", 1, "Asia/Shanghai", {"password": "000000"})


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"the independent peer cannot be installed: {said[:200]}")


@pytest.fixture(scope="session")
def peer_python() -> str:
    """Return the Python of the peer's environment, made once and again when its requirements change."""
    stamp, wanted = HOME / "requirements.sha256", hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    python = HOME / "bin" / "python"
    HOME.parent.mkdir(exist_ok=True)
    with HOME.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two test workers must not make it at once.
        if not stamp.is_file() or stamp.read_text() != wanted:
            run(sys.executable, "-m", "venv", "--clear", str(HOME))
            run(str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(REQUIREMENTS))
            stamp.write_text(wanted)
    return str(python)


@pytest.fixture
def peer_port(peer_python):
    """Return the port of the peer's meter, which runs until its standard input closes."""
    peer = subprocess.Popen(
        [peer_python, str(HERE / "peer_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    lines = (peer.stdout.readline() for _ in range(50))
    port = next((int(line.split()[1]) for line in lines if line.startswith("port ")), None)
    assert port, "the peer did not start"
    yield port
    peer.stdin.close()
    try:
        peer.wait(5)
    except subprocess.TimeoutExpired:
        peer.kill()
        peer.wait(5)
    peer.stdout.close()


def test_our_driver_reads_the_peers_meter(peer_port, driver):
    wire = Wire(peer_port, driver, timeout_s=3)
    seen = wire.run(driver.read(METER))
    wire.close()
    assert f"{seen.clock_at:%Y-%m-%d %H:%M:%S}" == "2025-11-02 21:30:45"
    assert (seen.import_wh, seen.export_wh, seen.power_w) == (1_234_560, 7500, 1235)
    assert (seen.voltage_mv, seen.current_ma) == ((231_500,), (4321,))


def test_the_peer_has_no_credit_and_says_so(peer_port, driver):
    wire = Wire(peer_port, driver, timeout_s=3)
    with pytest.raises(MeterFault):
        wire.run(driver.read_credit(METER))
    with pytest.raises(MeterFault):
        wire.run(driver.direct_close(METER, valid_until=NOON))
    wire.close()


def test_the_peer_reads_our_simulated_meter(peer_python):
    meter, clock = SimulatedMeter(MeterSetup("000000000011", zone="Asia/Shanghai", prepaid=False), load), Moment()
    meter.advance(clock.now)
    clock.pass_by(hours=3)
    with serving(SimulatedGateway([meter], clock)) as port:
        done = subprocess.run(
            [peer_python, str(HERE / "peer_client.py"), str(port), "110000000000"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "import_kwh": "3.0",
        "export_kwh": "1.5",
        "volt": "230.0",
        "ampere": "-6.521",
        "kilowatt": "-1.5",
        "date": "26041503",
        "time": "150000",
        "address": "110000000000",
    }


def load(at):
    """1.5 kW in for two hours, then 1.5 kW out: the sun has come."""
    return (1500,) if (at - NOON).total_seconds() < 7200 else (-1500,)
