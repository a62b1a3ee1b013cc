"""ROS nodes of this package: thin, all decisions are made in the pure modules."""
