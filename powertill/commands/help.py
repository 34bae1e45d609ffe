"""`powertill help`: list the commands with one line each."""

import argparse

HELP = "List the commands."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(args: argparse.Namespace) -> int:
    from powertill.__main__ import load, names

    print("Powertill: prepaid electricity. Use: powertill <command> [--help]\n")
    for name in names():
        print(f"  {name:<12} {load(name).HELP}")
    return 0
