"""`powertill version`: say which version this is."""

import argparse
import sys

from powertill import __version__

HELP = "Say which version this is."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(args: argparse.Namespace) -> int:
    print(f"Powertill {__version__} on Python {sys.version.split()[0]}")
    return 0
