"""The main job and its figures."""
