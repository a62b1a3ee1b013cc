"""ROS 2 nodes of this package, thin: parameters, messages, one call into pure code."""
