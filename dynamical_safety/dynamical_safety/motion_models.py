"""Several ways a point of a person may move, weighed by how well each explains what was seen.

An interacting-multiple-model Kalman filter (Blom and Bar-Shalom 1988; Bar-Shalom, Li and
Kirubarajan 2001, section 11.6). Along each axis the state is position, velocity, acceleration;
the models are steady (constant velocity), turning (Singer's decaying acceleration, 1970) and
stopping (velocity decays). Noise is the same along all axes, so one covariance of shape (3, 3)
serves them all: that makes it small enough to run for every hand. All functions take leading
batch dimensions ``...``, so that the numbers are fitted with the very code that runs.
"""

from dataclasses import dataclass

import numpy as np

STEADY, TURNING, STOPPING = range(3)
MODELS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionNumbers:
    """What the models are made of.

    Attributes:
        steady: White acceleration of the steady model [m/s^2 per sqrt(Hz)].
        turning: Standard deviation of the turning model's acceleration [m/s^2].
        turning_time: Time in which its acceleration decays [s].
        stopping: White acceleration of the stopping model [m/s^2 per sqrt(Hz)].
        stopping_time: Time in which its velocity decays [s].
        change: Rate at which a person changes from one model to another [1/s].
        start_speed: Standard deviation of an unknown velocity [m/s].
        noise: Smallest standard deviation of an observation that is believed [m].
    """

    steady: float
    turning: float
    turning_time: float
    stopping: float
    stopping_time: float
    change: float
    start_speed: float
    noise: float


