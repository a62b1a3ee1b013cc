"""What is known beforehand about classes of things: shape, usual size and way of moving.

Sizes are priors, not answers: what is seen of a thing overrules them (``shape.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np


class Motion(IntEnum):
    """How a thing moves; the numbers are those of ``Track.msg``."""

    UNKNOWN = 0
    STATIC = 1
    MOVABLE = 2
    AGENT = 3


class Shape(Enum):
    """What its body is fitted with."""

    ROUND = "round"  # an upright body of revolution: cup, bottle
    BOX = "box"  # an upright cuboid, turned about z
    FURNITURE = "furniture"  # extents alone, gathered over time
    PERSON = "person"  # upright, reaches down to the floor


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """Prior knowledge of one class.

    Attributes:
        name: Class name, as in labels.
        shape: What it is fitted with.
        motion: How it moves.
        size: Usual extent along x, y, z when upright [m].
        spread: How much that varies between individuals, one standard deviation, relative.
        shoulder: Of a round thing: share of its height up to which it has its full width.
    """

    name: str
    shape: Shape
    motion: Motion
    size: tuple[float, float, float]
    spread: float
    shoulder: float = 1.0

    @property
    def prior_size(self) -> np.ndarray:
        """Usual extent, shape (3,) [m]."""
        return np.array(self.size)


_CLASSES = (
    ObjectClass("cup", Shape.ROUND, Motion.MOVABLE, (0.075, 0.075, 0.10), 0.15),
    ObjectClass("mug", Shape.ROUND, Motion.MOVABLE, (0.080, 0.080, 0.10), 0.15),
    ObjectClass("bottle", Shape.ROUND, Motion.MOVABLE, (0.065, 0.065, 0.20), 0.15, 0.55),
    ObjectClass("can", Shape.ROUND, Motion.MOVABLE, (0.066, 0.066, 0.12), 0.10),
    ObjectClass("cube", Shape.BOX, Motion.MOVABLE, (0.05, 0.05, 0.05), 0.30),
    ObjectClass("box", Shape.BOX, Motion.MOVABLE, (0.10, 0.10, 0.10), 0.50),
    ObjectClass("table", Shape.FURNITURE, Motion.STATIC, (1.0, 1.0, 0.75), 0.50),
    ObjectClass("shelf", Shape.FURNITURE, Motion.STATIC, (0.4, 0.4, 1.0), 0.50),
    ObjectClass("person", Shape.PERSON, Motion.AGENT, (0.45, 0.45, 1.75), 0.10),
)

CATALOGUE: Mapping[str, ObjectClass] = {item.name: item for item in _CLASSES}

ROBOT = "robot"

# Labels that stand for no thing to follow.
IGNORED = frozenset({"", "floor", "wall", "ground", "background", "ceiling"})


def lookup(class_id: str) -> ObjectClass:
    """Prior knowledge of a class; a class not in the catalogue is taken for a movable box."""
    known = CATALOGUE.get(class_id)
    if known is not None:
        return known
    return ObjectClass(class_id, Shape.BOX, Motion.MOVABLE, (0.1, 0.1, 0.1), 1.0)
