"""How much nearer people may come to each link of the robot, and how near they are.

Each person is a box that was seen a moment ago, with a velocity. The speed at which it comes nearer
to a link is that at the moment of the picture: the distance to a convex body along a straight path
is convex, so nobody who keeps the velocity comes nearer faster than that later on. By now that much
of the distance is gone; who walks away is counted where they were seen.

So an older picture of the same person never gives a larger distance or a smaller reach.
"""

from dataclasses import dataclass

import numpy as np

from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes

HAND_RADIUS = 0.10  # from the middle of a hand to its fingertips [m]


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
    # Spheres last: NumPy's inner loops are then long.
    outside = np.ascontiguousarray(centres.T) - box[:, :, None]
    np.abs(outside, out=outside)
    outside -= half[:, :, None]
    np.maximum(outside, 0.0, out=outside)
    distance: np.ndarray = np.einsum("pks,pks->ps", outside, outside)
    np.sqrt(distance, out=distance)
    distance -= radius
    return distance


@dataclass(frozen=True, slots=True)
class Approach:
    """p people and m links. Arrays of shape (p, m) unless said otherwise.

    Attributes:
        spheres: Shape (p, s), least distance of each sphere to each person by now [m].
        distance: The same of links [m].
        toward: Shape (p, 3, s), unit vector from the person to each sphere; 0 inside the box.
        speed: At which the person comes nearer to the link at most [m/s].
        gain: Time in which the person could reach ``fastest`` [s].
        fastest: Shape (p, 1), of the person [m/s].
        late: Shape (p, 1), way made unseen beyond what the error of the place holds [m].
        error: Shape (p, 1), of the places of person and link, Z_d + Z_r [m].
        hand: How much farther than the box the nearer hand is [m]; ``None`` = no hands are seen.
        age: Shape (p, 1) [s].
    """

    spheres: np.ndarray
    distance: np.ndarray
    toward: np.ndarray
    speed: np.ndarray
    gain: np.ndarray
    fastest: np.ndarray
    late: np.ndarray
    error: np.ndarray
    hand: np.ndarray | None
    age: np.ndarray


class Links:
    """Spheres gathered by link.

    Args:
        spheres: Cover of the robot's links.
    """

    def __init__(self, spheres: LinkSpheres) -> None:
        names = np.array(spheres.links)
        # Spheres of one link follow each other: a link is a run of spheres.
        self._starts = np.concatenate(([0], np.flatnonzero(names[1:] != names[:-1]) + 1))
        self.names: tuple[str, ...] = tuple(names[self._starts].tolist())

    def least(self, values: np.ndarray) -> np.ndarray:
        """Smallest value of each link: shape (..., s) to (..., m)."""
        least: np.ndarray = np.minimum.reduceat(values, self._starts, axis=-1)
        return least

    def largest(self, values: np.ndarray) -> np.ndarray:
        """Largest value of each link: shape (..., s) to (..., m)."""
        largest: np.ndarray = np.maximum.reduceat(values, self._starts, axis=-1)
        return largest


class PeopleApproach:
    """S_h, C, Z_d and Z_r for people and links.

    Args:
        spheres: Cover of the robot's links.
        parameters: What people may do.
    """

    def __init__(self, spheres: LinkSpheres, parameters: SafetyGateParameters) -> None:
        self._radius = spheres.radius
        self._parameters = parameters
        self._acceleration = max(parameters.person_acceleration, 1e-6)
        self.links = Links(spheres)

    def look(self, centres: np.ndarray, boxes: Boxes) -> Approach:
        """Where everybody is.

        Args:
            centres: Shape (s, 3), sphere centres now [m].
            boxes: People now.
        """
        parameters, links = self._parameters, self.links
        age = boxes.age[:, None]
        # As seen: the vector from the box to each sphere.
        toward = (
            np.ascontiguousarray(centres.T) - (boxes.centre - boxes.velocity * age)[:, :, None]
        )
        half = boxes.half[:, :, None]
        toward -= np.minimum(np.maximum(toward, -half), half)
        seen = np.sqrt(np.einsum("pks,pks->ps", toward, toward))
        toward /= np.maximum(seen, 1e-9)[:, None, :]
        speed = np.sqrt(np.einsum("pk,pk->p", boxes.velocity, boxes.velocity))[:, None]
        closing = np.matmul(boxes.velocity[:, None, :], toward)[:, 0]
        np.maximum(closing, 0.0, out=closing)
        if not seen.all():
            closing = np.where(seen > 0.0, closing, speed)
        spheres = seen - closing * age
        np.maximum(spheres, 0.0, out=spheres)
        spheres -= self._radius
        fastest = np.maximum(parameters.person_speed, speed)
        unsure = boxes.speed_deviation[:, None] + self._acceleration * age
        approach = np.minimum(links.largest(closing) + unsure, fastest)
        growth = 0.5 * parameters.person_acceleration * age**2
        poor = np.isinf(boxes.speed_deviation)[:, None]
        late = np.where(poor, np.maximum(fastest * age - growth, 0.0), 0.0)
        extra = (parameters.deviation_factor - 1.0) * boxes.deviation
        error = (boxes.uncertainty + extra)[:, None] + parameters.robot_uncertainty
        return Approach(
            spheres=spheres,
            distance=links.least(spheres),
            toward=toward,
            speed=approach,
            gain=(fastest - approach) / self._acceleration,
            fastest=fastest,
            late=late,
            error=error,
            hand=self._hands(centres, boxes, seen),
            age=age,
        )

    def human(self, approach: Approach, time: np.ndarray | float) -> np.ndarray:
        """S_h: how much nearer people may come within a time.

        The speed grows by the acceleration until it is the fastest, then it stays.

        Args:
            approach: Of :meth:`look`.
            time: [s], of a shape that broadcasts against (p, m).
        """
        half, gain = 0.5 * self._acceleration, approach.gain
        reach: np.ndarray = gain - time
        np.maximum(reach, 0.0, out=reach)
        reach *= reach
        reach *= half
        reach += approach.fastest * time
        reach += approach.late - half * gain * gain
        return reach

    def intrusion(self, approach: Approach, time: float) -> np.ndarray | float:
        """C: how far a hand may come out of the box within a time [m].

        Args:
            approach: Of :meth:`look`.
            time: [s].
        """
        reach = self._parameters.arm_reach
        if approach.hand is None:
            return reach
        way = self._parameters.hand_speed * (approach.age + time)
        intrusion: np.ndarray = np.clip(way - approach.hand, 0.0, reach)
        return intrusion

    def _hands(self, centres: np.ndarray, boxes: Boxes, seen: np.ndarray) -> np.ndarray | None:
        known = np.isfinite(boxes.hands).all(axis=(1, 2))
        if not known.any():
            return None
        farther = np.full((len(known), len(self.links.names)), -np.inf)
        apart = centres[None, None] - boxes.hands[known][:, :, None, :]
        nearest = np.sqrt(np.einsum("phsk,phsk->phs", apart, apart)).min(axis=1) - HAND_RADIUS
        farther[known] = self.links.least(nearest - seen[known])
        return farther
