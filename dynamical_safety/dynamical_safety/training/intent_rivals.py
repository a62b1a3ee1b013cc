"""Forecasts of people that compete, played frame by frame over what was seen of many at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dynamical_safety import motion_models, motion_residual
from dynamical_safety.intent import MEMORY
from dynamical_safety.intent_numbers import Certainty, PartNumbers
from dynamical_safety.motion_models import MotionNumbers, MotionState
from dynamical_safety.training.people_motion import FRAME, STEP, Observations

TIMES = np.arange(1, 11) * 0.1  # forecasts are graded at these times ahead [s]

Forecast = Callable[["Frame", np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known after one frame, of those n who are followed.

    Attributes:
        state: Their models.
        variance: Shape (3, n), of ``Certainty``.
        age: Shape (n,), since they were seen [s].
        body: Shape (n, 2) [m].
        targets: Shape (n, k, 3) [m].
        truth: Shape (n, times, d), where they really are at ``TIMES`` [m].
        now: Shape (n, d), where they really are [m].
        speed: Shape (n,), how fast they really are [m/s].
    """

    state: MotionState
    variance: np.ndarray
    age: np.ndarray
    body: np.ndarray
    targets: np.ndarray
    truth: np.ndarray
    now: np.ndarray
    speed: np.ndarray


def replay(seen: Observations, motion: MotionNumbers, certainty: Certainty) -> Iterator[Frame]:
    """Play what was seen through the filters, frame by frame, as ``IntentPredictor`` does."""
    count = len(seen.seen)
    state = motion_models.begin(seen.seen[:, 0], seen.deviation, motion)
    variance = certainty.begin(seen.deviation)
    known = np.zeros(count, bool)
    missed = np.zeros(count)
    noise = np.maximum(seen.deviation, motion.noise) ** 2
    span = seen.truth.shape[1] * STEP - TIMES[-1] - 0.2
    for frame in range(round(span / FRAME)):
        there, place = seen.there[:, frame], seen.seen[:, frame]
        moved = motion_models.step(state, np.full(count, FRAME), motion)
        grown = certainty.advance(variance, FRAME)
        fresh = motion_models.begin(place, seen.deviation, motion)
        better = motion_models.observe(moved, place, noise)
        new, old = there & ~known, there & known
        state = MotionState(
            *(
                _choose(new, a, _choose(old, b, c))
                for a, b, c in (
                    (fresh.mean, better.mean, moved.mean),
                    (fresh.covariance, better.covariance, moved.covariance),
                    (fresh.weight, better.weight, moved.weight),
                )
            )
        )
        variance = np.where(
            new,
            certainty.begin(seen.deviation),
            np.where(old, certainty.observe(grown, seen.deviation), grown),
        )
        missed = np.where(there, 0.0, missed + FRAME)
        known = (known | there) & (missed + seen.delay <= MEMORY)
        if frame < 2 or not known.any():
            continue
        clock = frame * FRAME + seen.delay
        truth = np.stack([_truth(seen, clock + time) for time in TIMES], axis=1)
        before, now = _truth(seen, clock - STEP), _truth(seen, clock)
        yield Frame(
            state=MotionState(state.mean[known], state.covariance[known], state.weight[known]),
            variance=variance[:, known],
            age=(missed + seen.delay)[known],
            body=seen.body[known, frame],
            targets=seen.targets[known],
            truth=truth[known],
            now=now[known],
            speed=np.linalg.norm(now - before, axis=1)[known] / STEP,
        )


