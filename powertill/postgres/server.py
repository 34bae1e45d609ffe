"""Make a data directory and run its server in the foreground of whoever asked; stop it cleanly."""

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psycopg

from powertill.postgres import address, binaries
from powertill.postgres.owner import Owner, owner
from powertill.postgres.place import Place
from powertill.trouble import Trouble

INITDB_S_MAX = 120
READY_S_MAX = 60  # recovery after a power cut included
PREVIOUS_S_MAX = 10  # for a server to go whose supervisor was just killed
STOP_S_MAX = 30
PR_SET_PDEATHSIG = 1
KIB_PER_MIB = 1024

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """One server as a child process; it gets SIGINT (fast shutdown) should this process be killed."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.place = Place(home)
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, log: IO[bytes] | int | None = None, detached: bool = False) -> None:
        """Start the server and wait until it answers and has our role and database.

        `log` takes its messages (default: the file `log` beside the data). A detached server outlives this process.
        Raises Trouble: in use, of another major version, or not answering within a minute.
        """
        user = owner(self.place.data)
        self.place.make(user)
        found = binaries.find(user, self.place.root.resolve())
        lock = self._lock()
        try:
            self._make_data(user, found)
            _check_version(self.place.data, found.major)
            _remove_stale_pid(self.place.data)
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
        """Stop the server: disconnect everybody, write everything; force it after half a minute."""
        if self.process is None:
            return
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(request)
            try:
                self.process.wait(STOP_S_MAX)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def _lock(self) -> int:
        """Take the lock of this data directory, waiting shortly for a server that is on its way out."""
        lock = os.open(self.place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + PREVIOUS_S_MAX
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(lock)
                    raise in_use(self.place.data) from None
            time.sleep(0.1)

    def _make_data(self, user: Owner, found: binaries.Binaries) -> None:
        """Run initdb beside, and rename: a data directory is either whole or absent."""
        data, draft = self.place.data, self.place.data.with_name("data.new")
        if data.exists():
            return
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        user.take(draft)
        command = [found.path("initdb"), "-D", str(draft), *_initdb_options(found.major)]
        if not self.durable:
            command.append("--no-sync")
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INITDB_S_MAX,
            env=_environment(),
            cwd="/",
            check=False,
            **user.spawn(),
        )
        if answer.returncode:
            raise Trouble(f"initdb failed: {answer.stderr.strip()}")
        draft.rename(data)

    def _spawn(
        self, user: Owner, found: binaries.Binaries, lock: int, *, log: IO[bytes] | int | None, detached: bool
    ) -> None:
        options = _options(self.place, DURABLE if self.durable else THROW_AWAY)
        with self.place.log.open("ab") as own_log:
            self.process = subprocess.Popen(
                [found.path("postgres"), "-D", str(self.place.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=own_log if log is None else log,
                stderr=subprocess.STDOUT,
                env=_environment(),
                cwd="/",
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C must not reach it before its clients have finished.
                preexec_fn=None if detached else dies_with_parent(signal.SIGINT),
                **user.spawn(),
            )

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Trouble(f"PostgreSQL ended at once (code {self.process.returncode}).", _last_words(self.place))
            try:
                _connect(self.place).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise Trouble(f"PostgreSQL did not answer within {READY_S_MAX} seconds.", _last_words(self.place))


def dies_with_parent(request: int) -> Callable[[], None]:
    """Return what a child runs before its program, so that the kernel signals it when we die, kill -9 included."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(request), 0, 0, 0)
        if os.getppid() != parent:  # It died before we asked.
            os._exit(1)

    return ask_kernel


def in_use(data: Path) -> Trouble:
    """Return the error for a data directory whose server lives."""
    return Trouble(
        f"The database in {data} is in use by a running PostgreSQL (process {pid(data) or 'unknown'}).",
        "Stop the Powertill that runs it, or `powertill db stop`.",
    )


def pid(data: Path) -> int | None:
    """Return the process number in postmaster.pid, None without one."""
    try:
        return int((data / "postmaster.pid").read_text("ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _remove_stale_pid(data: Path) -> None:
    """Remove the note of a server that was killed: its number may now belong to an innocent process.

    We hold the lock, so no server of ours lives; one started by other hands is recognised by its working directory.
    """
    number = pid(data)
    if number is not None and _works_in(number, data):
        raise in_use(data)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _works_in(number: int, data: Path) -> bool:
    try:
        return Path(os.readlink(f"/proc/{number}/cwd")) == data
    except OSError:
        return False


def _check_version(data: Path, major: int) -> None:
    made_by = (data / "PG_VERSION").read_text("ascii").strip()
    if made_by != str(major):
        raise Trouble(
            f"The database in {data} was made by PostgreSQL {made_by}, and this is PostgreSQL {major}.",
            "docs/operations.md says how to bring it over with pg_dump and pg_restore.",
        )


def _initdb_options(major: int) -> list[str]:
    """UTF-8 with C.UTF-8's order: the same on every machine, whatever locales it has."""
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locale = builtin if major >= 17 else ["--locale=C.UTF-8"]
    return ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--data-checksums", "--no-instructions", *locale]


def _options(place: Place, durability: dict[str, str]) -> list[str]:
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (KIB_PER_MIB * KIB_PER_MIB)
    settings = durability | {
        "listen_addresses": "",
        "unix_socket_directories": str(place.socket_dir()),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory_mib // 8, 64), 1024)}MB",
        "effective_cache_size": f"{max(memory_mib // 2, 128)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "64MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_line_prefix": "",  # the supervisor's log has time and name
        "lc_messages": "C",
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _environment() -> dict[str, str]:
    """A short environment: PG* variables of the caller must not reach the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _connect(place: Place) -> "psycopg.Connection[tuple[object, ...]]":
    admin = address.socket_url(place, role="postgres", database="postgres")
    return psycopg.connect(admin, autocommit=True, connect_timeout=5)


def _make_database(place: Place) -> None:
    """Add our role, which may make databases (for tests) but not read files, and our database."""
    with _connect(place) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'powertill'").fetchone():
            connection.execute("CREATE ROLE powertill LOGIN CREATEDB")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'powertill'").fetchone():
            connection.execute("CREATE DATABASE powertill OWNER powertill")


def _last_words(place: Place) -> str:
    """Return the end of the server's log, for the person who must find out why."""
    try:
        return "Its last words: " + " / ".join(place.log.read_text("utf-8", "replace").strip().splitlines()[-3:])
    except OSError:
        return ""
