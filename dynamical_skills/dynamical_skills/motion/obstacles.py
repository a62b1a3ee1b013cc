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


# Heights of furniture are seen to a few millimetres: fingers may come that much closer than the measured top.
_SURFACE_DOUBT = 0.008


def boxes(
    objects: Iterable[SeenObject], *, without: Collection[int] = (), margin: float = 0.0
) -> list[Box]:
    """Boxes around everything seen but people (who are the safety gate's concern) and the ids left out.

    Args:
        objects: What perception published.
        without: Track ids that may be touched, such as the object to be grasped.
        margin: Added to each side [m].
    """
    found = []
    for seen in objects:
        if seen.class_id == "person" or seen.id in without:
            continue
        position, half = (
            np.array(seen.position, dtype=float),
            np.array(seen.size, dtype=float) / 2 + margin,
        )
        if is_furniture(seen):
            position[2] -= _SURFACE_DOUBT / 2
            half[2] -= _SURFACE_DOUBT / 2
        found.append(Box(position, half))
    return found


def is_furniture(seen: SeenObject) -> bool:
    """Whether things stand on it rather than being taken."""
    return seen.class_id in ("table", "shelf")
