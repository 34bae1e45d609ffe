"""Powertill sells electricity before it is used."""

__version__ = "0.1.0"
