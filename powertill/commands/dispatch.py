"""`powertill dispatch`: hand messages over to their channels."""

import argparse

HELP = "Hand messages over to their channels and keep the proof."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Dispatch has no options: messages are in the database."""


def run(args: argparse.Namespace) -> int:
    import django

    django.setup()
    from powertill.clock import Clock
    from powertill.config import config
    from powertill.workers import dispatch, loop

    clock = Clock()
    settings = dispatch.channel_settings(config(), simulated=clock.simulated)
    loop.run("dispatch", lambda: dispatch.step(clock=clock.now, settings=settings), stop=loop.stopper())
    return 0
