"""ROS nodes of perception; thin."""
