"""DL/T 645-2007 prepaid meters, with the security commands of Q/GDW 365 and the 2013 supplement."""

from .driver import Dlt645Driver

DRIVER = Dlt645Driver

__all__ = ["DRIVER", "Dlt645Driver"]
