"""The backup forecaster: from tracks and joint states to probabilities of contact.

It keeps half a second of every person's places, makes their features and asks the network; what is
told for all of them together is the chance that any of them comes into contact.
"""

import math
from collections import deque

import numpy as np

from dynamical_safety.backup_features import (
    HORIZONS,
    PAST,
    PREDICTED,
    Body,
    FeatureMaker,
    Sighting,
)
from dynamical_safety.backup_model import BackupModel
from dynamical_safety.forecast import Forecast
from dynamical_safety.kinematics import RobotKinematics
from dynamical_safety.people import Person

MODEL = "backup"
STEP = HORIZONS[0]

_KEPT = 24  # places of one person that are remembered: more than half a second at any rate
_FINITE = 0.01  # step of the finite difference that gives the links' velocity [s]
_BACK = 1.0  # tracks so far behind the newest mean that the clock was set back [s]
_MOST = 100  # people looked at


class BackupForecaster:
    """Forecasts contact up to each of ``HORIZONS``.

    Times are ROS time [s].

    Args:
        model: Trained network.
        kinematics: The robot that it was trained for.
    """

    def __init__(self, model: BackupModel, kinematics: RobotKinematics) -> None:
        self._model = model
        self._kinematics = kinematics
        self._features = FeatureMaker(kinematics.spheres)
        self._places: dict[int, deque[tuple[float, ...]]] = {}
        self._people: tuple[Person, ...] = ()
        self._stamp = -math.inf

    @property
    def stamp(self) -> float:
        """Newest tracks taken in; -inf = none yet."""
        return self._stamp

    def see(self, people: tuple[Person, ...], stamp: float) -> None:
        """Take in the people of one set of tracks, as perception tells them at ``stamp``."""
        if stamp < self._stamp - _BACK:
            self._places.clear()
        elif stamp <= self._stamp:
            return
        self._stamp, self._people = stamp, people[:_MOST]
        known = {person.id for person in self._people}
        self._places = {key: place for key, place in self._places.items() if key in known}
        for person in self._people:
            places = self._places.setdefault(person.id, deque(maxlen=_KEPT))
            places.append((stamp, *person.centre[:2].tolist(), *person.size[:2].tolist()))

    def forecast(self, position: np.ndarray, velocity: np.ndarray, now: float) -> Forecast:
        """Forecast from the newest tracks and the robot's present state.

        Args:
            position: Shape (n,), measured joint positions [rad].
            velocity: Shape (n,), measured joint velocities [rad/s].
            now: When they were measured.
        """
        if not self._people:
            nothing = (0.0,) * len(HORIZONS)
            return Forecast(self._stamp, MODEL, STEP, nothing, (math.inf,) * len(HORIZONS))
        features = self._features(self._body(position, velocity), self._sighting(now))
        free = np.prod(1.0 - self._model.probability(features), axis=0)
        # What goes straight on, person and links: the network gives chances, not distances.
        distance = np.maximum(features[:, PREDICTED], 0.0).min(axis=0)
        return Forecast(
            self._stamp,
            MODEL,
            STEP,
            tuple((1.0 - free).tolist()),
            tuple(np.where(np.isfinite(distance), distance, 0.0).tolist()),
        )

    def hands(self, position: np.ndarray) -> np.ndarray:
        """Where the robot's left and right hand are, shape (2, 3) [m]."""
        return self._features.hands(self._kinematics.centres(position))

    def _body(self, position: np.ndarray, velocity: np.ndarray) -> Body:
        before = self._kinematics.centres(position - _FINITE * velocity)
        centres = self._kinematics.centres(position)
        shape = (len(self._people), *centres.shape)
        return Body(
            np.broadcast_to(centres, shape),
            np.broadcast_to((centres - before) / _FINITE, shape),
        )

    def _sighting(self, now: float) -> Sighting:
        people, stamp = self._people, self._stamp
        times = stamp - np.array(PAST)
        past = np.empty((len(people), len(PAST), 4))
        for row, person in enumerate(people):
            when, *values = np.array(self._places[person.id]).T
            for column, value in enumerate(values):
                past[row, :, column] = np.interp(times, when, value)
        hands = np.full((len(people), 2, 3), np.nan)
        for row, person in enumerate(people):
            seen = person.hands[:2]
            hands[row, : len(seen)] = seen
        return Sighting(
            centre=np.array([person.centre for person in people], float),
            size=np.array([person.size for person in people], float),
            velocity=np.array([person.velocity for person in people], float),
            deviation=np.array([person.deviation for person in people], float),
            unseen=np.array([max(0.0, stamp - person.stamp) for person in people]),
            latency=np.full(len(people), now - stamp),
            past=past,
            hands=hands,
        )
