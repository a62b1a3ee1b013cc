"""Where on a surface an object can be put down."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dynamical_skills.policies.policy import SeenObject

_EDGE = 0.03  # room left between an object's side and the edge of the board [m]
_NEIGHBOUR = 0.07  # room for fingers that open between two objects [m]
_GRID = 0.03


@dataclass(frozen=True, slots=True)
class Surface:
    """A horizontal rectangle things can stand on.

    Attributes:
        centre: Shape (3,), middle of its top [m].
        extent: Shape (2,), along x and y [m].
    """

    centre: np.ndarray
    extent: np.ndarray

    def margins(self, radius: float) -> np.ndarray:
        """Half extents within which the centre of an object of that radius may stand."""
        return np.maximum(self.extent / 2 - radius - _EDGE, 0.0)

    def contains(self, point: np.ndarray, radius: float) -> bool:
        """Whether an object of that radius stands safely at a point."""
        return bool((np.abs(point[:2] - self.centre[:2]) <= self.margins(radius) + 1e-6).all())


def surface_of(seen: SeenObject) -> Surface:
    """The top of a piece of furniture, or of anything else that was seen."""
    centre = np.array(seen.position, dtype=float)
    centre[2] += seen.size[2] / 2
    return Surface(centre, np.array(seen.size[:2], dtype=float))


def free_spots(surface: Surface, radius: float, others: Iterable[SeenObject]) -> list[np.ndarray]:
    """Points of a surface where an object fits, those nearest to its middle first.

    Args:
        surface: Where.
        radius: Of the object [m].
        others: Everything else that was seen; what does not stand on the surface is ignored.

    Returns:
        Points of shape (3,) on the surface.
    """
    top = surface.centre[2]
    taken = [
        (other.position[:2], float(max(other.size[:2])) / 2)
        for other in others
        if other.class_id not in ("table", "shelf", "person")
        and abs(other.position[2] - other.size[2] / 2 - top) < 0.05
    ]
    x, y = surface.margins(radius)
    spots = [
        np.array([surface.centre[0] + dx, surface.centre[1] + dy, top])
        for dx in _steps(x)
        for dy in _steps(y)
    ]
    free = [
        spot
        for spot in spots
        if all(
            np.linalg.norm(spot[:2] - place) > radius + reach + _NEIGHBOUR
            for place, reach in taken
        )
    ]
    return sorted(free, key=lambda spot: float(np.linalg.norm(spot[:2] - surface.centre[:2])))


def _steps(half: float) -> list[float]:
    count = int(half // _GRID)
    return [step * _GRID for step in range(-count, count + 1)]
