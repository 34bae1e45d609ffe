"""One throw-away PostgreSQL per test run, started by the first test that asks for a database.

With pytest-xdist the main process starts it and every worker makes a database of its own in it.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import pytest

from powertill.config import config

RUN = "POWERTILL_TEST_RUN"  # set by the main process, inherited by pytest-xdist's workers
IS_MAIN = RUN not in os.environ or not Path(os.environ[RUN]).is_dir()

if IS_MAIN:
    for name in [name for name in os.environ if name.startswith("POWERTILL_") or name == "DATABASE_URL"]:
        del os.environ[name]  # A developer's own installation must not be touched.
    os.environ[RUN] = tempfile.mkdtemp(prefix="powertill-run-")
    os.environ["POWERTILL_HOME"] = os.environ[RUN]
    os.environ["POWERTILL_SECRET_KEY"] = "only for tests"
elif "PYTEST_XDIST_WORKER" in os.environ:
    # Each worker its own home: a clock that one of them freezes must not be another's.
    own = Path(os.environ[RUN], os.environ["PYTEST_XDIST_WORKER"])
    own.mkdir(exist_ok=True)
    os.environ["POWERTILL_HOME"] = str(own)
    config.cache_clear()  # pytest-django may have read the settings before this file.
os.environ["DJANGO_SETTINGS_MODULE"] = "powertill.settings"

# Skips that depend on who runs the tests, and so are right in CI too.
OF_USER = ("only root must drop", "only root can try as another user", "an ordinary user reaches his own directories")

_at_end = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Make Django ready; with xdist also start the server, which workers cannot share when one of them owns it."""
    django.setup()
    if IS_MAIN and config.getoption("numprocesses", None):
        _server_url()
        # Workers must meet sets in one order, or they collect tests in different ones; another order at the next run.
        os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(2**32)))


def pytest_unconfigure(config: pytest.Config) -> None:
    _at_end.close()
    if IS_MAIN:
        shutil.rmtree(os.environ[RUN], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name what cannot run here, and why."""
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be passed over that a complete machine runs: a green run must mean that it ran."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or not IS_MAIN or reporter is None:
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if not str(report.longrepr[2]).endswith(OF_USER)]
    for report in skipped:
        reporter.write_line(f"CI: skipped, which counts as failed: {report.nodeid}: {report.longrepr[2]}", red=True)
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _server_url() -> str:
    """Return the throw-away server's URL, starting it on first use."""
    from powertill.postgres.throwaway import throwaway

    if "POWERTILL_DATABASE_URL" not in os.environ:
        os.environ["POWERTILL_DATABASE_URL"] = _at_end.enter_context(throwaway())
    return os.environ["POWERTILL_DATABASE_URL"]


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The URL of this run's throw-away server (role powertill, may create databases)."""
    return _server_url()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_url: str, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Point Django at the throw-away server; pytest-django then makes `test_powertill[_gw0]` in it."""
    from django.db import connections

    from powertill.postgres.address import from_url

    server = from_url(postgres_url)
    for settings in (connections.databases["default"], connections["default"].settings_dict):
        settings.update({key: server[key] for key in ("HOST", "PORT", "USER", "PASSWORD", "NAME")})


@pytest.fixture(scope="session")
def test_database_url(django_db_setup: None) -> str:
    """The URL of the migrated test database, for a second process or a raw connection."""
    from django.db import connection

    settings: dict[str, Any] = connection.settings_dict
    return f"postgresql://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A fresh, short HOME directory that the server's user can reach; removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="pt-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    elsewhere = path / "postgres"
    if elsewhere.is_symlink():
        shutil.rmtree(elsewhere.resolve(), ignore_errors=True)
    shutil.rmtree(path, ignore_errors=True)
