"""`powertill headend`: talk to the meters."""

import argparse
import asyncio
import signal

HELP = "Talk to the meters: read, bring credit, switch."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The head-end has no options: gateways are in the database."""


def run(args: argparse.Namespace) -> int:
    import django

    django.setup()
    asyncio.run(_run())
    return 0


async def _run() -> None:
    from powertill.clock import Clock
    from powertill.workers import headend

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await headend.run(clock=Clock().now, stop=stop)
