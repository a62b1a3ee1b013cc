"""The simulated robot: MuJoCo physics behind the driver interface."""
