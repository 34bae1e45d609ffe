"""Chromium against the pages: the cast is committed for the time of a module, and taken away afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection, connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from powertill.config import config
from tests.web import plant_cast
from tests.web.plant_cast import Cast

CHROMIUM = "/usr/bin/chromium"
PICTURES = os.environ.get("PLANT_PICTURES")  # a folder: keep what the pages look like
SERIOUS = {"serious", "critical"}
OPEN_MAX_MS = 15_000
Opener = Callable[..., Page]


@pytest.fixture(scope="module", name="city")
def city_fixture(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The cast in committed rows, which the server's threads see."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs a loop in this thread; the tests do not share it
    with django_db_blocker.unblock(), plant_cast.frozen_clock(config().home):
        made = plant_cast.build()
        made.cookies = {name: _session(made, name) for name in ("mark", "cai", "grace")}
        yield made
        _empty()
        connections.close_all()  # While Playwright's loop ran, this thread used a second connection.


def _session(cast: Cast, name: str) -> str:
    client = Client()
    client.force_login(cast.person[name])
    return client.cookies["powertill_session"].value


def committed(act: Callable[[], object]) -> None:
    """Run `act` on a connection of its own, so that the server sees what it writes."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(act).result()
        pool.submit(connections.close_all).result()


def _empty() -> None:
    """Empty all tables, the append-only ones too: this database is thrown away."""
    tables = [name for name in connection.introspection.table_names() if not name.startswith("django_migrations")]
    with connection.cursor() as cursor:
        # A request that was cut off when its page was closed may still hold a connection.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for name in tables:
            cursor.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER USER')
        cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in tables) + " CASCADE")
        for name in tables:
            cursor.execute(f'ALTER TABLE "{name}" ENABLE TRIGGER USER')


@pytest.fixture(scope="module", name="server")
def server_fixture(city: Cast) -> Iterator[str]:
    """The address of a server for this module."""
    server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture(scope="module", name="browser")
def browser_fixture() -> Iterator[Browser]:
    """One Chromium for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
        connections.close_all()


@pytest.fixture(name="open_page")
def open_page_fixture(browser: Browser, server: str, city: Cast, django_db_blocker: Any) -> Iterator[Opener]:
    """Open a page as a person, in a language, light or dark; what the console says must be nothing."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def open_page(
        path: str, *, person: str, language: str = "en", dark: bool = False, wide: int = 1440, **more: Any
    ) -> Page:
        context = browser.new_context(
            viewport={"width": wide, "height": 900}, color_scheme="dark" if dark else "light", **more
        )
        contexts.append(context)
        context.add_cookies(
            [
                {"name": "powertill_session", "value": city.cookies[person], "url": server},
                {"name": "django_language", "value": language, "url": server},
            ]
        )
        page = context.new_page()
        page.set_default_timeout(OPEN_MAX_MS)
        page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda fault: said.append(str(fault)))
        answer = page.goto(server + path)
        assert answer is not None and answer.status == 200 and page.url == server + path, page.url
        return page

    with django_db_blocker.unblock():
        yield open_page
        for context in contexts:
            context.close()
    assert not said, said


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page when somebody wants to look."""
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def serious_faults(page: Page) -> list[str]:
    """Return what axe finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in SERIOUS]
