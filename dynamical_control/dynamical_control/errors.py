"""Errors of this package; every sentence names the thing, the value and what would be right.

ControlError
├── RobotModelError    the robot's model cannot be made or read
├── SceneError         a request to the simulated world makes no sense
├── RobotDriverError   a robot cannot be reached or refuses
└── RenderingError     no off-screen picture can be made
"""


class ControlError(Exception):
    """Anything this package raises on purpose."""


class RobotModelError(ControlError):
    """The robot's model cannot be made or read."""


class SceneError(ControlError, ValueError):
    """A request to the simulated world makes no sense."""


class RobotDriverError(ControlError):
    """A robot cannot be reached or refuses what it was asked."""


class RenderingError(ControlError):
    """No off-screen picture can be made."""
