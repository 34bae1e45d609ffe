"""`powertill up`: run everything on this machine until Ctrl-C."""

import argparse

HELP = "Run everything on this machine: PostgreSQL, web, head-end, dispatch and clock."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="add a simulated town and play one sale for real")
    parser.add_argument("--once", action="store_true", help="stop when the sale is played; its result is the exit code")


def run(args: argparse.Namespace) -> int:
    from powertill.config import config
    from powertill.processes import PREPARATIONS, PROCESSES, wanted
    from powertill.supervisor import Supervisor
    from powertill.trouble import Trouble

    if args.once and not args.demo:
        raise Trouble("--once stops after the demo's sale.", "Add --demo.")
    processes = wanted(PROCESSES, demo=args.demo)
    preparations = wanted(PREPARATIONS, demo=args.demo)
    return Supervisor(config(), processes=processes, preparations=preparations, once=args.once).run()
