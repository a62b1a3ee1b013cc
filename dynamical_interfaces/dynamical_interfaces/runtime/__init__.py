"""The one rclpy layer that all nodes share: node base, parameters, periodic loop, diagnostics, run."""
