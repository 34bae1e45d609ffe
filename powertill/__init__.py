"""Powertill: prepaid electricity, from the sale at the counter to the relay in the meter."""

__version__ = "0.1.0"
