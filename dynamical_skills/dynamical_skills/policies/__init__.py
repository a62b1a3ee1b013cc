"""Policies: what a skill sees and what it answers."""
