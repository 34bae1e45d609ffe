"""`powertill db`: start, stop or look at the PostgreSQL of this home without the other processes."""

import argparse
from pathlib import Path

HELP = "Start, stop or look at PostgreSQL alone."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["start", "stop", "status", "url"])


def run(args: argparse.Namespace) -> int:
    from powertill.config import config
    from powertill.postgres import address
    from powertill.trouble import Trouble

    settings = config()
    if args.action == "url":
        print(address.url(settings))
        return 0
    if not address.is_ours(settings):
        raise Trouble("POWERTILL_DATABASE_URL names a server that is kept elsewhere.", "Start and stop it there.")
    return {"start": _start, "stop": _stop, "status": _status}[args.action](settings.make_home())


def _start(home: Path) -> int:
    from powertill.postgres.running import is_running
    from powertill.postgres.server import Server

    if is_running(home):
        print("PostgreSQL runs already.")
        return 0
    Server(home).start(detached=True)
    print("PostgreSQL runs. `powertill db stop` ends it.")
    return 0


def _stop(home: Path) -> int:
    from powertill.postgres.running import stop
    from powertill.trouble import Trouble

    if not stop(home):
        raise Trouble("PostgreSQL did not stop within a minute.", f"Its log is {home}/postgres/log.")
    print("PostgreSQL is stopped.")
    return 0


def _status(home: Path) -> int:
    from powertill.postgres.data import pid
    from powertill.postgres.place import Place
    from powertill.postgres.running import is_running

    place = Place(home)
    if not is_running(home):
        print("PostgreSQL is stopped.")
        return 1
    print(f"PostgreSQL runs (process {pid(place.data)}), data in {place.data}, socket in {place.socket_dir()}.")
    return 0
