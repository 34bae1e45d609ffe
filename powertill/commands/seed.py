"""`powertill seed`: fill an empty database with the simulated demo site."""

import argparse
from datetime import datetime

HELP = "Fill an empty database with the simulated demo site; does nothing when it is there."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", metavar="TIME", help="when simulated time begins, such as 2026-11-23T06:00:00+08:00")
    parser.add_argument("--speed", type=int, default=1, metavar="N", help="simulated time runs N times as fast")


def run(args: argparse.Namespace) -> int:
    import django

    from powertill.config import config
    from powertill.postgres.running import database

    settings = config()
    with database(settings):
        django.setup()
        return _seed(start=args.start, speed=args.speed)


def _seed(*, start: str | None, speed: int) -> int:
    from zoneinfo import ZoneInfo

    from powertill.clock import Clock
    from powertill.config import config
    from powertill.simulators.seed import logins, seed
    from powertill.simulators.town.site import SITE_NAMES, STARTS_AT, ZONE

    home = config().make_home()
    made = seed(home=home, clock=Clock(), starts_at=_moment(start) if start else STARTS_AT, speed=speed)
    if made is None:
        print(f"The simulated site {SITE_NAMES['en']} is there already; nothing was changed.")
        return 0
    begins = made.starts_at.astimezone(ZoneInfo(ZONE)).isoformat()
    print(f"The simulated site {SITE_NAMES['en']} is ready; simulated time begins at {begins}.")
    print(f"Sign-ins of the simulated site, kept in {home / logins.FILE}:")
    for name, password in made.passwords.items():
        print(f"  {name:<10} {password}")
    return 0


def _moment(text: str) -> datetime:
    from powertill.clock import parse

    return parse(text)
