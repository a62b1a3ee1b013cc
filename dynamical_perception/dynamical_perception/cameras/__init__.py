"""Cameras: their model, and how they are mounted."""
