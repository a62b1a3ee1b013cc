"""The people the gate believes in: seen now, or seen a moment ago.

Somebody who is hidden for an instant has not gone; a person is believed in for a while after the
last sighting, carried on at the last velocity.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

import numpy as np

from dynamical_safety.parameters import SafetyGateParameters

URGENT = 1.0  # time ahead by which people are ordered where there are many [s]


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
        speed_deviation: Standard deviation of the velocity on the floor [m/s]; inf = not known.
        hands: Shape (k, 3), where hands were seen [m].
    """

    id: int
    centre: np.ndarray
    size: np.ndarray
    velocity: np.ndarray
    deviation: float
    stamp: float
    confidence: float
    speed_deviation: float = math.inf
    hands: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))


@dataclass(frozen=True, slots=True)
class Boxes:
    """Upright boxes of p people now. Frame: odom.

    Attributes:
        people: Whom they are.
        centre: Shape (p, 3) [m], extrapolated to now.
        half: Shape (p, 3) [m], from the floor up, not thinner than a person.
        velocity: Shape (p, 3) [m/s], horizontal.
        uncertainty: Shape (p,) [m].
        age: Shape (p,), since the newest pixels [s].
        deviation: Shape (p,), of the centre [m].
        speed_deviation: Shape (p,), of the velocity [m/s]; inf where the track is too old or too
            poor for its velocity to be believed.
        hands: Shape (p, 2, 3) [m]; NaN where not both hands are seen.
    """

    people: tuple[Person, ...]
    centre: np.ndarray
    half: np.ndarray
    velocity: np.ndarray
    uncertainty: np.ndarray
    age: np.ndarray
    deviation: np.ndarray
    speed_deviation: np.ndarray
    hands: np.ndarray

    def most_urgent(self, count: int, place: np.ndarray) -> "Boxes":
        """The people who could be at a place first, if there are more than ``count``.

        Args:
            count: How many.
            place: Shape (3,) [m].
        """
        if len(self.people) <= count:
            return self
        apart = np.linalg.norm((self.centre - place)[:, :2], axis=1)
        speed = np.linalg.norm(self.velocity[:, :2], axis=1)
        urgency = apart - speed * URGENT - self.uncertainty
        # What is not a number comes first.
        chosen = np.argsort(np.where(np.isnan(urgency), -np.inf, urgency))[:count]
        columns = [getattr(self, item.name)[chosen] for item in fields(self)[1:]]
        return Boxes(tuple(self.people[index] for index in chosen), *columns)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What does not change between two sightings, as arrays."""

    people: tuple[Person, ...]
    stamp: np.ndarray
    centre: np.ndarray
    half: np.ndarray
    velocity: np.ndarray
    deviation: np.ndarray
    speed_deviation: np.ndarray
    hands: np.ndarray


class People:
    """Memory of the people around.

    Args:
        parameters: How long and how surely a person is believed in.
    """

    def __init__(self, parameters: SafetyGateParameters) -> None:
        self._parameters = parameters
        self._known: dict[int, Person] = {}
        self._seen: _Seen | None = None

    def __len__(self) -> int:
        return len(self._known)

    def see(self, people: Iterable[Person]) -> None:
        """Take in a new set of tracks; who is not in it is kept until :meth:`forget`."""
        for person in people:
            self._known[person.id] = person
        self._seen = None

    def shift_stamps(self, jump: float) -> None:
        """The clock that stamps was set by so much [s]."""
        self._known = {
            key: replace(person, stamp=person.stamp + jump) for key, person in self._known.items()
        }
        self._seen = None

    def forget(self, now: float) -> None:
        """Drop who has not been seen for the memory time."""
        memory = self._parameters.person_memory
        gone = [key for key, person in self._known.items() if now - person.stamp > memory]
        for key in gone:
            del self._known[key]
            self._seen = None

    def boxes(self, now: float) -> Boxes:
        """Boxes of everybody, moved on by their velocity to ``now``."""
        seen = self._seen = self._seen or self._gather()
        parameters = self._parameters
        age = np.maximum(now - seen.stamp, 0.0)
        growth = 0.5 * parameters.person_acceleration * age**2
        return Boxes(
            seen.people,
            seen.centre + seen.velocity * age[:, None],
            seen.half,
            seen.velocity,
            parameters.person_uncertainty + seen.deviation + growth,
            age,
            seen.deviation,
            np.where(age > parameters.track_age, math.inf, seen.speed_deviation),
            seen.hands,
        )

    def _gather(self) -> _Seen:
        people, parameters = tuple(self._known.values()), self._parameters
        velocity = np.array([person.velocity for person in people], dtype=float).reshape(-1, 3)
        velocity[:, 2] = 0.0
        centre = np.array([person.centre for person in people], dtype=float).reshape(-1, 3)
        half = np.array([person.size for person in people], dtype=float).reshape(-1, 3) / 2
        half[:, :2] = np.maximum(half[:, :2], parameters.person_width / 2)
        # Cameras see over tables: a person reaches down to the floor, seen or not.
        top = centre[:, 2] + half[:, 2]
        half[:, 2] = np.maximum(top / 2, half[:, 2])
        centre[:, 2] = top - half[:, 2]
        deviation = np.array([person.deviation for person in people], dtype=float)
        speed_deviation = np.array([person.speed_deviation for person in people], dtype=float)
        confidence = np.array([person.confidence for person in people], dtype=float)
        # Not known is not good: NaN fails every one of these.
        good = (deviation <= parameters.track_deviation) & (
            confidence >= parameters.track_confidence
        )
        good &= speed_deviation <= parameters.track_speed_deviation
        hands = np.full((len(people), 2, 3), np.nan)
        for index, person in enumerate(people):
            if len(person.hands) >= 2:
                hands[index] = person.hands[:2]
        return _Seen(
            people,
            np.array([person.stamp for person in people], dtype=float),
            centre,
            half,
            velocity,
            deviation,
            np.where(good, speed_deviation, math.inf),
            hands,
        )
