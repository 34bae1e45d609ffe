"""`powertill story`: play one customer's story on the running demo."""

import argparse

HELP = "Play one customer's story on the running simulated site, from where it stopped."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The story has no options: it goes on from where it stopped."""


def run(args: argparse.Namespace) -> int:
    import django

    django.setup()
    from powertill.clock import Clock
    from powertill.config import config
    from powertill.simulators.story import playing
    from powertill.simulators.town.site import STORY

    playing.play(home=config().home, room=STORY.label, say=lambda text: print(text, flush=True))
    code = _doctor()
    Clock().set_speed(playing.LIVE_SPEED)
    return code


def _doctor() -> int:
    from powertill.__main__ import main

    return main(["doctor"])
