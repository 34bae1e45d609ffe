"""`powertill web`: serve the console and the portal."""

import argparse

HELP = "Serve the console and the portal."
WORKERS = 2  # processes; each has its own interpreter
THREADS = 4  # requests at once in each process; further ones wait
WAITING_MAX = 256  # connections that may wait before new ones are refused
STOP_S = 5  # for requests under way when the server is asked to stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The web server has no options: host and port are settings."""


def run(args: argparse.Namespace) -> int:
    from granian import Granian
    from granian.constants import Interfaces

    from powertill.config import config

    settings = config()
    Granian(
        "powertill.wsgi:application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        backlog=WAITING_MAX,
        workers_kill_timeout=STOP_S,
        respawn_failed_workers=True,
        websockets=False,
        log_access=False,
    ).serve()
    return 0
