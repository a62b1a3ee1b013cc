"""The people the gate believes in: seen now, or seen a moment ago.

Somebody who is hidden for an instant has not gone; a person is believed in for a while after the
last sighting, carried on at the last velocity.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dynamical_safety.parameters import SafetyGateParameters


@dataclass(frozen=True, slots=True)
class Person:
    """One person as perception follows them. Frame: odom.

    Attributes:
        id: Track id.
        centre: Shape (3,), centre of the box [m].
        size: Shape (3,), extent of the box [m].
        velocity: Shape (3,) [m/s].
        deviation: Standard deviation of the centre on the floor [m].
        stamp: When the newest pixels of the track were taken, ROS time [s].
        confidence: 0..1.
    """

    id: int
    centre: np.ndarray
    size: np.ndarray
    velocity: np.ndarray
    deviation: float
    stamp: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Boxes:
    """Upright boxes of p people now. Frame: odom.

    Attributes:
        people: Whom they are.
        centre: Shape (p, 3) [m], extrapolated to now.
        half: Shape (p, 3) [m], from the floor up, not thinner than a person.
        velocity: Shape (p, 3) [m/s], horizontal.
        uncertainty: Shape (p,) [m].
    """

    people: tuple[Person, ...]
    centre: np.ndarray
    half: np.ndarray
    velocity: np.ndarray
    uncertainty: np.ndarray


class People:
    """Memory of the people around.

    Args:
        parameters: How long and how surely a person is believed in.
    """

    def __init__(self, parameters: SafetyGateParameters) -> None:
        self._parameters = parameters
        self._known: dict[int, Person] = {}

    def __len__(self) -> int:
        return len(self._known)

    def see(self, people: Iterable[Person]) -> None:
        """Take in a new set of tracks; who is not in it is kept until :meth:`forget`."""
        for person in people:
            self._known[person.id] = person

    def forget(self, now: float) -> None:
        """Drop who has not been seen for the memory time."""
        memory = self._parameters.person_memory
        gone = [key for key, person in self._known.items() if now - person.stamp > memory]
        for key in gone:
            del self._known[key]

    def boxes(self, now: float) -> Boxes:
        """Boxes of everybody, moved on by their velocity to ``now``."""
        people = tuple(self._known.values())
        parameters = self._parameters
        ages = np.array([max(0.0, now - person.stamp) for person in people])
        velocity = np.array([person.velocity for person in people]).reshape(-1, 3)
        velocity[:, 2] = 0.0
        centre = np.array([person.centre for person in people]).reshape(-1, 3)
        centre = centre + velocity * ages[:, None]
        half = np.array([person.size for person in people]).reshape(-1, 3) / 2
        half[:, :2] = np.maximum(half[:, :2], parameters.person_width / 2)
        # Cameras see over tables: a person reaches down to the floor, seen or not.
        top = centre[:, 2] + half[:, 2]
        half[:, 2] = np.maximum(top / 2, half[:, 2])
        centre[:, 2] = top - half[:, 2]
        deviation = np.array([person.deviation for person in people])
        growth = 0.5 * parameters.person_acceleration * ages**2
        uncertainty = parameters.person_uncertainty + deviation + growth
        return Boxes(people, centre, half, velocity, uncertainty)
