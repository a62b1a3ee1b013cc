"""What the backup forecaster looks at: one row of numbers per person, the same in training and use.

Everything is told in the person's own terms: the x axis points, level, from the link that is
nearest to the person's middle, so that a forecast does not depend on where in the room it is made.
"""

import re
from dataclasses import dataclass

import numpy as np

from dynamical_safety.kinematics import LinkSpheres

HORIZONS = (0.25, 0.5, 0.75, 1.0)  # forecast up to each of these [s]
PAST = (0.1, 0.2, 0.3, 0.4, 0.5)  # looked back by each of these [s]
FAR = 3.0  # what is farther is as good as this far [m]

_WIDTH = 0.35  # nobody is thinner [m]
# How long the robot's links are carried on at their velocity: an arm does not go straight [s].
_CARRY = 0.3
_ACCELERATION = 1.0  # what a walking person may add, one standard deviation [m/s^2]
_SCALE = 0.2  # [m]
_SPREADS = 5.0
_STILL = 1e-6

NAMES = (
    ["distance", "gap_level", "gap_up"]
    + ["velocity_along", "velocity_across", "speed", "closing"]
    + ["link_along", "link_across", "link_up"]
    + ["half_x", "half_y", "top", "deviation", "unseen", "latency"]
    + ["hand_seen", "hand_distance"]
    + [f"{side}_{axis}" for side in ("left", "right") for axis in "xyz"]
    + [f"{side}_velocity_{axis}" for side in ("left", "right") for axis in "xyz"]
    + [f"past_{axis}_{time:g}" for time in PAST for axis in ("along", "across")]
    + ["extent_along", *(f"growth_along_{time:g}" for time in PAST)]
    + ["nearness", "hand_nearness"]
    + [f"predicted_nearness_{time:g}" for time in HORIZONS]
    + [f"predicted_spread_{time:g}" for time in HORIZONS]
    + [f"predicted_{time:g}" for time in HORIZONS]
)
COUNT = len(NAMES)
PREDICTED = slice(COUNT - len(HORIZONS), COUNT)


@dataclass(frozen=True, slots=True)
class Body:
    """The robot in b moments. Frame: odom.

    Attributes:
        centres: Shape (b, s, 3), of the spheres that cover its links [m].
        velocity: Shape (b, s, 3), of the same [m/s].
    """

    centres: np.ndarray
    velocity: np.ndarray


@dataclass(frozen=True, slots=True)
class Sighting:
    """One person in b moments, as perception tells. Frame: odom.

    Attributes:
        centre: Shape (b, 3), middle of the box at the tracks' stamp [m].
        size: Shape (b, 3) [m].
        velocity: Shape (b, 3) [m/s].
        deviation: Shape (b,), of the middle on the floor [m].
        unseen: Shape (b,), how long no pixel has shown the person at the tracks' stamp [s].
        latency: Shape (b,), from the tracks' stamp to the robot's state [s].
        past: Shape (b, 5, 4), x and y of the middle, and of the size, ``PAST`` before the stamp;
            as first seen where that is later [m].
        hands: Shape (b, 2, 3), where hands are seen [m]; NaN = not seen.
    """

    centre: np.ndarray
    size: np.ndarray
    velocity: np.ndarray
    deviation: np.ndarray
    unseen: np.ndarray
    latency: np.ndarray
    past: np.ndarray
    hands: np.ndarray


