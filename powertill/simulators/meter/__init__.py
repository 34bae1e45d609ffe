"""A simulated DL/T 645 prepaid meter, single- or three-phase, with the money rules of a real one."""

from .direct import converse
from .memory import Memory
from .meter import Load, SimulatedMeter
from .setup import Lie, MeterSetup, Tables

__all__ = ["Lie", "Load", "Memory", "MeterSetup", "SimulatedMeter", "Tables", "converse"]
