"""Training of the learned parts, from simulated data; nothing here runs beside a robot."""
