"""Comparisons that were made to decide something, to be run again: ``python -m``."""
