"""How good forecasts of people are: errors, coverage of their deviations, and of their reach."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_safety.human_reach import PartPaths, human_reach
from dynamical_safety.intent import AHEAD
from dynamical_safety.intent_numbers import Certainty, PartNumbers
from dynamical_safety.motion_models import MotionNumbers
from dynamical_safety.people import Boxes, Person
from dynamical_safety.training.intent_rivals import TIMES, Forecast, corrected, replay
from dynamical_safety.training.people_motion import Observations

REACH_HORIZON = 0.4  # human_reach is graded over this time [s]
CLOSING = 0.25  # a part that comes nearer than this within it closes [m]
MOVING = 0.3  # a hand that is faster than this moves [m/s]
# A part's error lies within this many deviations for a share of an isotropic normal distribution:
# square roots of chi-square quantiles with 2 and 3 degrees of freedom.
SHARES = (0.50, 0.90, 0.95)
RADII = {2: (1.1774, 2.1460, 2.4477), 3: (1.5382, 2.5003, 2.7955)}


@dataclass(frozen=True, slots=True)
class Grade:
    """Errors of one forecast over many frames.

    Attributes:
        error: Shape (frames, times), distance to the truth at ``TIMES`` [m].
        moving: Shape (frames,), whether the part really moved.
    """

    error: np.ndarray
    moving: np.ndarray

    def table(self, *, moving: bool = False) -> dict[str, float]:
        """Average displacement error up to 0.5 s and 1 s, and the error at those times [m]."""
        error = self.error[self.moving] if moving else self.error
        return {
            "ade_0.5": round(float(error[:, :5].mean()), 4),
            "ade_1.0": round(float(error.mean()), 4),
            "at_0.5": round(float(error[:, 4].mean()), 4),
            "at_1.0": round(float(error[:, 9].mean()), 4),
        }


ANY = Certainty(1.0, 1.0, 0.03, (1.0, 1.0, 1.0))


def grade(seen: Sequence[Observations], motion: MotionNumbers, forecast: Forecast) -> Grade:
    """Errors over all frames of all observations."""
    errors, moving = [], []
    for item in seen:
        for frame in replay(item, motion, ANY):
            errors.append(np.linalg.norm(forecast(frame, TIMES) - frame.truth, axis=2))
            moving.append(frame.speed > MOVING)
    return Grade(np.concatenate(errors), np.concatenate(moving))


def score(result: Grade) -> float:
    """What is made small: errors early count as much as late ones, moving parts twice."""
    every, moving = result.table(), result.table(moving=True)
    return sum(row["ade_0.5"] + 0.5 * row["ade_1.0"] for row in (every, moving))


def ratios(
    seen: Sequence[Observations], numbers: PartNumbers, ahead: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Error over deviation of every forecast, shape (frames, times); moving; the deviation [m].

    The deviation is that of ``numbers.certainty``, its scale included.
    """
    forecast, certainty = corrected(numbers), numbers.certainty
    found, moving, claimed = [], [], []
    columns = np.rint(ahead / 0.1).astype(int) - 1
    for item in seen:
        for frame in replay(item, numbers.motion, certainty):
            truth = np.where((columns >= 0)[:, None], frame.truth[:, columns], frame.now[:, None])
            error = np.linalg.norm(forecast(frame, ahead) - truth, axis=2)
            deviation = certainty.deviation(frame.variance[:, :, None], frame.age[:, None], ahead)
            found.append(error / deviation)
            moving.append(frame.speed > MOVING)
            claimed.append(deviation)
    return np.concatenate(found), np.concatenate(moving), np.concatenate(claimed)


def coverage(found: np.ndarray, axes: int) -> dict[str, list[float]]:
    """Share of truths within the 50, 90 and 95 % ellipses at each time ahead."""
    return {
        f"within_{round(100 * share)}": [
            round(float((found[:, i] < radius).mean()), 3) for i in range(found.shape[1])
        ]
        for share, radius in zip(SHARES, RADII[axes], strict=True)
    }


def reach_held(seen: Sequence[Observations], numbers: PartNumbers) -> dict[str, float]:
    """How often ``human_reach`` holds, towards points on a circle around the room.

    Every part counts as a body without extent, so that its own reach is graded. Besides the share
    of all part, moment and direction, that of moments at which it holds in every direction, and
    that of the cases picked afterwards in which the part did come nearer by ``CLOSING``: mostly
    motions that had not begun when the forecast was made.
    """
    angles = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    circle = 2.5 * np.stack((np.cos(angles), np.sin(angles), 0.0 * angles), axis=1)
    forecast, ahead = corrected(numbers), np.array(AHEAD)
    steps = round(REACH_HORIZON / 0.1)
    held, allowed, nearer = [], [], []
    for item in seen:
        for frame in replay(item, numbers.motion, numbers.certainty):
            count, axes = frame.now.shape
            place = np.zeros((count, len(ahead), 3))
            place[..., :axes] = forecast(frame, ahead)
            deviation = numbers.certainty.deviation(
                frame.variance[:, :, None], frame.age[:, None], ahead
            )
            paths = PartPaths(tuple(range(count)), (False,) * count, AHEAD, place, deviation)
            reach = human_reach(
                paths, _points(place[:, 0]), circle, horizon=REACH_HORIZON, age=0.0
            )
            truth = np.zeros((count, steps + 1, 3))
            truth[:, 0, :axes], truth[:, 1:, :axes] = frame.now, frame.truth[:, :steps]
            distance = np.linalg.norm(circle - truth[:, :, None], axis=3)
            closed = (distance[:, :1] - distance).max(axis=1)
            held.append(closed <= reach)
            allowed.append(reach)
            nearer.append(closed)
    within, closed_by = np.concatenate(held), np.concatenate(nearer)
    return {
        "horizon_s": REACH_HORIZON,
        "held": round(float(within.mean()), 4),
        "held_in_all_directions": round(float(within.all(axis=1).mean()), 4),
        "held_where_it_closed": round(float(within[closed_by > CLOSING].mean()), 4),
        "mean_reach": round(float(np.concatenate(allowed).mean()), 3),
        "mean_closed": round(float(closed_by.mean()), 3),
    }


def _points(place: np.ndarray) -> Boxes:
    """People without extent."""
    zero, many = np.zeros(3), len(place)
    people = tuple(Person(i, point, zero, zero, 0.0, 0.0, 1.0) for i, point in enumerate(place))
    nothing = np.zeros(many)
    flat = np.zeros((many, 3))
    return Boxes(
        people,
        place,
        flat,
        flat,
        nothing,
        nothing,
        nothing,
        nothing,
        np.full((many, 2, 3), np.nan),
    )
