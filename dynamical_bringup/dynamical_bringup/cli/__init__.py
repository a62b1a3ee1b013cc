"""The command line ``dynamical``."""
