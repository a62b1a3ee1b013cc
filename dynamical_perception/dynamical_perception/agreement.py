"""Whether cameras agree on where a person is.

Each camera sees the side of a body that faces it, so that the middles of what two of them see lie a
body's width apart at most. What they lie apart beyond that is an error of one of them: a camera that
was moved, a picture that is late, a label that is wrong. Nobody knows which, so it is doubt about
the place.
"""

import itertools

import numpy as np

BODY = 0.40  # middles of what cameras see of one body may lie so far apart [m]
FRESH = 0.40  # views farther apart in time tell nothing about each other [s]


class Agreement:
    """Keeps where each camera saw the middle of one person last."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, np.ndarray]] = {}

    def see(self, camera: str, points: np.ndarray, stamp: float) -> None:
        """Take in one view.

        Args:
            camera: Who saw it.
            points: Shape (n, 3), points of the person that it saw [m].
            stamp: When, ROS time [s].
        """
        if len(points):
            self._seen[camera] = (stamp, np.median(points[:, :2], axis=0))

    def doubt(self, velocity: np.ndarray) -> float:
        """Deviation of the place that the cameras' disagreement tells of [m]; 0 = they agree.

        Args:
            velocity: Shape (3,), of the person, who moves on between two views [m/s].
        """
        newest = max((stamp for stamp, _ in self._seen.values()), default=0.0)
        now = [
            middle + velocity[:2] * (newest - stamp)
            for stamp, middle in self._seen.values()
            if newest - stamp <= FRESH
        ]
        apart = (float(np.linalg.norm(a - b)) for a, b in itertools.combinations(now, 2))
        return max(max(apart, default=0.0) - BODY, 0.0)
