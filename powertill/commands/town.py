"""`powertill town`: run the simulated meters of the demo site, or give an order to the town that runs."""

import argparse

HELP = "Run the simulated meters of the demo site, or play a part there: press a button, lose an answer."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    words = "press, drop-next-answer, weld, offline, online, see"
    parser.add_argument("order", nargs="?", help=f"for the town that runs already: {words}")
    parser.add_argument("meter", nargs="?", help="the meter's number")


def run(args: argparse.Namespace) -> int:
    from powertill.config import config
    from powertill.trouble import Trouble

    if args.order is None:
        return _serve()
    if args.meter is None:
        raise Trouble("An order needs a meter.", "For example: powertill town press 261100206042")
    from powertill.simulators.town.orders import give

    print(give(config().home, args.order, args.meter))
    return 0


def _serve() -> int:
    import asyncio
    import logging.config

    from powertill import logs
    from powertill.clock import Clock
    from powertill.config import config
    from powertill.simulators.town import serve

    logs.configure()
    logging.config.dictConfig(logs.settings(debug=config().debug))
    asyncio.run(serve(config().make_home(), Clock().now))
    return 0