def _choose(mask: np.ndarray, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
    return np.where(mask.reshape(-1, *(1,) * (yes.ndim - 1)), yes, no)


def _truth(seen: Observations, clock: np.ndarray) -> np.ndarray:
    step = np.clip(np.rint(clock / STEP).astype(int), 0, seen.truth.shape[1] - 1)
    place: np.ndarray = seen.truth[np.arange(len(step)), step]
    return place


def bound(turn: np.ndarray) -> float:
    """Largest correction of a part whose frame this is [m/s]."""
    body = turn.shape[-1] == 2
    return motion_residual.BODY_BOUND if body else motion_residual.HAND_BOUND


def seen_by_net(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Features of a body or a hand, and their frame."""
    if frame.state.mean.shape[-1] == 2:
        return motion_residual.body_features(frame.state, frame.age)
    return motion_residual.hand_features(
        frame.state, frame.age, body=frame.body, targets=frame.targets
    )


def models_alone(motion: MotionNumbers) -> Forecast:
    """The motion models without the learned correction."""

    def forecast(frame: Frame, ahead: np.ndarray) -> np.ndarray:
        return motion_models.paths(frame.state, frame.age[:, None] + ahead, motion)

    return forecast


def corrected(numbers: PartNumbers) -> Forecast:
    """The motion models with the learned correction: what ships."""
    alone = models_alone(numbers.motion)

    def forecast(frame: Frame, ahead: np.ndarray) -> np.ndarray:
        features, turn = seen_by_net(frame)
        fix = motion_residual.correction(numbers.net, features, turn, bound=bound(turn))
        moved: np.ndarray = alone(frame, ahead) + motion_residual.at(fix, ahead)
        return moved

    return forecast


def reach_hypotheses(motion: MotionNumbers, *, sharp: float, prior: float) -> Forecast:
    """Minimum-jerk reaches to each target, weighed by direction, mixed with the models.

    Args:
        motion: The models.
        sharp: How fast a target becomes unlikely with the angle to it.
        prior: Weight of no target at all.
    """
    alone = models_alone(motion)

    def forecast(frame: Frame, ahead: np.ndarray) -> np.ndarray:
        base = alone(frame, ahead)
        place, velocity = frame.state.expected, frame.state.velocity
        speed = np.linalg.norm(velocity, axis=1)[:, None]
        away = np.nan_to_num(frame.targets - place[:, None], nan=9.0)
        distance = np.linalg.norm(away, axis=2)
        straight = (away * velocity[:, None]).sum(axis=2) / np.maximum(speed * distance, 1e-6)
        weight = np.exp(sharp * (straight - 1.0)) * (1.0 - np.exp(-((speed / 0.4) ** 2)))
        weight = np.where(distance < 1.5, weight, 0.0)
        rest = np.clip(1.9 * distance / np.maximum(speed, 0.1), 0.15, 0.8)
        result = prior * base
        for i, time in enumerate(ahead):
            share = 1.0 - (1.0 - np.clip(time / rest, 0.0, 1.0)) ** 3
            there = place[:, None] + share[..., None] * away
            result[:, i] += (weight[..., None] * there).sum(axis=1)
        mixed: np.ndarray = result / (weight.sum(axis=1) + prior)[:, None, None]
        return mixed

    return forecast


def standing(frame: Frame, ahead: np.ndarray) -> np.ndarray:
    """Everybody stays where they are."""
    return np.repeat(frame.state.expected[:, None], len(ahead), axis=1)


def constant_velocity(acceleration: float, start_speed: float) -> MotionNumbers:
    """Numbers with which the steady model is a constant-velocity filter of its own.

    Nothing ever changes to or from it, and only it is asked (:func:`steady_alone`).
    """
    return MotionNumbers(
        steady=acceleration,
        turning=1e-3,
        turning_time=1.0,
        stopping=1e-3,
        stopping_time=1.0,
        change=0.0,
        start_speed=start_speed,
        noise=0.03,
    )


def steady_alone(frame: Frame, ahead: np.ndarray) -> np.ndarray:
    """Constant velocity."""
    place, velocity = (frame.state.mean[:, motion_models.STEADY, i] for i in (0, 1))
    times = frame.age[:, None] + ahead
    moved: np.ndarray = place[:, None] + times[..., None] * velocity[:, None]
    return moved
