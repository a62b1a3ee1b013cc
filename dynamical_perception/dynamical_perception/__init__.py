"""Perception: from pictures of several cameras to objects and people in the world."""
