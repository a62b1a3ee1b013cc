"""Training of the learned parts of this package; nothing here runs on the robot."""
