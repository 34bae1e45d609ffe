"""Lotus Court, the simulated demo site: its definition, its loads and its meters as a process."""

from .running import serve, town_in_thread
from .town import Town

__all__ = ["Town", "serve", "town_in_thread"]
