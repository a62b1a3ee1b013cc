"""How much nearer people may come to each link of the robot within a short time.

What ``IntentPredictor`` forecasts, as the human's share of the protective distance (S_h of
ISO/TS 15066:2016, 5.5.4.2.3): it widens what an assumed walking speed gives, never narrows it::

    paths = PartPaths.of(forecasts)                           # once per forecast, 10 Hz
    reach = human_reach(paths, boxes, centres, horizon=T_r + T_s, age=now - stamp)
    S_h = np.maximum(speed_rule, reach)                       # shape (p, s) [m]

The distance to a convex body is a convex function of its displacement, so its slope now bounds
how fast it can fall: a displacement d brings the body nearer by at most d along the direction to
the link, whatever its length. Uncertainty is added at the one-sided quantile. The deviations hold
the error of the position itself, which Z_d counts once more: on the safe side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from dynamical_safety.intent import PartForecast
from dynamical_safety.people import Boxes

HAND_RADIUS = 0.10  # from the middle of a hand to its fingertips [m]
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class PartPaths:
    """Forecasts as arrays: k parts at n times ahead of the forecast's stamp.

    Attributes:
        owner: Track id of each part, k of them.
        is_hand: Whether each is a hand.
        ahead: n times, rising [s].
        position: Shape (k, n, 3) [m].
        deviation: Shape (k, n) [m].
    """

    owner: tuple[int, ...]
    is_hand: tuple[bool, ...]
    ahead: tuple[float, ...]
    position: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, forecasts: Sequence[PartForecast]) -> "PartPaths":
        """Gather forecasts.

        A part that lacks a time, or holds a number that is not finite, is left out.
        """
        ahead = sorted({item.ahead for item in forecasts})
        parts: dict[tuple[int, str], dict[float, PartForecast]] = {}
        for item in forecasts:
            if math.isfinite(item.deviation) and np.isfinite(item.position).all():
                parts.setdefault((item.track_id, item.part), {})[item.ahead] = item
        whole = {
            key: [times[time] for time in ahead]
            for key, times in parts.items()
            if len(times) == len(ahead)
        }
        shape = len(whole), len(ahead)
        rows = [item for row in whole.values() for item in row]
        return cls(
            owner=tuple(key[0] for key in whole),
            is_hand=tuple(key[1] != "body" for key in whole),
            ahead=tuple(ahead),
            position=np.array([item.position for item in rows], dtype=float).reshape(*shape, 3),
            deviation=np.array([item.deviation for item in rows], dtype=float).reshape(shape),
        )

    def move(self, age: float, horizon: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Parts now and their way within the horizon, at m times between which it is straight.

        Args:
            age: Time since the forecast's stamp [s].
            horizon: [s].

        Returns:
            Positions now, shape (k, 3) [m]; displacements, shape (k, m, 3) [m], the first 0;
            deviations, shape (k, m) [m], growing on beyond the last time as they did before it.
        """
        end = age + horizon
        knots = (min(max(knot, age), end) for knot in self.ahead[1:-1])
        weights = np.array([_between(time, self.ahead) for time in (age, *knots, end)])
        place = weights @ self.position
        return place[:, 0], place - place[:, :1], self.deviation @ weights.T


def _between(time: float, ahead: tuple[float, ...]) -> list[float]:
    """Weights of the times ahead that give a time; the last line goes on beyond them."""
    weights = [0.0] * len(ahead)
    left = len(ahead) - 2
    while left > 0 and time < ahead[left]:
        left -= 1
    part = (time - ahead[left]) / (ahead[left + 1] - ahead[left])
    weights[left], weights[left + 1] = 1.0 - part, part
    return weights


@lru_cache(maxsize=8)
def _rows(
    owner: tuple[int, ...], is_hand: tuple[bool, ...], people: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Parts of people who are there, bodies first; rows of their people; how many are bodies."""
    row = {person: i for i, person in enumerate(people)}
    used = [i for i, person in enumerate(owner) if person in row]
    used.sort(key=lambda i: is_hand[i])
    bodies = sum(not is_hand[i] for i in used)
    rows = np.array([row[owner[i]] for i in used], dtype=int)
    return np.array(used, dtype=int), rows, bodies


@lru_cache(maxsize=8)
def quantile(confidence: float) -> float:
    """Deviations above the expectation that are exceeded with probability 1 - confidence."""
    return NormalDist().inv_cdf(confidence)


def human_reach(
    paths: PartPaths,
    boxes: Boxes,
    centres: np.ndarray,
    *,
    horizon: float,
    age: float,
    confidence: float = CONFIDENCE,
) -> np.ndarray:
    """How much smaller the distance between each person's box and each sphere may become.

    A hand counts against the distance of the box too: one that is 0.3 m farther than the box must
    first come these 0.3 m. Who has no forecast has a reach of 0: use the assumed speed alone.

    Args:
        paths: Newest forecast.
        boxes: People now; p of them.
        centres: Shape (s, 3), sphere centres now [m].
        horizon: Time until the robot stands still [s].
        age: Time since the forecast's stamp [s].
        confidence: Share of motions that the reach shall hold, 0.5..1.

    Returns:
        Shape (p, s) [m], >= 0; rows in the order of ``boxes.people``.
    """
    people = tuple([person.id for person in boxes.people])
    used, rows, bodies = _rows(paths.owner, paths.is_hand, people)
    if not len(used) or len(paths.ahead) < 2:
        return np.zeros((len(people), len(centres)))
    place, way, deviation = paths.move(max(age, 0.0), horizon)
    margin = quantile(confidence) * deviation
    body, hand, hands = rows[:bodies], rows[bodies:], used[bodies:]
    # A body is an upright box ...
    across = np.ascontiguousarray(centres.T)
    apart = across - boxes.centre[:, :, None]  # (p, 3, s)
    half = boxes.half[:, :, None]
    apart -= np.minimum(np.maximum(apart, -half), half)
    squares = apart * apart
    squares = squares[:, 0] + squares[:, 1] + squares[:, 2]
    body_way = np.zeros((len(people), *way.shape[1:]))
    body_margin = np.zeros(body_way.shape[:2])
    body_way[body], body_margin[body] = way[used[:bodies]], margin[used[:bodies]]
    reach, distance = _closing(body_way @ apart, squares, body_margin)
    np.maximum(reach, 0.0, out=reach)
    if len(hand):  # ... and a hand a point.
        place, way = place[hands], way[hands]
        slope = way @ across - np.einsum("kmi,ki->km", way, place)[:, :, None]
        squares = np.einsum("is,is->s", across, across) - 2.0 * (place @ across)
        squares += np.einsum("ki,ki->k", place, place)[:, None]
        nearer, away = _closing(slope, np.maximum(squares, 0.0), margin[hands])
        nearer += distance[hand] - away + HAND_RADIUS
        for row, closes in zip(hand, nearer, strict=True):
            np.maximum(reach[row], closes, out=reach[row])
    return reach


def _closing(
    slope: np.ndarray, squares: np.ndarray, margin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Most that k parts come nearer at any of m times, and their distance, shapes (k, s) [m].

    Args:
        slope: Shape (k, m, s), way along the line to each sphere, times its length [m^2].
        squares: Shape (k, s), of that length [m^2].
        margin: Shape (k, m), what uncertainty adds [m].
    """
    distance = np.sqrt(squares)
    slope /= np.maximum(distance, 1e-6)[:, None]
    slope += margin[:, :, None]
    return np.maximum.reduce(slope, axis=1), distance
