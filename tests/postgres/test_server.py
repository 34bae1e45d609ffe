"""Our own PostgreSQL: durable, on a socket only, and back again after every kind of death."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from powertill.postgres import address, data, server
from powertill.postgres.place import SOCKET_NAME, SOCKET_PATH_MAX, Place, fits
from powertill.postgres.running import is_running, stop
from powertill.postgres.server import Server
from powertill.trouble import Trouble

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def running(home):
    """A durable server that runs, as in production."""
    it = Server(home)
    it.start()
    yield it
    it.stop()


def connect(home, **more):
    return psycopg.connect(address.socket_url(Place(home), **more), autocommit=True)


def write(home):
    with connect(home) as connection:
        connection.execute("CREATE TABLE kept (wh bigint)")
        connection.execute("INSERT INTO kept VALUES (1500)")


def read(home):
    with connect(home) as connection:
        return connection.execute("SELECT wh FROM kept").fetchone()[0]


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_settings_that_keep_money_are_on(running, home):
    with connect(home) as connection:
        values = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("fsync", "synchronous_commit", "data_checksums", "server_encoding", "listen_addresses")
        }
    assert values == {
        "fsync": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "listen_addresses": "",
    }


def test_our_role_is_no_superuser_and_owns_the_database(running, home):
    with connect(home) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        connection.execute("CREATE EXTENSION btree_gist")  # trusted, so the owner of the database may


def test_nobody_else_reaches_socket_or_data(running, home):
    assert running.place.socket_dir().stat().st_mode & 0o077 == 0
    assert running.place.data.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not AS_ROOT, reason="only root must drop")
def test_root_does_not_own_the_server(running):
    assert Path(f"/proc/{running.process.pid}").stat().st_uid != 0


@pytest.mark.skipif(not AS_ROOT, reason="only root can try as another user")
def test_another_user_does_not_even_see_the_socket(running):
    look = ["test", "-S", running.place.socket_dir() / SOCKET_NAME]
    assert subprocess.run(look, check=False).returncode == 0
    assert subprocess.run(look, user=2, group=2, extra_groups=[], check=False).returncode == 1


def test_a_clean_stop_keeps_everything(home):
    for turn in range(2):
        it = Server(home)
        it.start()
        if turn == 0:
            write(home)
        assert read(home) == 1500
        it.stop()
        assert not is_running(home)
        assert data.pid(it.place.data) is None


def test_a_killed_server_recovers(running, home):
    write(home)
    running.process.kill()
    running.process.wait()
    again = Server(home)
    again.start()
    try:
        assert read(home) == 1500
    finally:
        again.stop()


def test_the_note_of_a_killed_server_may_name_an_innocent_process(running, home):
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not is_running(home))
    (running.place.data / "postmaster.pid").write_text(f"{os.getpid()}\n{running.place.data}\n")
    again = Server(home)
    again.start()
    assert again.alive()
    again.stop()


def test_data_in_use_is_said_with_its_process(running, home, monkeypatch):
    monkeypatch.setattr(server, "PREVIOUS_S_MAX", 0)
    with pytest.raises(Trouble, match=f"in use by a running PostgreSQL \\(process {running.process.pid}\\)"):
        Server(home).start()
    assert running.alive()


def test_a_server_started_by_other_hands_is_noticed(home, tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "postmaster.pid").write_text(f"{os.getpid()}\n")
    before = Path.cwd()
    os.chdir(directory)
    try:
        with pytest.raises(Trouble, match="in use"):
            data.remove_stale_pid(directory)
    finally:
        os.chdir(before)


def test_data_of_another_major_version_is_refused(running, home):
    running.stop()
    (running.place.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(Trouble, match="was made by PostgreSQL 9, and this is PostgreSQL"):
        Server(home).start()


def test_an_interrupted_initdb_leaves_nothing_that_counts(home):
    place = Place(home)
    (home / "postgres" / "data.new").mkdir(parents=True)
    (home / "postgres" / "data.new" / "half").write_text("made")
    it = Server(home)
    it.start()
    it.stop()
    assert not (place.data / "half").exists()


def test_a_server_that_cannot_start_says_why(home, running):
    running.stop()
    with (running.place.data / "postgresql.conf").open("a") as conf:
        conf.write("shared_buffers = 'nonsense'\nno_such_setting = 1\n")
    with pytest.raises(Trouble, match=r"ended as soon as it started.*no_such_setting|contains errors"):
        Server(home).start()


def test_it_stops_when_its_parent_is_killed(home):
    program = (
        "import sys, time; from pathlib import Path; from powertill.postgres.server import Server;"
        f"s = Server(Path({str(home)!r})); s.start(); print(s.process.pid, flush=True); time.sleep(99)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert int(parent.stdout.readline())
        assert is_running(home)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(home))
    assert data.pid(Place(home).data) is None  # a clean stop, not a crash


def test_a_detached_server_outlives_its_parent_and_is_stopped_by_command(home):
    program = (
        "from pathlib import Path; from powertill.postgres.server import Server;"
        f"Server(Path({str(home)!r})).start(detached=True)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    try:
        assert is_running(home)
    finally:
        assert stop(home)
    assert not is_running(home)
    assert stop(home)  # asking twice is harmless


def test_a_path_too_long_for_a_socket_gets_a_short_one(home):
    deep = home / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    it = Server(deep)
    it.start()
    try:
        assert fits(it.place.socket_dir())
        with connect(deep) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        it.stop()
        socket_dir = it.place.socket_dir()
    socket_dir.rmdir()  # as a restart of the machine does
    it.start()
    it.stop()
    it.place.socket_dir().rmdir()


def test_the_limit_of_socket_paths_is_exact():
    longest = Path("/" + "x" * (SOCKET_PATH_MAX - len(SOCKET_NAME) - 2))
    assert fits(longest)
    assert not fits(Path(f"{longest}x"))


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user reaches his own directories")
def test_root_may_keep_home_under_a_closed_directory(home):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    it = Server(closed / "var")
    it.start()
    try:
        write(closed / "var")
        assert read(closed / "var") == 1500
        assert not str(it.place.data).startswith(str(home))
    finally:
        it.stop()
        real = (closed / "var" / "postgres").resolve()
        subprocess.run(["rm", "-rf", str(real)], check=True)
    assert closed.stat().st_mode & 0o777 == 0o700
    with pytest.raises(Trouble, match="is gone"):
        it.start()


def test_a_url_of_another_server_is_translated_for_django():
    found = address.from_url("postgresql://till:s%40t@db.example:6432/prepaid?sslmode=verify-full")
    assert (found["HOST"], found["PORT"], found["NAME"], found["USER"], found["PASSWORD"]) == (
        "db.example",
        "6432",
        "prepaid",
        "till",
        "s@t",
    )
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert "statement_timeout" in found["OPTIONS"]["options"]
