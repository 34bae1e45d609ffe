"""Notify drivers: one file for each channel that carries messages to people."""
