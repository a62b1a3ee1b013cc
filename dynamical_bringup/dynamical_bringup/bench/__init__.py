"""Figures of the running platform against bare baselines."""
