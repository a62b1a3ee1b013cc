"""Joint control of the robot, robot drivers, and the simulated robot with its cameras."""
