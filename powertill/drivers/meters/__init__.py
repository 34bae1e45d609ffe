"""Meter drivers: one file or folder for each language that meters speak."""
