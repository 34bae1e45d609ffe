"""`powertill time`: show this installation's time, or move a simulated one forward."""

import argparse

HELP = "Show the time here, or move simulated time forward."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jump", metavar="TIME", help="go forward to this time, such as 2026-03-01T08:00:00+08:00")
    parser.add_argument("--speed", type=int, metavar="N", help="run N times as fast; 0 stands still")
    parser.add_argument("--simulate", action="store_true", help="make real time simulated: for trials, not for use")


def run(args: argparse.Namespace) -> int:
    from powertill.clock import Clock, parse
    from powertill.trouble import Trouble

    clock = Clock()
    if (args.jump or args.speed is not None) and not (clock.simulated or args.simulate):
        raise Trouble("The time here is real.", "Add --simulate to try Powertill with simulated time.")
    if args.jump:
        clock.jump_to(parse(args.jump))
    if args.speed is not None:
        clock.set_speed(args.speed)
    kind = f"simulated, {clock.speed} times as fast" if clock.simulated else "real"
    print(f"{clock.now():%Y-%m-%d %H:%M:%S} UTC ({kind})")
    return 0
