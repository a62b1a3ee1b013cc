"""The robot's joints and their limits, read from its URDF.

The joint order of the URDF is the order of every joint array in the graph.
Source: URDF ``limit`` element (http://wiki.ros.org/urdf/XML/joint).
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np


class JointLimitsError(ValueError):
    """The URDF lacks a limit that is needed; the sentence names file, joint and attribute."""


@dataclass(frozen=True, slots=True)
class JointLimits:
    """Limits of all actuated joints, in robot joint order.

    Attributes:
        names: n joint names.
        lower: Shape (n,), smallest position [rad].
        upper: Shape (n,), largest position [rad].
        velocity: Shape (n,), largest speed [rad/s].
        effort: Shape (n,), largest torque [N m].
    """

    names: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray

    def __post_init__(self) -> None:
        for values in (self.lower, self.upper, self.velocity, self.effort):
            values.setflags(write=False)

    def index(self, name: str) -> int:
        """Place of a joint in the robot joint order.

        Raises:
            KeyError: With the name, if the robot has no such joint.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(f"the robot has no joint {name!r}") from None


def load_urdf(path: Path) -> JointLimits:
    """Read the limits of all revolute and prismatic joints of a URDF file.

    Raises:
        JointLimitsError: If the file cannot be read or a limit is missing.
    """
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - the robot's own description
    except (OSError, ElementTree.ParseError) as error:
        raise JointLimitsError(f"URDF {path} cannot be read: {error}") from error
    names: list[str] = []
    rows: list[tuple[float, ...]] = []
    for joint in root.iter("joint"):
        if joint.get("type") not in ("revolute", "prismatic"):
            continue
        name = joint.get("name", "")
        limit = joint.find("limit")
        row = []
        for attribute in ("lower", "upper", "velocity", "effort"):
            text = None if limit is None else limit.get(attribute)
            if text is None:
                raise JointLimitsError(f"URDF {path}: joint {name!r} has no limit {attribute!r}")
            row.append(float(text))
        names.append(name)
        rows.append(tuple(row))
    if not names:
        raise JointLimitsError(f"URDF {path} has no revolute or prismatic joint")
    lower, upper, velocity, effort = np.array(rows).T.copy()
    return JointLimits(tuple(names), lower, upper, velocity, effort)
