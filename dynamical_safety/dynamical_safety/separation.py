"""Speed and separation: how near people are to the robot, and how fast it may be.

The protective distance is the distance less what the person closes in the reaction time, less what
is not known about where they are. Above ``slow_distance`` the speed is free, at ``stop_distance``
it is zero, in between it is proportional; after a stop the robot goes on only beyond
``stop_distance + resume_margin``. Source: idea of ISO/TS 15066:2016, 5.5.4; the full formula is
not claimed.
"""

import math
from dataclasses import dataclass

import numpy as np

from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes

# Step of the finite difference that gives the closing speed [s].
_AHEAD = 0.1


@dataclass(frozen=True, slots=True)
class Separation:
    """How near the nearest person is.

    Attributes:
        distance: Smallest distance of any link to any person now [m]; inf = nobody.
        protective: What is left of it in the worst case [m]; inf = nobody.
        predicted: Smallest distance within the forecast horizon at constant velocity [m].
        link: Robot link of ``distance``; empty = nobody.
        person: Track id of the person who gives ``protective``; -1 = nobody.
        speed_scale: 0..1 that follows from ``protective``.
        stopped: Whether the person is (or was a moment ago) too close to move.
    """

    distance: float = math.inf
    protective: float = math.inf
    predicted: float = math.inf
    link: str = ""
    person: int = -1
    speed_scale: float = 1.0
    stopped: bool = False


NOBODY = Separation()


def box_distance(
    centres: np.ndarray, radius: np.ndarray, box: np.ndarray, half: np.ndarray
) -> np.ndarray:
    """Distance of spheres to upright boxes; negative inside by at most the sphere's radius.

    Args:
        centres: Shape (s, 3) [m].
        radius: Shape (s,) [m].
        box: Shape (p, 3), box centres [m].
        half: Shape (p, 3), half extents [m].

    Returns:
        Shape (p, s) [m].
    """
    outside = np.abs(centres[None, :, :] - box[:, None, :]) - half[:, None, :]
    np.maximum(outside, 0.0, out=outside)
    return np.sqrt(np.einsum("psk,psk->ps", outside, outside)) - radius


class SeparationMonitor:
    """Turns boxes of people and the robot's links into a speed scale.

    Args:
        spheres: Cover of the robot's links.
        parameters: Distances and times.
    """

    def __init__(self, spheres: LinkSpheres, parameters: SafetyGateParameters) -> None:
        self._spheres = spheres
        self._parameters = parameters
        self._stopped = False

    def assess(self, centres: np.ndarray, boxes: Boxes) -> Separation:
        """Judge one moment.

        Args:
            centres: Shape (s, 3), sphere centres now [m].
            boxes: People now.
        """
        if not boxes.people:
            self.clear()
            return NOBODY
        parameters = self._parameters
        count, horizon = len(boxes.people), parameters.forecast_horizon
        # Now, a moment ahead, and over the horizon: rows are people, once for each time.
        times = (0.0, _AHEAD, horizon / 2, horizon)
        moved = np.concatenate([boxes.centre + boxes.velocity * time for time in times])
        table = box_distance(centres, self._spheres.radius, moved, np.tile(boxes.half, (4, 1)))
        nearest = table.min(axis=1).reshape(4, count)
        closing = np.maximum((nearest[0] - nearest[1]) / _AHEAD, 0.0)
        protective = nearest[0] - closing * parameters.reaction_time - boxes.uncertainty
        worst = int(protective.argmin())
        closest = int(nearest[0].argmin())
        self._latch(float(protective[worst]))
        return Separation(
            distance=max(0.0, float(nearest[0, closest])),
            protective=float(protective[worst]),
            predicted=float((nearest - boxes.uncertainty).min()),
            link=self._spheres.links[int(table[closest].argmin())],
            person=boxes.people[worst].id,
            speed_scale=0.0 if self._stopped else self.scale(float(protective[worst])),
            stopped=self._stopped,
        )

    @property
    def stopped(self) -> bool:
        """Whether somebody is, or was a moment ago, too close to move."""
        return self._stopped

    def clear(self) -> None:
        """Nobody is there any more."""
        self._stopped = False

    def scale(self, protective: float) -> float:
        """Speed scale at a protective distance [m]: 0 at stop distance, 1 at slow distance."""
        stop, slow = self._parameters.stop_distance, self._parameters.slow_distance
        return min(1.0, max(0.0, (protective - stop) / max(slow - stop, 1e-9)))

    def _latch(self, protective: float) -> None:
        stop = self._parameters.stop_distance
        if protective <= stop:
            self._stopped = True
        elif protective > stop + self._parameters.resume_margin:
            # How long this must last before the robot goes on is the state machine's rule.
            self._stopped = False
