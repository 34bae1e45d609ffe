"""One readable line per event on standard output, for our own code and for libraries."""

from typing import Any

import structlog

SHARED = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
)


def configure() -> None:
    """Send structlog's events through the standard library's handlers, so that there is one stream."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def line(_logger: Any, _name: str, event: dict[str, Any]) -> str:
    """Return `12:00:00 warning powertill.sales event key=value`, with a traceback under it if there is one."""
    head = f"{event.pop('timestamp')} {event.pop('level')} {event.pop('logger', '')} {event.pop('event')}"
    trace = event.pop("exception", "")
    pairs = "".join(f" {key}={value!r}" if " " in str(value) else f" {key}={value}" for key, value in event.items())
    return head + pairs + (f"\n{trace}" if trace else "")


def settings(*, debug: bool) -> dict[str, Any]:
    """Return Django's LOGGING: everything at INFO (DEBUG when asked) to standard output."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            line,
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
        "root": {"handlers": ["out"], "level": "DEBUG" if debug else "INFO"},
        "loggers": {
            "django.db.backends": {"level": "INFO"},  # SQL in the log would hold customers' data.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
        },
    }
