"""Run one server in the foreground of whoever asked, and stop it cleanly."""

import ctypes
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from powertill.postgres import address, binaries, data
from powertill.postgres.owner import Owner, owner
from powertill.postgres.place import Place
from powertill.trouble import Trouble

READY_S_MAX = 60  # recovery after a power cut included
CONNECT_S_MAX = 5
PREVIOUS_S_MAX = 15  # for a server to go whose supervisor was just killed
STOP_S_MAX = 30
POLL_S = 0.05
PR_SET_PDEATHSIG = 1
BYTES_PER_MIB = 1_048_576

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """One server as a child process; it gets SIGINT (fast shutdown) should this process be killed."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.place = Place(home)
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *, log: int | None = None, detached: bool = False) -> None:
        """Start the server and wait until it answers and has our role and database.

        `log` is where its messages go (default: the file `log` beside the data). A detached one outlives this process.
        Raises Trouble: in use, of another major version, or not answering within a minute.
        """
        user = owner(self.place.data)
        self.place.make(user)
        found = binaries.find(user, self.place.root.resolve())
        lock = take_lock(self.place)
        try:
            data.make(self.place.data, user, found, durable=self.durable)
            data.check_version(self.place.data, found.major)
            data.remove_stale_pid(self.place.data)
            self._spawn(user, found, lock, log=log, detached=detached)
        finally:
            os.close(lock)  # The server holds a copy: the lock lasts exactly as long as any of its processes.
        try:
            self._wait_until_ready()
            _make_database(self.place)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server: end its sessions, write everything; force it after half a minute."""
        if self.process is None:
            return
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.alive():
                self.process.send_signal(request)
            try:
                self.process.wait(STOP_S_MAX)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def _spawn(self, user: Owner, found: binaries.Binaries, lock: int, *, log: int | None, detached: bool) -> None:
        durability = DURABLE if self.durable else THROW_AWAY
        with self.place.log.open("wb") as own_log:
            self.process = subprocess.Popen(
                [found.path("postgres"), "-D", str(self.place.data), *_options(self.place, durability)],
                stdin=subprocess.DEVNULL,
                stdout=own_log if log is None else log,
                stderr=subprocess.STDOUT,
                env=data.environment(),
                cwd="/",
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C must not reach it before its clients have finished.
                preexec_fn=None if detached else dies_with_parent(signal.SIGINT),  # noqa: PLW1509  we have no threads
                **user.spawn(),
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline:
            if not self.alive():
                raise Trouble("PostgreSQL ended as soon as it started.", _last_words(self.place))
            if data.says_ready(self.place.data):
                return
            time.sleep(POLL_S)
        raise Trouble(f"PostgreSQL did not answer within {READY_S_MAX} seconds.", _last_words(self.place))


def take_lock(place: Place) -> int:
    """Take the lock of this data directory, waiting shortly for a server that is on its way out."""
    lock = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + PREVIOUS_S_MAX
    while not try_lock(lock):
        if time.monotonic() > deadline:
            os.close(lock)
            raise data.in_use(place.data)
        time.sleep(POLL_S)
    return lock


def try_lock(lock: int) -> bool:
    """Take the lock if no server holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def dies_with_parent(request: int) -> Callable[[], None]:
    """Return what a child runs before its program, so that the kernel signals it when we die, kill -9 included."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(request), 0, 0, 0)
        if os.getppid() != parent:  # It died before we asked.
            os._exit(1)

    return ask_kernel


def _options(place: Place, durability: dict[str, str]) -> list[str]:
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // BYTES_PER_MIB
    settings = durability | {
        "listen_addresses": "",
        "unix_socket_directories": str(place.socket_dir()),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory_mib // 8, 32), 256)}MB",
        "effective_cache_size": f"{min(max(memory_mib // 2, 128), 2048)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "64MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_line_prefix": "",  # the supervisor's log has time and name
        "lc_messages": "C",
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _connect(place: Place) -> "psycopg.Connection[tuple[object, ...]]":
    admin = address.socket_url(place, role="postgres", database="postgres")
    return psycopg.connect(admin, autocommit=True, connect_timeout=CONNECT_S_MAX)


def _make_database(place: Place) -> None:
    """Add our role, which may make databases (for tests) but not read files, and our database."""
    with _connect(place) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'powertill'").fetchone():
            connection.execute("CREATE ROLE powertill LOGIN CREATEDB")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'powertill'").fetchone():
            connection.execute("CREATE DATABASE powertill OWNER powertill")


def _last_words(place: Place) -> str:
    """Return the end of what the server wrote to its own log; nothing when it writes to the supervisor's."""
    lines = place.log.read_text("utf-8", "replace").strip().splitlines()
    return "Its last words: " + " / ".join(lines[-3:]) if lines else ""
