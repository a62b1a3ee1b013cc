"""Everything that is fitted for the forecast of people, and how sure a forecast is.

Made by ``training/intent.py``; kept as named arrays in ``data/intent.npz``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources

import numpy as np

from dynamical_safety.motion_models import MotionNumbers
from dynamical_safety.motion_residual import Net

DATA = "intent.npz"
SCALED_AT = (0.0, 0.5, 1.0)  # times ahead that a deviation is scaled at [s]


@dataclass(frozen=True, slots=True)
class Certainty:
    """How the deviation of one kind of part grows: a constant-velocity filter, scaled.

    Attributes:
        acceleration: White acceleration [m/s^2 per sqrt(Hz)].
        start_speed: Standard deviation of an unknown velocity [m/s].
        noise: Smallest deviation of a sighting that is believed [m].
        scale: Factors on the deviation at 0 s, 0.5 s and 1 s ahead, not falling.
    """

    acceleration: float
    start_speed: float
    noise: float
    scale: tuple[float, float, float]

    def begin(self, deviation: float | np.ndarray) -> np.ndarray:
        """Variances of position, both, velocity after the first sighting, shape (3, ...)."""
        noise = np.maximum(deviation, self.noise) ** 2
        return np.stack([noise, 0.0 * noise, 0.0 * noise + self.start_speed**2])

    def advance(self, variance: np.ndarray, time: float | np.ndarray) -> np.ndarray:
        """The same a time [s] later."""
        pp, pv, vv = variance
        q = self.acceleration**2
        return np.stack(
            [
                pp + 2.0 * time * pv + time**2 * vv + q * time**3 / 3.0,
                pv + time * vv + q * time**2 / 2.0,
                vv + q * time + 0.0 * pp,
            ]
        )

    def observe(self, variance: np.ndarray, deviation: float | np.ndarray) -> np.ndarray:
        """The same after a sighting of a deviation [m]."""
        pp, pv, vv = variance
        noise = np.maximum(deviation, self.noise) ** 2
        keep = noise / (pp + noise)
        return np.stack([keep * pp, keep * pv, vv - pv**2 / (pp + noise)])

    def deviation(
        self, variance: np.ndarray, age: float | np.ndarray, ahead: np.ndarray
    ) -> np.ndarray:
        """Deviation ahead of parts last seen some time ago [m].

        Args:
            variance: Shape (3, ...).
            age: Shape (...), since they were seen [s].
            ahead: Shape (...) [s].
        """
        grown = self.advance(variance, np.maximum(age + ahead, 0.0))[0]
        deviation: np.ndarray = np.interp(ahead, SCALED_AT, self.scale) * np.sqrt(grown)
        return deviation


@dataclass(frozen=True, slots=True)
class PartNumbers:
    """Everything fitted for one kind of part."""

    motion: MotionNumbers
    certainty: Certainty
    net: Net


@dataclass(frozen=True, slots=True)
class IntentNumbers:
    """Everything fitted: for bodies and for hands."""

    body: PartNumbers
    hand: PartNumbers


def intent_numbers(arrays: Mapping[str, np.ndarray]) -> IntentNumbers:
    """From the arrays that :func:`intent_arrays` names."""
    parts = []
    for kind in ("body", "hand"):
        names = [field.name for field in fields(MotionNumbers)]
        motion = MotionNumbers(
            **dict(zip(names, map(float, arrays[f"{kind}_motion"]), strict=True))
        )
        q, speed, noise, *scale = map(float, arrays[f"{kind}_certainty"])
        certainty = Certainty(q, speed, noise, (scale[0], scale[1], scale[2]))
        parts.append(PartNumbers(motion, certainty, Net.load(arrays, kind)))
    return IntentNumbers(*parts)


def intent_arrays(numbers: IntentNumbers) -> dict[str, np.ndarray]:
    """All numbers as named arrays."""
    named = {}
    for kind, part in (("body", numbers.body), ("hand", numbers.hand)):
        motion, sure = part.motion, part.certainty
        named[f"{kind}_motion"] = np.array([getattr(motion, f.name) for f in fields(motion)])
        named[f"{kind}_certainty"] = np.array(
            [sure.acceleration, sure.start_speed, sure.noise, *sure.scale]
        )
        named |= part.net.arrays(kind)
    return named


def read_intent_numbers() -> IntentNumbers:
    """The numbers shipped with this package."""
    path = resources.files("dynamical_safety") / "data" / DATA
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return intent_numbers(dict(arrays))
