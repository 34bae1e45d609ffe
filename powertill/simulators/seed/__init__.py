"""Fills an empty database with the demo site, through the same flows that people use."""

from . import logins
from .seeding import Seeded, seed

__all__ = ["Seeded", "logins", "seed"]
