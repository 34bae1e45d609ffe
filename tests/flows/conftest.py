"""Databases for tests of flows: one that rolls back, and one whose commits are real, for threads and triggers."""

from collections.abc import Iterator

import django
import psycopg
import pytest

django.setup()


@pytest.fixture
def superuser_url(test_database_url: str) -> str:
    """The test database as its superuser, who alone can go around the triggers."""
    return test_database_url.replace("://powertill@", "://postgres@")


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: object, superuser_url: str) -> Iterator[None]:
    """Let a test commit for real; afterwards empty every table, which only the superuser can.

    It replaces pytest-django's fixture, whose way of emptying tables the append-only ones refuse.
    """
    from django.apps import apps
    from django.db import connections

    with django_db_blocker.unblock():
        try:
            yield
        finally:
            connections.close_all()
            tables = ", ".join(f'"{model._meta.db_table}"' for model in apps.get_models() if model._meta.managed)
            with psycopg.connect(superuser_url) as admin:
                admin.execute("SET session_replication_role = replica")
                admin.execute(f"TRUNCATE {tables} CASCADE")


@pytest.fixture
def plant(transactional_db: None, superuser_url: str) -> object:
    """Change rows behind the back of the triggers, as a superuser could."""

    def run(sql: str, *params: object) -> None:
        with psycopg.connect(superuser_url) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute(sql, params)

    return run
