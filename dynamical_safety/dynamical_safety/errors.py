"""What the safety package raises; each sentence names the thing, the value and what is right.

::

    SafetyError
    ├── LimitsError      limits that cannot hold: nothing to interpolate a stop from
    ├── KinematicsError  the robot model does not fit the joints
    ├── ZoneError        a zone, or a set of zones, that cannot come into force
    └── WireError        bytes that are not the message they should be
"""


class SafetyError(ValueError):
    """Base of everything this package raises."""


class LimitsError(SafetyError):
    """Joint limits are contradictory."""

    def __init__(self, joint: str, quantity: str, value: float, wanted: str) -> None:
        super().__init__(f"joint {joint!r}: {quantity} is {value:g}, want {wanted}")


class KinematicsError(SafetyError):
    """The robot's kinematic model cannot be used."""


class ZoneError(SafetyError):
    """A zone is not well formed.

    Attributes:
        zone: Its name.
    """

    def __init__(self, zone: str, problem: str) -> None:
        super().__init__(f"zone {zone!r}: {problem}")
        self.zone = zone


class WireError(SafetyError):
    """Serialised bytes are not the message they should be."""
