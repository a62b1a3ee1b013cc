"""Constant-velocity forecast of how near people will come to the robot.

The person is a box that goes on at its velocity, its position normally distributed; the robot is a
set of balls around its links that go on at theirs. Pure arithmetic; the learned model that follows
publishes the same values under another name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from dynamical_perception.catalogue import Motion
from dynamical_perception.tracks import TrackState

MODEL = "constant_velocity"
LINK_RADIUS = 0.08  # ball around the centre of mass of a link of the robot [m]
_ACCELERATION = 1.0  # what a walking person may add, one standard deviation [m/s^2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Nearness over time.

    Attributes:
        step: Time between two values [s]; the first value is one step ahead.
        separation: Shape (n,), expected smallest distance then [m]; +inf = nobody.
        probability: Shape (n,), of contact up to then, 0..1.
    """

    step: float
    separation: np.ndarray
    probability: np.ndarray


def forecast(
    people: Sequence[TrackState],
    links: np.ndarray,
    link_velocity: np.ndarray,
    *,
    horizon: float = 1.0,
    step: float = 0.1,
) -> Forecast:
    """Forecast contact between people and the robot.

    Args:
        people: Tracks; those that are no agents are left out.
        links: Shape (k, 3), centres of the robot's links [m].
        link_velocity: Shape (k, 3) [m/s].
        horizon: How far ahead [s].
        step: Time between two values [s].
    """
    count = round(horizon / step)
    times = step * np.arange(1, count + 1)
    separation = np.full(count, np.inf)
    safe = np.ones(count)
    robot = links[None] + times[:, None, None] * link_velocity[None]
    for person in people:
        if person.motion is not Motion.AGENT or not len(links):
            continue
        center = person.position + times[:, None] * person.velocity
        gap = np.abs(robot - center[:, None]) - person.size / 2
        distance = np.linalg.norm(np.maximum(gap, 0.0), axis=2)
        nearest = distance.min(axis=1) - LINK_RADIUS
        separation = np.minimum(separation, np.maximum(nearest, 0.0))
        deviation = _deviation(person.covariance, times)
        contact = np.array(
            [0.5 * erfc(d / (s * sqrt(2.0))) for d, s in zip(nearest, deviation, strict=True)]
        )
        safe *= 1.0 - contact * person.confidence
    return Forecast(
        step=step, separation=separation, probability=np.maximum.accumulate(1.0 - safe)
    )


def _deviation(covariance: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Largest horizontal standard deviation of the position at each time, shape (n,) [m]."""
    pp, pv, vv = covariance[:2, :2], covariance[:2, 3:5], covariance[3:5, 3:5]
    t = times[:, None, None]
    grown = pp + t * (pv + pv.T) + t**2 * vv
    largest = np.linalg.eigvalsh(grown)[:, -1]
    return np.sqrt(np.maximum(largest, 1e-6) + (0.5 * _ACCELERATION * times**2) ** 2)
