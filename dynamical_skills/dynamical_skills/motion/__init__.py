"""Motion of this robot: kinematics, hands, grasps, and smooth joint trajectories."""
