"""What the motion models do not know of people: a small learned correction of their forecast.

A net of two hidden layers sees the state of the motion models (and, for a hand, the points it may
be going to) in a frame that turns with the person, and says how the expected position at
``KNOTS`` differs. It moves the expectation only; how sure a forecast is never depends on it. Its
answer is bounded, and at other times interpolated. Trained by ``training/intent.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynamical_safety.motion_models import TURNING, MotionState

KNOTS = (0.5, 1.0)  # [s]
BODY_BOUND, HAND_BOUND = 0.8, 1.5  # largest correction, per axis and second ahead [m/s]
NEAR_TARGETS = 2  # points a hand may be going to that are looked at
_SLOW = 0.05  # below this speed a heading means ever less [m/s]
_FAR_TARGET = 1.5  # where a target that is not there is put [m]


@dataclass(frozen=True, slots=True)
class Net:
    """Two hidden layers of tanh and a bounded answer.

    Attributes:
        centre: Shape (f,), taken off the features.
        scale: Shape (f,), divides them.
        weights: Three matrices.
        biases: Three vectors.
    """

    centre: np.ndarray
    scale: np.ndarray
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features, shape (..., f), to what lies before the bound, shape (..., out)."""
        x = np.clip((features - self.centre) / self.scale, -5.0, 5.0)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = np.tanh(x @ weight + bias)
        answer: np.ndarray = x @ self.weights[-1] + self.biases[-1]
        return answer

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], prefix: str) -> "Net":
        """From the arrays that :meth:`arrays` names."""
        double = {name: np.asarray(array, dtype=float) for name, array in arrays.items()}
        return cls(
            double[f"{prefix}_centre"],
            double[f"{prefix}_scale"],
            tuple(double[f"{prefix}_weight_{i}"] for i in range(3)),
            tuple(double[f"{prefix}_bias_{i}"] for i in range(3)),
        )

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """All numbers by name."""
        named = {f"{prefix}_centre": self.centre, f"{prefix}_scale": self.scale}
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            named[f"{prefix}_weight_{i}"], named[f"{prefix}_bias_{i}"] = weight, bias
        return named


def body_features(state: MotionState, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the net sees of a body.

    Args:
        state: Its models, d = 2.
        age: Shape (...), since it was seen [s].

    Returns:
        Features, shape (..., f), and the frame they are in, shape (..., 2, 2): rows ahead, left.
    """
    velocity = (state.weight[..., None] * state.mean[..., 1, :]).sum(axis=-2)
    speed = np.sqrt((velocity * velocity).sum(axis=-1, keepdims=True))
    ahead = velocity / np.maximum(speed, _SLOW)
    frame = np.stack((ahead, np.stack((-ahead[..., 1], ahead[..., 0]), axis=-1)), axis=-2)
    return _join(
        _turned(state.mean[..., 1, :], frame),
        _turned(state.mean[..., TURNING, 2, None, :], frame),
        state.weight,
        speed,
        np.asarray(age)[..., None],
    ), frame


def hand_features(
    state: MotionState, age: np.ndarray, *, body: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the net sees of a hand.

    Args:
        state: Its models, d = 3.
        age: Shape (...), since it was seen [s].
        body: Shape (..., 2), centre of the person's box [m].
        targets: Shape (..., k, 3), where it may be going [m]; k may be 0, NaN = not there.

    Returns:
        Features, shape (..., f), and their frame, shape (..., 3, 3): rows away from the body,
        left, up.
    """
    place = (state.weight[..., None] * state.mean[..., 0, :]).sum(axis=-2)
    velocity = (state.weight[..., None] * state.mean[..., 1, :]).sum(axis=-2)
    speed = np.sqrt((velocity * velocity).sum(axis=-1, keepdims=True))
    out = place[..., :2] - body
    distance = np.sqrt((out * out).sum(axis=-1, keepdims=True))
    out = out / np.maximum(distance, _SLOW)
    frame = np.zeros((*out.shape[:-1], 3, 3))
    frame[..., 0, :2] = out
    frame[..., 1, 0], frame[..., 1, 1] = -out[..., 1], out[..., 0]
    frame[..., 2, 2] = 1.0
    return _join(
        _turned(state.mean[..., 1, :], frame),
        _turned(state.mean[..., TURNING, 2, None, :], frame),
        state.weight,
        speed,
        np.asarray(age)[..., None],
        distance,
        place[..., 2:],
        _goals(place, velocity / np.maximum(speed, _SLOW), targets, frame),
    ), frame


def correction(net: Net, features: np.ndarray, frame: np.ndarray, *, bound: float) -> np.ndarray:
    """How the expected positions at ``KNOTS`` differ, shape (..., knots, d) [m]."""
    axes = frame.shape[-1]
    answer = net(features).reshape(*features.shape[:-1], len(KNOTS), axes)
    limit = bound * np.array(KNOTS)[:, None]
    turned: np.ndarray = (limit * np.tanh(answer / limit)) @ frame
    return turned


def at(correction_at_knots: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """Correction at other times: none at 0, linear between, held beyond the last knot.

    Args:
        correction_at_knots: Shape (..., knots, d) [m].
        ahead: Shape (t,) [s].

    Returns:
        Shape (..., t, d) [m].
    """
    first, last = KNOTS
    late = np.clip((ahead - first) / (last - first), 0.0, 1.0)
    early = np.minimum(ahead / first, 1.0) - late
    weighted: np.ndarray = np.stack((early, late), axis=1) @ correction_at_knots
    return weighted


def _goals(
    place: np.ndarray, direction: np.ndarray, targets: np.ndarray, frame: np.ndarray
) -> np.ndarray:
    """The targets that the hand goes to most directly: where, how far, how directly."""
    count = targets.shape[-2]
    missing = np.zeros((*place.shape[:-1], max(NEAR_TARGETS - count, 0), 3)) + np.nan
    away = np.concatenate((targets - place[..., None, :], missing), axis=-2)
    away = np.where(np.isfinite(away).all(axis=-1, keepdims=True), away, [0.0, 0.0, -_FAR_TARGET])
    distance = np.sqrt((away * away).sum(axis=-1))
    straight = (away * direction[..., None, :]).sum(axis=-1) / np.maximum(distance, _SLOW)
    order = np.argsort(distance - straight, axis=-1)[..., :NEAR_TARGETS]
    near = np.take_along_axis(away, order[..., None], axis=-2)
    return _join(
        _turned(near, frame),
        np.take_along_axis(distance, order, axis=-1),
        np.take_along_axis(straight, order, axis=-1),
    )


def _turned(vectors: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Vectors, shape (..., k, d), in the frame; flat, shape (..., k d)."""
    turned = vectors @ frame.swapaxes(-1, -2)
    return turned.reshape(*turned.shape[:-2], -1)


def _join(*features: np.ndarray) -> np.ndarray:
    return np.concatenate(features, axis=-1)