@dataclass(slots=True)
class MotionState:
    """State of one filter, or of a batch of them.

    Attributes:
        mean: Shape (..., models, 3, d): position, velocity, acceleration along d axes [m, s].
        covariance: Shape (..., models, 3, 3), along each axis.
        weight: Shape (..., models), how probable each model is; sums to 1.
    """

    mean: np.ndarray
    covariance: np.ndarray
    weight: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Expected position, shape (..., d) [m]."""
        place: np.ndarray = (self.weight[..., None] * self.mean[..., 0, :]).sum(axis=-2)
        return place

    @property
    def velocity(self) -> np.ndarray:
        """Expected velocity, shape (..., d) [m/s]."""
        speed: np.ndarray = (self.weight[..., None] * self.mean[..., 1, :]).sum(axis=-2)
        return speed


def begin(position: np.ndarray, deviation: np.ndarray, numbers: MotionNumbers) -> MotionState:
    """A point seen first.

    Args:
        position: Shape (..., d) [m].
        deviation: Shape (...), of the observation [m].
        numbers: The models.
    """
    batch = np.shape(position)[:-1]
    mean = np.zeros((*batch, MODELS, 3, np.shape(position)[-1]))
    mean[..., 0, :] = np.asarray(position)[..., None, :]
    covariance = np.zeros((*batch, MODELS, 3, 3))
    covariance[..., 0, 0] = np.maximum(deviation, numbers.noise)[..., None] ** 2
    covariance[..., 1, 1] = numbers.start_speed**2
    covariance[..., TURNING, 2, 2] = numbers.turning**2
    return MotionState(mean, covariance, np.full((*batch, MODELS), 1.0 / MODELS))


def transition(time: np.ndarray, numbers: MotionNumbers) -> tuple[np.ndarray, np.ndarray]:
    """Transition and process noise of every model over a time.

    Args:
        time: Shape (...) [s], >= 0.
        numbers: The models.

    Returns:
        Both of shape (..., models, 3, 3).
    """
    t = np.asarray(time, dtype=float)
    move = np.zeros((*t.shape, MODELS, 3, 3))
    noise = np.zeros_like(move)
    move[..., 0, 0] = 1.0
    move[..., STEADY, 0, 1] = t
    move[..., STEADY, 1, 1] = 1.0
    tau = numbers.turning_time
    decay = np.asarray(np.exp(-t / tau))
    move[..., TURNING, 0, 1] = t
    move[..., TURNING, 1, 1] = 1.0
    move[..., TURNING, 0, 2] = tau**2 * (t / tau - 1.0 + decay)
    move[..., TURNING, 1, 2] = tau * (1.0 - decay)
    move[..., TURNING, 2, 2] = decay
    slow = np.exp(-t / numbers.stopping_time)
    move[..., STOPPING, 0, 1] = numbers.stopping_time * (1.0 - slow)
    move[..., STOPPING, 1, 1] = slow
    for model, power in ((STEADY, numbers.steady**2), (STOPPING, numbers.stopping**2)):
        noise[..., model, 0, 0] = power * t**3 / 3
        noise[..., model, 0, 1] = noise[..., model, 1, 0] = power * t**2 / 2
        noise[..., model, 1, 1] = power * t
    # New acceleration enters as a step that lasts: exact for t << tau, too much noise beyond.
    fresh = numbers.turning**2 * (1.0 - decay**2)
    step = np.stack((t**2 / 2, t, np.ones_like(t)), axis=-1)
    noise[..., TURNING, :, :] = fresh[..., None, None] * step[..., :, None] * step[..., None, :]
    return move, noise


def step(state: MotionState, time: np.ndarray | float, numbers: MotionNumbers) -> MotionState:
    """Mix the models as they may have changed, then move each on by a time, shape (...) [s]."""
    times = np.asarray(time, dtype=float)
    move, noise = transition(times, numbers)
    return advance(state, move, noise, change=np.asarray(-np.expm1(-numbers.change * times)))


def paths(state: MotionState, times: np.ndarray, numbers: MotionNumbers) -> np.ndarray:
    """Expected position of n filters after each of t times, shape (n, t) [s].

    Returns:
        Shape (n, t, d) [m].
    """
    first = transition(times, numbers)[0][..., 0, :]  # (n, t, models, 3)
    weighted = first * state.weight[:, None, :, None]
    flat = state.mean.reshape(len(state.mean), MODELS * 3, -1)
    place: np.ndarray = weighted.reshape(*times.shape, MODELS * 3) @ flat
    return place


def advance(
    state: MotionState, move: np.ndarray, noise: np.ndarray, *, change: np.ndarray
) -> MotionState:
    """Mix the models, then move each on.

    Args:
        state: Before.
        move: Of :func:`transition`.
        noise: Of :func:`transition`.
        change: Shape (...), probability of leaving a model within the time.
    """
    swap = np.empty((*np.shape(change), MODELS, MODELS))
    swap[...] = change[..., None, None] / (MODELS - 1)
    swap[..., range(MODELS), range(MODELS)] = 1.0 - change[..., None]
    joint = state.weight[..., :, None] * swap
    weight = joint.sum(axis=-2)
    share = joint / weight[..., None, :]  # (..., from, to)
    flat = state.mean.reshape(*state.mean.shape[:-2], -1)
    mean = (share.swapaxes(-1, -2) @ flat).reshape(state.mean.shape)
    axes = state.mean.shape[-1]
    apart = state.mean[..., :, None, :, :] - mean[..., None, :, :, :]
    # Spread between the means, averaged over the axes, keeps the covariance the same along all.
    spread = apart @ apart.swapaxes(-1, -2) / axes + state.covariance[..., :, None, :, :]
    covariance = (share[..., None, None] * spread).sum(axis=-4)
    return MotionState(move @ mean, move @ covariance @ move.swapaxes(-1, -2) + noise, weight)


def observe(state: MotionState, position: np.ndarray, variance: np.ndarray) -> MotionState:
    """Take in a position, shape (..., d) [m], of a variance, shape (...) [m^2]."""
    axes = position.shape[-1]
    off = position[..., None, :] - state.mean[..., 0, :]
    total = state.covariance[..., 0, 0] + variance[..., None]
    gain = state.covariance[..., :, 0] / total[..., None]
    mean = state.mean + gain[..., :, None] * off[..., None, :]
    covariance = state.covariance - gain[..., :, None] * state.covariance[..., None, 0, :]
    fit = -0.5 * ((off * off).sum(axis=-1) / total + axes * np.log(total))
    weight = state.weight * np.exp(fit - fit.max(axis=-1, keepdims=True)) + 1e-6
    return MotionState(mean, covariance, weight / weight.sum(axis=-1, keepdims=True))
