"""Where each person and their hands will be in the next second, and how surely that is known.

Each body and each hand has its own motion models (``motion_models.py``) and a learned correction
(``motion_residual.py``). What is told of a part is an expected position and a deviation::

    predictor = IntentPredictor()
    predictor.update(tracks, now, targets=points)     # 10 Hz; tracks: ``world.Tracks``
    forecasts = predictor.forecast(now)               # ahead = (0.0, 0.5, 1.0) unless told

The **deviation** comes from a filter of its own (``intent_numbers.Certainty``), whose variance
depends on when and how surely a part was seen and on nothing else, times a factor fitted so that
the stated share of motions lies within it. So a later, sparser or noisier sighting never gives a
smaller one: that follows from the Riccati equation (Anderson and Moore 1979, section 6.7), not
from tuning.

``human_reach.py`` turns forecasts into how much nearer people may come to each link.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dynamical_safety import motion_models, motion_residual
from dynamical_safety.intent_numbers import IntentNumbers, PartNumbers, read_intent_numbers
from dynamical_safety.motion_models import MotionState

AHEAD = (0.0, 0.5, 1.0)  # [s]
MEMORY = 1.0  # who was not seen for longer is forecast no more [s]

_UNKNOWN_DEVIATION = 1.0  # of a sighting that does not say how sure it is [m]
_HAND_DEVIATION = 0.04  # of a hand that perception tells [m]
_SAME_HAND = 0.5  # a hand farther from where one was expected is another [m]
_LEAP = 1.5  # a body that is farther from where it was expected was put there [m]
_FACING_SPEED = 0.4  # who walks faster faces ahead [m/s]


class SeenPerson(Protocol):
    """One person as perception follows them; ``people.Person`` with hands. Frame: odom."""

    @property
    def id(self) -> int:
        """Track id."""

    @property
    def centre(self) -> np.ndarray:
        """Shape (3,), centre of the box [m]."""

    @property
    def deviation(self) -> float:
        """Standard deviation of the centre [m]."""

    @property
    def stamp(self) -> float:
        """When the newest pixels of the track were taken, ROS time [s]."""

    @property
    def hands(self) -> Sequence[np.ndarray] | np.ndarray:
        """Where hands were seen, each of shape (3,) [m]."""


class SeenTracks(Protocol):
    """What perception follows at one moment; ``world.Tracks``."""

    @property
    def stamp(self) -> float:
        """The moment that positions are of, ROS time [s]."""

    @property
    def people(self) -> Sequence[SeenPerson]:
        """All people."""


@dataclass(frozen=True, slots=True)
class PartForecast:
    """Where one part of one person will be. Frame: odom.

    Attributes:
        track_id: The person's track.
        part: "body", "left_hand", "right_hand" or "hand".
        ahead: How far ahead of the forecast's ``now`` [s].
        position: Shape (3,), expected [m]; of a body: centre of its box.
        deviation: Standard deviation along each axis [m].
    """

    track_id: int
    part: str
    ahead: float
    position: np.ndarray
    deviation: float


class _Part:
    """One followed part.

    Attributes:
        state: Motion models: where it goes.
        variance: Of ``Certainty``, shape (3,): how surely.
        stamp: When it was seen last [s].
    """

    __slots__ = ("stamp", "state", "variance")

    def __init__(
        self, position: np.ndarray, deviation: float, stamp: float, *, numbers: PartNumbers
    ) -> None:
        self.state = motion_models.begin(position, np.asarray(deviation), numbers.motion)
        self.variance = numbers.certainty.begin(deviation)
        self.stamp = stamp


class _Human:
    """One person: a body and at most two hands."""

    __slots__ = ("body", "hands", "height", "pixels")

    def __init__(self, person: SeenPerson, stamp: float, numbers: PartNumbers) -> None:
        self.body = _Part(person.centre[:2], _deviation(person), stamp, numbers=numbers)
        self.hands: list[_Part] = []
        self.height = float(person.centre[2])
        self.pixels = person.stamp

    def names(self) -> tuple[str, ...]:
        """Names of the hands, left and right as the person has them.

        People face where they walk; who stands faces the middle of both hands.
        """
        if not self.hands:
            return ()
        middle = self.body.state.expected
        out = [hand.state.expected[:2] - middle for hand in self.hands]
        facing = self.body.state.velocity
        if float(facing @ facing) < _FACING_SPEED**2:
            if len(out) == 1:
                return ("hand",)
            facing = out[0] + out[1]
        side = [float(facing[0] * o[1] - facing[1] * o[0]) for o in out]
        if len(side) == 1:
            return ("left_hand",) if side[0] > 0.0 else ("right_hand",)
        left_first = side[0] >= side[1]
        return ("left_hand", "right_hand") if left_first else ("right_hand", "left_hand")


class IntentPredictor:
    """Forecasts all people around. For one thread; times are ROS time [s].

    Args:
        numbers: What was fitted; those of this package unless told.
    """

    def __init__(self, numbers: IntentNumbers | None = None) -> None:
        self._numbers = read_intent_numbers() if numbers is None else numbers
        self._people: dict[int, _Human] = {}
        self._targets = np.zeros((0, 3))

    def update(self, tracks: SeenTracks, now: float, *, targets: np.ndarray | None = None) -> None:
        """Take in what perception follows now.

        A track whose pixels are not newer than the last time, or whose numbers are not finite,
        is not a sighting: what was known of it only grows older.

        Args:
            tracks: All people.
            now: Time [s].
            targets: Shape (k, 3), what hands are likely to go to: the robot's hands, objects [m].
        """
        if targets is not None:
            points = np.asarray(targets, dtype=float).reshape(-1, 3)
            self._targets = points[np.isfinite(points).all(axis=1)]
        stamp = min(tracks.stamp, now)
        if math.isfinite(stamp):
            self._see(tracks.people, stamp)
        gone = [key for key, human in self._people.items() if now - human.body.stamp > MEMORY]
        for key in gone:
            del self._people[key]

    def _see(self, people: Sequence[SeenPerson], stamp: float) -> None:
        seen: list[tuple[_Human, SeenPerson]] = []
        again: list[tuple[_Human, SeenPerson]] = []
        for person in people:
            if not (np.isfinite(person.centre).all() and math.isfinite(person.stamp)):
                continue
            human = self._people.get(person.id)
            if human is None:
                human = self._people[person.id] = _Human(person, stamp, self._numbers.body)
            elif person.stamp > human.pixels and stamp > human.body.stamp:
                human.height, human.pixels = float(person.centre[2]), person.stamp
                again.append((human, person))
            else:
                continue
            seen.append((human, person))
        if again:
            _observe(
                [human.body for human, _ in again],
                np.array([person.centre[:2] for _, person in again], dtype=float),
                np.array([_deviation(person) for _, person in again]),
                stamp=stamp,
                numbers=self._numbers.body,
            )
        self._see_hands(seen, stamp)

    def _see_hands(self, seen: Sequence[tuple[_Human, SeenPerson]], stamp: float) -> None:
        """Match hands with those known, the nearest pair first."""
        found: list[tuple[_Part, np.ndarray]] = []
        for human, person in seen:
            human.hands = [hand for hand in human.hands if stamp - hand.stamp <= MEMORY]
            places = np.asarray(person.hands, dtype=float).reshape(-1, 3)
            places = places[np.isfinite(places).all(axis=1)][:2]
            known = list(human.hands)
            expected = _paths(known, stamp, np.zeros(1), self._numbers.hand)[:, 0]
            apart = np.sqrt(((places[:, None] - expected[None]) ** 2).sum(axis=2))
            fresh = set(range(len(places)))
            while apart.size and apart.min() < _SAME_HAND:
                place, hand = (int(i) for i in np.unravel_index(apart.argmin(), apart.shape))
                found.append((known[hand], places[place]))
                fresh.discard(place)
                apart[place, :] = apart[:, hand] = np.inf
            kept = {id(hand) for hand, _ in found}
            for place in fresh:
                if len(human.hands) >= 2:
                    human.hands.remove(next(h for h in human.hands if id(h) not in kept))
                part = _Part(places[place], _HAND_DEVIATION, stamp, numbers=self._numbers.hand)
                kept.add(id(part))
                human.hands.append(part)
        if found:
            _observe(
                [hand for hand, _ in found],
                np.array([place for _, place in found]),
                np.full(len(found), _HAND_DEVIATION),
                stamp=stamp,
                numbers=self._numbers.hand,
            )

    def forecast(self, now: float, ahead: Sequence[float] = AHEAD) -> tuple[PartForecast, ...]:
        """Where everybody's parts will be; part by part, in the order of ``ahead``.

        Args:
            now: Time that ``ahead`` counts from [s].
            ahead: Times ahead [s], >= 0.
        """
        times = np.array(ahead, dtype=float)
        people = {k: h for k, h in self._people.items() if now - h.body.stamp <= MEMORY}
        bodies = [human.body for human in people.values()]
        parts = [("body", key) for key in people]
        heights = np.array([human.height for human in people.values()])
        flat = self._expect_bodies(bodies, now, times)
        path = np.concatenate(
            (flat, np.broadcast_to(heights[:, None, None], (*flat.shape[:2], 1))), axis=2
        )
        deviation = _deviations(bodies, now, times, self._numbers.body)
        owners = [(key, human) for key, human in people.items() for _ in human.hands]
        if owners:
            hands = [hand for human in people.values() for hand in human.hands]
            parts += [(name, k) for k, human in people.items() for name in human.names()]
            middle = np.array([human.body.state.expected for _, human in owners])
            path = np.concatenate((path, self._expect_hands(hands, middle, now, times)))
            sure = _deviations(hands, now, times, self._numbers.hand)
            deviation = np.concatenate((deviation, sure))
        return tuple(
            PartForecast(key, name, time, place, sure)
            for (name, key), places, sures in zip(parts, path, deviation.tolist(), strict=True)
            for time, place, sure in zip(times.tolist(), places, sures, strict=True)
        )

    def _expect_bodies(self, bodies: Sequence[_Part], now: float, times: np.ndarray) -> np.ndarray:
        """Shape (parts, times, 2) [m]."""
        if not bodies:
            return np.zeros((0, len(times), 2))
        path = _paths(bodies, now, times, self._numbers.body)
        features, frame = motion_residual.body_features(_stack(bodies), _ages(bodies, now))
        fix = motion_residual.correction(
            self._numbers.body.net, features, frame, bound=motion_residual.BODY_BOUND
        )
        moved: np.ndarray = path + motion_residual.at(fix, times)
        return moved

    def _expect_hands(
        self, hands: Sequence[_Part], middle: np.ndarray, now: float, times: np.ndarray
    ) -> np.ndarray:
        """Shape (parts, times, 3) [m]."""
        features, frame = motion_residual.hand_features(
            _stack(hands), _ages(hands, now), body=middle, targets=self._targets
        )
        fix = motion_residual.correction(
            self._numbers.hand.net, features, frame, bound=motion_residual.HAND_BOUND
        )
        path = _paths(hands, now, times, self._numbers.hand)
        moved: np.ndarray = path + motion_residual.at(fix, times)
        return moved


def _deviation(person: SeenPerson) -> float:
    value = float(person.deviation)
    return value if 0.0 <= value < math.inf else _UNKNOWN_DEVIATION


def _ages(parts: Sequence[_Part], now: float) -> np.ndarray:
    return np.maximum(now - np.array([part.stamp for part in parts]), 0.0)


def _stack(parts: Sequence[_Part]) -> MotionState:
    return MotionState(
        np.array([part.state.mean for part in parts]),
        np.array([part.state.covariance for part in parts]),
        np.array([part.state.weight for part in parts]),
    )


def _observe(
    parts: Sequence[_Part],
    places: np.ndarray,
    deviation: np.ndarray,
    *,
    stamp: float,
    numbers: PartNumbers,
) -> None:
    """Let parts of one kind be seen: places, shape (n, d), and deviations, shape (n,) [m]."""
    time = stamp - np.array([part.stamp for part in parts])
    motion, certainty = numbers.motion, numbers.certainty
    moved = motion_models.step(_stack(parts), time, motion)
    state = motion_models.observe(moved, places, np.maximum(deviation, motion.noise) ** 2)
    before = np.array([part.variance for part in parts]).T
    variance = certainty.observe(certainty.advance(before, time), deviation)
    leapt = np.abs(places - moved.expected).max(axis=1) > _LEAP
    for i, part in enumerate(parts):
        part.stamp, part.variance = stamp, variance[:, i]
        if leapt[i]:
            part.state = motion_models.begin(places[i], deviation[i], motion)
            part.variance = np.maximum(part.variance, certainty.begin(float(deviation[i])))
        else:
            part.state = MotionState(state.mean[i], state.covariance[i], state.weight[i])


def _paths(
    parts: Sequence[_Part], now: float, times: np.ndarray, numbers: PartNumbers
) -> np.ndarray:
    """Expected positions by the motion models alone, shape (parts, times, d) [m]."""
    if not parts:
        return np.zeros((0, len(times), 3))
    ages = _ages(parts, now)
    return motion_models.paths(_stack(parts), ages[:, None] + times, numbers.motion)


def _deviations(
    parts: Sequence[_Part], now: float, times: np.ndarray, numbers: PartNumbers
) -> np.ndarray:
    """Shape (parts, times) [m]."""
    if not parts:
        return np.zeros((0, len(times)))
    variance = np.array([part.variance for part in parts]).T[:, :, None]
    return numbers.certainty.deviation(variance, _ages(parts, now)[:, None], times)