class FeatureMaker:
    """Makes rows of features.

    Args:
        spheres: Cover of the robot's links.

    Raises:
        ValueError: If the robot has no links of a left and a right hand.
    """

    def __init__(self, spheres: LinkSpheres) -> None:
        self._radius = spheres.radius
        self._hands = []
        for side in ("left", "right"):
            found = [i for i, link in enumerate(spheres.links) if re.match(f"{side}_hand", link)]
            if not found:
                raise ValueError(f"no link of the robot begins with '{side}_hand'")
            self._hands.append(np.array(found))

    def __call__(self, body: Body, person: Sighting) -> np.ndarray:
        """Features, shape (b, COUNT)."""
        rows = np.arange(len(person.centre))
        centre, half = upright(person.centre, person.size)
        velocity = person.velocity.copy()
        velocity[:, 2] = 0.0
        nearest, gap, now = self._nearest(body.centres, centre, half)
        predicted = now
        table = np.empty((len(rows), len(HORIZONS)))
        for k, time in enumerate(HORIZONS):
            links = body.centres + min(time, _CARRY) * body.velocity
            later = self._nearest(links, centre + time * velocity, half)[2]
            predicted = np.minimum(predicted, later)
            table[:, k] = np.minimum(predicted, FAR)
        link, link_velocity = body.centres[rows, nearest], body.velocity[rows, nearest]
        turn = _Turn(centre[:, :2] - link[:, :2])
        length = np.maximum(np.linalg.norm(gap, axis=1), _STILL)
        closing = -np.einsum("bk,bk->b", velocity - link_velocity, gap) / length
        extent = turn.extent(person.size[:, :2] / 2)
        seen, hand_distance = self._hand_distance(body.centres, person.hands)
        return np.column_stack(
            [
                np.minimum(now, FAR),
                np.minimum(np.hypot(gap[:, 0], gap[:, 1]), FAR),
                gap[:, 2],
                turn(velocity)[:, :2],
                np.hypot(velocity[:, 0], velocity[:, 1]),
                closing,
                turn(link_velocity),
                half[:, :2],
                centre[:, 2] + half[:, 2],
                person.deviation,
                person.unseen,
                person.latency,
                seen,
                hand_distance,
                *(
                    np.clip(turn(body.centres[:, hand].mean(axis=1) - centre), -FAR, FAR)
                    for hand in self._hands
                ),
                *(turn(body.velocity[:, hand].mean(axis=1)) for hand in self._hands),
                *(turn(person.past[:, k, :2] - centre[:, :2]) for k in range(len(PAST))),
                extent,
                # A box that grows towards the robot is often an arm.
                *(extent - turn.extent(person.past[:, k, 2:] / 2) for k in range(len(PAST))),
                _nearness(now),
                _nearness(hand_distance),
                _nearness(table),
                np.clip(table / spread(person.deviation), -_SPREADS, _SPREADS),
                table,
            ]
        )

    def hands(self, centres: np.ndarray) -> np.ndarray:
        """Middle of the robot's left and right hand, shape (2, 3) [m].

        Args:
            centres: Shape (s, 3), of the spheres [m].
        """
        return np.array([centres[hand].mean(axis=0) for hand in self._hands])

    def _nearest(
        self, links: np.ndarray, centre: np.ndarray, half: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sphere nearest to the box: its index (b,), way to the box (b, 3), distance (b,) [m]."""
        way = centre[:, None] - links
        way = np.sign(way) * np.maximum(np.abs(way) - half[:, None], 0.0)
        distance = np.sqrt(np.einsum("bsk,bsk->bs", way, way)) - self._radius
        index = distance.argmin(axis=1)
        rows = np.arange(len(index))
        return index, way[rows, index], distance[rows, index]

    def _hand_distance(
        self, links: np.ndarray, hands: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Whether a hand of the person is seen, and its distance to the robot, both (b,)."""
        distance = np.full(len(hands), FAR)
        known = np.isfinite(hands).all(axis=2)
        for k in range(hands.shape[1]):
            rows = np.flatnonzero(known[:, k])
            if rows.size:
                way = links[rows] - hands[rows, None, k]
                near = np.sqrt(np.einsum("bsk,bsk->bs", way, way)) - self._radius
                distance[rows] = np.minimum(distance[rows], near.min(axis=1))
        return known.any(axis=1).astype(float), np.clip(distance, 0.0, FAR)


def spread(deviation: np.ndarray) -> np.ndarray:
    """Standard deviation of where a person is after each horizon, shape (b, horizons) [m].

    Args:
        deviation: Shape (b,), of where the person is now [m].
    """
    grown: np.ndarray = np.hypot(deviation[:, None], 0.5 * _ACCELERATION * np.square(HORIZONS))
    return grown


def _nearness(distance: np.ndarray) -> np.ndarray:
    """1 where bodies touch, falling to 0 over some decimetres: near by, centimetres matter."""
    near: np.ndarray = np.exp(-np.maximum(distance, -0.1) / _SCALE)
    return near


class _Turn:
    """Turns vectors into frames whose x axis points along ``way``, shape (b, 2), z staying up."""

    def __init__(self, way: np.ndarray) -> None:
        length = np.hypot(way[:, 0], way[:, 1])
        still = length < _STILL
        length = np.where(still, 1.0, length)
        self._cosine = np.where(still, 1.0, way[:, 0] / length)
        self._sine = np.where(still, 0.0, way[:, 1] / length)

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Shape (b, 2 or 3), the same vectors in the new frames."""
        c, s, x, y = self._cosine, self._sine, vector[:, 0], vector[:, 1]
        return np.column_stack([c * x + s * y, c * y - s * x, vector[:, 2:]])

    def extent(self, half: np.ndarray) -> np.ndarray:
        """How far boxes of half extents (b, 2) reach along the x axis of the frames, (b,)."""
        reach: np.ndarray = np.abs(self._cosine) * half[:, 0] + np.abs(self._sine) * half[:, 1]
        return reach


def upright(centre: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Box from the floor up and not thinner than a person: centre and half extents, (b, 3) [m]."""
    centre, half = centre.copy(), size / 2
    half[:, :2] = np.maximum(half[:, :2], _WIDTH / 2)
    top = centre[:, 2] + half[:, 2]
    half[:, 2] = np.maximum(top / 2, half[:, 2])
    centre[:, 2] = top - half[:, 2]
    return centre, half
