"""Dispatch: hands due messages to their channel's driver and keeps the provider's proof."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from powertill import drivers
from powertill.apps.notices import flows as notices
from powertill.apps.notices.models import Message
from powertill.config import Config
from powertill.core.ports import LinkFault, MeterFault, Receipt

log = structlog.get_logger("powertill.dispatch")

EXPECTED = (LinkFault, MeterFault, LookupError, OSError)  # what a driver may say when it cannot; see notices.flows


def step(*, clock: Callable[[], datetime], settings: dict[str, dict[str, Any]]) -> int:
    """Hand over one batch of due messages; return how many were taken."""

    def send(message: Message) -> Receipt:
        driver = drivers.notify_driver(message.channel)
        try:
            receipt = driver.send(
                settings.get(message.channel, {}),
                key=message.key,
                to=message.address,
                subject=message.subject,
                body=message.body,
            )
        except EXPECTED:
            raise
        except Exception as wrong:  # One message that a driver chokes on must not keep all the others waiting.
            log.exception("message could not be handed over", channel=message.channel, key=message.key)
            raise LinkFault(f"{type(wrong).__name__}: {wrong}") from wrong
        log.info("message", topic=message.topic, channel=message.channel, key=message.key, delivered=receipt.delivered)
        return receipt

    return notices.dispatch(now=clock(), send=send)


def channel_settings(config: Config, *, simulated: bool) -> dict[str, dict[str, Any]]:
    """Return the settings of each channel of this installation.

    Only in a rehearsal does a line in a file count as delivered: there the file is the simulated phone.
    """
    counts = "yes" if simulated else "no"
    return {
        "file": {"path": str(config.home / "messages.jsonl"), "counts_as_delivered": counts},
        "email": {
            "host": config.smtp_host,
            "port": str(config.smtp_port),
            "security": config.smtp_security,
            "username": config.smtp_username,
            "password": config.smtp_password,
            "sender": config.smtp_sender,
        },
    }
