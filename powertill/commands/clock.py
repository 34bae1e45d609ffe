"""`powertill clock`: do what falls due with time."""

import argparse

HELP = "Do what falls due with time: lawful steps, silent meters."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The clock has no options: what is due is in the database."""


def run(args: argparse.Namespace) -> int:
    import django

    django.setup()
    from powertill.clock import Clock
    from powertill.workers import clock, loop

    time = Clock()
    loop.run("clock", lambda: clock.step(clock=time.now), stop=loop.stopper())
    return 0
