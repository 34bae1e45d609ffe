"""Where the database answers, as Django's settings and as a connection string; starts nothing."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from powertill.config import Config
from powertill.postgres.place import Place

ROLE = DATABASE = "powertill"
# Every wait has a limit, so a stuck screen cannot hold rows that a sale needs.
LIMITS = "-c statement_timeout=120s -c lock_timeout=15s -c idle_in_transaction_session_timeout=120s"


def url(config: Config) -> str:
    """Return the URL of this installation's database."""
    return config.database_url or socket_url(Place(config.home))


def socket_url(place: Place, *, role: str = ROLE, database: str = DATABASE) -> str:
    """Return the URL of our own server, which listens on a socket file only."""
    return f"postgresql://{role}@/{database}?host={place.socket_dir()}"


def django_database(config: Config) -> dict[str, Any]:
    """Return the entry for Django's DATABASES."""
    return from_url(url(config))


def from_url(address: str) -> dict[str, Any]:
    """Translate a URL; what stands after `?` goes to libpq, except the host, which Django wants by itself."""
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or DATABASE,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": {"options": LIMITS} | options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,  # a restarted server costs one reconnection, not one failed sale
    }


def is_ours(config: Config) -> bool:
    """Whether we run the server ourselves."""
    return not config.database_url
