"""Database threads: a server that went away costs one call at most, never all that follow."""

# ruff: noqa: F811  pytest's fixtures are named by their argument

import asyncio

import psycopg
import pytest
from django.db import Error, connection

from powertill.workers import database
from tests.flows.conftest import superuser_url, transactional_db  # noqa: F401
from tests.simulation.head_rig import hang_up


def number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def broken() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


@pytest.fixture
def threads(transactional_db: None, monkeypatch: pytest.MonkeyPatch):
    yield
    hang_up()


def test_a_connection_is_kept_and_replaced_when_the_server_has_dropped_it(threads, superuser_url):
    async def play():
        first = {await database.db(number) for _ in range(8)}
        with psycopg.connect(superuser_url) as admin:
            for backend in first:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        second = [await database.db(number) for _ in range(8)]
        assert len(first) <= database.THREADS
        assert first.isdisjoint(second)

    asyncio.run(asyncio.wait_for(play(), 60))


def test_a_fault_of_the_database_comes_back_and_spoils_nothing(threads):
    async def play():
        for _ in range(2 * database.THREADS):
            with pytest.raises(Error, match="division by zero"):
                await database.db(broken)
        assert await database.db(number) > 0

    asyncio.run(asyncio.wait_for(play(), 60))
