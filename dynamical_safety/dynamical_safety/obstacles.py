"""What the robot's links are kept away from: upright boxes with a kind. Frame: odom."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

# Width of the strips that a zone's floor polygon is cut into [m].
STRIP = 0.10


class ObstacleKind(IntEnum):
    """Why something is an obstacle, which says how far links are kept from it."""

    FIXED = 0
    AVOID = 1
    ZONE = 2
    PERSON = 3


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One upright box that links are kept away from. What a hand carries is none.

    Attributes:
        name: For reports.
        kind: Says which margin applies.
        centre: Shape (3,) [m].
        half: Shape (3,), half its extent [m].
        velocity: Shape (3,) [m/s].
        margin: Kept in addition to that of its kind, as an uncertain place asks for [m].
    """

    name: str
    kind: ObstacleKind
    centre: np.ndarray
    half: np.ndarray
    velocity: np.ndarray
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class ObstacleTable:
    """Obstacles as columns.

    Attributes:
        names: Of each of the o obstacles.
        kind: Shape (o,), ``ObstacleKind``.
        centre: Shape (o, 3) [m].
        half: Shape (o, 3) [m].
        velocity: Shape (o, 3) [m/s].
        margin: Shape (o,) [m].
    """

    names: tuple[str, ...]
    kind: np.ndarray
    centre: np.ndarray
    half: np.ndarray
    velocity: np.ndarray
    margin: np.ndarray

    @property
    def usable(self) -> bool:
        """Whether every number is finite and no extent or margin negative."""
        finite = all(
            bool(np.isfinite(column).all())
            for column in (self.centre, self.half, self.velocity, self.margin)
        )
        return finite and bool((self.half >= 0.0).all() and (self.margin >= 0.0).all())


def tabled(obstacles: Sequence[Obstacle]) -> ObstacleTable:
    """The obstacles as columns."""
    columns = np.empty((len(obstacles), 3, 3))
    for row, obstacle in enumerate(obstacles):
        columns[row, 0], columns[row, 1] = obstacle.centre, obstacle.half
        columns[row, 2] = obstacle.velocity
    return ObstacleTable(
        tuple(obstacle.name for obstacle in obstacles),
        np.array([obstacle.kind for obstacle in obstacles], dtype=int),
        columns[:, 0],
        columns[:, 1],
        columns[:, 2],
        np.array([obstacle.margin for obstacle in obstacles], dtype=float),
    )


def zone_obstacles(
    name: str, polygon: Sequence[tuple[float, float]], *, low: float, high: float
) -> tuple[Obstacle, ...]:
    """Boxes that hold a prism over a floor polygon; exactly, if it is an upright rectangle.

    Other shapes are cut into strips along x, with the box around each: up to a strip too large,
    never too small. For an exact answer ask the zone itself.

    Args:
        name: Of the zone, which all boxes take.
        polygon: Vertices x, y [m] in order.
        low: Lower end of the prism [m].
        high: Upper end [m].
    """
    corners = np.array(polygon, dtype=float)
    first, last = corners[:, 0].min(), corners[:, 0].max()
    cuts = np.linspace(first, last, max(1, int(np.ceil((last - first) / STRIP - 1e-9))) + 1)
    strips: list[tuple[float, float, float, float]] = []
    for left, right in itertools.pairwise(cuts.tolist()):
        bottom, top = _span(corners, left, right)
        if strips and abs(strips[-1][2] - bottom) < 1e-9 and abs(strips[-1][3] - top) < 1e-9:
            strips[-1] = (strips[-1][0], right, bottom, top)
        else:
            strips.append((left, right, bottom, top))
    return tuple(
        Obstacle(
            name,
            ObstacleKind.ZONE,
            np.array([(left + right) / 2, (bottom + top) / 2, (low + high) / 2]),
            np.array([(right - left) / 2, (top - bottom) / 2, (high - low) / 2]),
            np.zeros(3),
        )
        for left, right, bottom, top in strips
    )


def _span(corners: np.ndarray, left: float, right: float) -> tuple[float, float]:
    """Least and greatest y of a polygon between two x."""
    start, end = corners, np.roll(corners, -1, axis=0)
    inside = (corners[:, 0] >= left) & (corners[:, 0] <= right)
    heights = [corners[inside, 1]]
    run = end[:, 0] - start[:, 0]
    for cut in (left, right):
        crossing = (start[:, 0] - cut) * (end[:, 0] - cut) < 0.0
        part = (cut - start[crossing, 0]) / run[crossing]
        heights.append(start[crossing, 1] + part * (end[crossing, 1] - start[crossing, 1]))
    every = np.concatenate(heights)
    return float(every.min()), float(every.max())
