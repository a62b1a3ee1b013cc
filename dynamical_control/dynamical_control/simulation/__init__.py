"""The simulated world: robot model, scene, physics and rendering. No ROS in here."""
