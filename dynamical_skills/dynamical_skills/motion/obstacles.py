"""Boxes that arms and hands must not touch, taken from what perception published."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from dynamical_skills.policies.policy import SeenObject


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned box.

    Attributes:
        position: Shape (3,), centre [m].
        half: Shape (3,), half extents [m].
    """

    position: np.ndarray
    half: np.ndarray


# Furniture is seen to a few millimetres: fingers may come that much closer than its measured top.
_SURFACE_DOUBT = 0.008
# Its edges are kept away from by that much more: nothing needs to be near them.
_EDGE_DOUBT = 0.010
# A thing that stands is knocked over by a touch: this is how far it may be from where it is seen.
OBJECT_DOUBT = 0.014


def boxes(
    objects: Iterable[SeenObject],
    *,
    without: Collection[int] = (),
    margin: float = OBJECT_DOUBT,
) -> list[Box]:
    """Boxes around everything seen but people (the safety gate's concern) and the ids left out.

    Args:
        objects: What perception published.
        without: Track ids that may be touched, such as the object to be grasped.
        margin: Room kept around things that can be knocked over [m].
    """
    found = []
    for seen in objects:
        if seen.class_id == "person" or seen.id in without:
            continue
        position, half = (
            np.array(seen.position, dtype=float),
            np.array(seen.size, dtype=float) / 2,
        )
        if is_furniture(seen):
            position[2] -= _SURFACE_DOUBT / 2
            half += (_EDGE_DOUBT, _EDGE_DOUBT, -_SURFACE_DOUBT / 2)
        else:
            half += margin
        found.append(Box(position, half))
    return found


def is_furniture(seen: SeenObject) -> bool:
    """Whether things stand on it rather than being taken."""
    return seen.class_id in ("table", "shelf")
