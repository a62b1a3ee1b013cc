"""What the safety package raises; each sentence names the thing, the value and what is right.

::

    SafetyError
    ├── LimitsError      limits that cannot hold: nothing to interpolate a stop from
    ├── OverlayError     a file of joint limits is not well formed
    ├── KinematicsError  the robot model does not fit the joints
    ├── ZoneError        a zone, or a set of zones, that cannot come into force
    ├── EnsembleError    forecast voters and their weights do not fit
    ├── ModelError       a learned model's file cannot be used
    ├── HazardError      a hazard, or a kind of hazard, that cannot come into force
    ├── DataError        a table of the package, or a row of it, that makes no sense
    └── WireError        bytes that are not the message they should be
"""

from pathlib import Path


class SafetyError(ValueError):
    """Base of everything this package raises."""


class LimitsError(SafetyError):
    """Joint limits are contradictory."""

    def __init__(self, joint: str, quantity: str, value: float, wanted: str) -> None:
        super().__init__(f"joint {joint!r}: {quantity} is {value:g}, want {wanted}")


class OverlayError(SafetyError):
    """A file of joint limits is not well formed.

    Attributes:
        path: The file.
        line: Where in it, from 1; 0 = the file as a whole.
    """

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")
        self.path, self.line = path, line


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


class EnsembleError(SafetyError):
    """The voters of the forecast ensemble, or their weights, cannot be used."""


class ModelError(SafetyError):
    """A learned model's file cannot be used.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"model {path} {problem}")
        self.path = path


class HazardError(SafetyError):
    """A hazard, or a kind of hazard, is not well formed.

    Attributes:
        subject: Id of the hazard, or name of the kind.
    """

    def __init__(self, subject: str, problem: str) -> None:
        super().__init__(f"hazard {subject!r}: {problem}")
        self.subject = subject


class DataError(SafetyError):
    """A table of the package, or a row of it, cannot be used.

    Attributes:
        subject: File or row.
    """

    def __init__(self, subject: str, problem: str) -> None:
        super().__init__(f"{subject!r} {problem}")
        self.subject = subject


class WireError(SafetyError):
    """Serialised bytes are not the message they should be."""
