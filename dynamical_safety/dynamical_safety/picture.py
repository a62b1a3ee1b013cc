"""What a viewer is shown of one moment: watched distances, expected places, the robot's shape.

Plain values that the tick leaves behind once a second; ``markers.py`` draws them.
"""

from dataclasses import dataclass

import numpy as np

from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.people import Boxes
from dynamical_safety.separation import Separation, box_distance

AHEAD = (0.5, 1.0)  # [s]
MOST_PEOPLE = 10


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance that is watched: from a link to a person.

    Attributes:
        start: Shape (3,), point on the robot [m].
        end: Shape (3,), nearest point of the person [m].
        text: What to write beside it.
        freedom: 0 = stopped by it, 1 = free of it.
    """

    start: np.ndarray
    end: np.ndarray
    text: str
    freedom: float


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Where a part of a person is expected.

    Attributes:
        part: "body", "left_hand" ...
        position: Shape (3,) [m].
        deviation: Standard deviation along each axis [m].
        ahead: How far ahead of now [s].
    """

    part: str
    position: np.ndarray
    deviation: float
    ahead: float


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment. The capsules are arrays of c rows; one of no length is a sphere.

    Attributes:
        distances: From links to people, nearest first.
        foreseen: Where people are expected.
        start: Shape (c, 3), one end of each capsule's axis [m].
        end: Shape (c, 3), the other end [m].
        radius: Shape (c,) [m].
    """

    distances: tuple[Distance, ...]
    foreseen: tuple[Foreseen, ...]
    start: np.ndarray
    end: np.ndarray
    radius: np.ndarray


NOTHING = Picture((), (), np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))


def taken(
    centres: np.ndarray, spheres: LinkSpheres, boxes: Boxes, separation: Separation
) -> Picture:
    """The picture of one moment, with the robot as spheres and people at constant velocity.

    Args:
        centres: Shape (s, 3), sphere centres now [m]; copied.
        spheres: The spheres.
        boxes: People now.
        separation: What the gate made of them.
    """
    centres = centres.copy()
    return Picture(
        watched_distances(centres, spheres, boxes, separation),
        constant_velocity(boxes),
        centres,
        centres,
        spheres.radius,
    )


def watched_distances(
    centres: np.ndarray, spheres: LinkSpheres, boxes: Boxes, separation: Separation
) -> tuple[Distance, ...]:
    """For each of the nearest people, the line from the nearest link to them."""
    if not boxes.people:
        return ()
    table = box_distance(centres, spheres.radius, boxes.centre, boxes.half)
    nearest = table.argmin(axis=1)
    distance = np.maximum(table.min(axis=1), 0.0)
    found = []
    for index in np.argsort(distance)[:MOST_PEOPLE]:
        sphere, person = int(nearest[index]), boxes.people[index]
        low, high = (boxes.centre[index] + side * boxes.half[index] for side in (-1.0, 1.0))
        end = np.clip(centres[sphere], low, high)
        away = end - centres[sphere]
        length = max(float(np.linalg.norm(away)), 1e-9)
        start = centres[sphere] + away * min(1.0, float(spheres.radius[sphere]) / length)
        text = f"{spheres.links[sphere]} - person {person.id}: {distance[index]:.2f} m"
        freedom = 1.0
        if person.id == separation.person:
            text += f", in effect {separation.protective:.2f} m"
            freedom = separation.speed_scale
        found.append(Distance(start, end, text, freedom))
    return tuple(found)


def constant_velocity(boxes: Boxes) -> tuple[Foreseen, ...]:
    """Where people will be if they go on as they do."""
    return tuple(
        Foreseen(
            "body",
            boxes.centre[index] + boxes.velocity[index] * ahead,
            float(boxes.uncertainty[index]),
            ahead,
        )
        for index in range(len(boxes.people))
        for ahead in AHEAD
    )
