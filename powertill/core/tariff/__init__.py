"""Tariffs: dated terms in, explained lines out; every Wh is priced exactly once."""
