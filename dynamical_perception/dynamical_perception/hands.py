"""Where a person's hands are: what reaches far from the body at the height of arms.

The trunk is where most points are; an arm that is stretched away from it ends in a hand. Arms that
hang or are folded lie within the body's own box and are not told apart from it. No picture is
classified: whatever else a person holds out (a tool, a sleeve) counts as the hand.
"""

from dataclasses import dataclass

import numpy as np

from dynamical_perception.motion import BodyFilter
from dynamical_perception.segments import Segment

LOWEST, HIGHEST = 0.60, 1.70  # where arms are looked for, above the floor [m]
REACH = 0.34  # an arm is stretched if it ends farther from the body's axis than this [m]
FARTHEST = 1.00  # nobody's hand is farther from the axis [m]

_TRUNK = 0.24  # radius around the axis within which points belong to the trunk [m]
_TRUNK_POINTS = 25  # fewer do not show where the trunk is
_TRUNK_DEPTH = 0.09  # a camera sees the near side: the axis lies this far behind it [m]
_TIP = 0.12  # points this near to the farthest one are the hand [m]
_TIP_POINTS = 4
_HALF_HAND = 0.025  # the middle of a hand lies behind what is seen of it [m]
_LINK = 0.12  # points nearer to each other than this belong to the same arm [m]
_NOISE = 0.03  # of one found hand, one standard deviation [m]
_ACCELERATION = 6.0  # of a hand, one standard deviation [m/s^2]
_START_SPEED = 1.0  # of a hand that is seen first, one standard deviation [m/s]
_SAME = 0.40  # a find farther from a known hand than this is another hand [m]
_TOLD = 0.25  # a hand that was not seen for longer is not told any more [s]


class BodyAxis:
    """The upright axis of one person's trunk, kept while only limbs are seen."""

    def __init__(self) -> None:
        self._axis: np.ndarray | None = None
        self._stamp = -np.inf

    def update(self, view: Segment) -> np.ndarray | None:
        """Axis as x, y, shape (2,) [m]; ``None`` while no view has shown the trunk."""
        points = view.points[view.points[:, 2] > LOWEST]
        if len(points) < _TRUNK_POINTS:
            return self._axis
        flat = points[:, :2]
        middle = np.median(flat, axis=0)
        near = np.ones(len(flat), bool)
        for _ in range(4):
            near = np.einsum("ij,ij->i", flat - middle, flat - middle) < _TRUNK**2
            if near.sum() < _TRUNK_POINTS:
                return self._axis
            middle = flat[near].mean(axis=0)
        # A lone arm is thin; a trunk is as high as it is wide, or higher.
        if np.ptp(np.percentile(points[near, 2], (5, 95))) < _TRUNK:
            return self._axis
        away = middle - view.eye[:2]
        axis: np.ndarray = middle + _TRUNK_DEPTH * away / max(float(np.linalg.norm(away)), 1e-6)
        if view.stamp >= self._stamp:
            self._axis, self._stamp = axis, view.stamp
        return axis


def find_hands(points: np.ndarray, axis: np.ndarray, eye: np.ndarray) -> list[np.ndarray]:
    """Ends of stretched arms in one view, at most two, the farthest first.

    Args:
        points: Shape (n, 3), of the person [m].
        axis: Shape (2,), x, y of the body's axis [m].
        eye: Shape (3,), the camera [m].

    Returns:
        Middle of each hand, shape (3,) [m].
    """
    height = points[:, 2]
    distance = np.linalg.norm(points[:, :2] - axis, axis=1)
    far = (height > LOWEST) & (height < HIGHEST) & (distance > REACH) & (distance < FARTHEST)
    if far.sum() < _TIP_POINTS:
        return []
    arms, distance = points[far], distance[far]
    found = []
    for limb in _limbs(arms):
        # The few farthest may be flying pixels: the end is where several points are.
        for index in limb[np.argsort(distance[limb])[::-1][: 4 * _TIP_POINTS]]:
            tip = arms[limb][np.linalg.norm(arms[limb] - arms[index], axis=1) < _TIP]
            if len(tip) >= _TIP_POINTS:
                found.append((float(distance[index]), tip.mean(axis=0)))
                break
    found.sort(key=lambda item: -item[0])
    ends: list[np.ndarray] = []
    for _, hand in found:
        if len(ends) < 2 and not any(_between(hand[:2], end[:2], axis) for end in ends):
            ends.append(hand)
    return [_behind(hand, eye) for hand in ends]


def _between(point: np.ndarray, end: np.ndarray, axis: np.ndarray) -> bool:
    """Whether a point lies on the way from the axis to the end of an arm, as its elbow does."""
    arm = end - axis
    length = float(np.linalg.norm(arm))
    along = float((point - axis) @ arm) / length
    across = abs(float(arm[0] * (point - axis)[1] - arm[1] * (point - axis)[0])) / length
    return along < length - _TIP / 2 and across < _TIP


def _limbs(points: np.ndarray) -> list[np.ndarray]:
    """Indices of the points of each connected group: one arm is one group."""
    apart = points[:, None] - points[None]
    near = np.einsum("ijk,ijk->ij", apart, apart) < _LINK**2
    left = np.ones(len(points), bool)
    groups = []
    while left.any():
        group = np.zeros(len(points), bool)
        group[left.argmax()] = True
        size = 0
        while size != (size := int(group.sum())):
            group |= near[group].any(axis=0)
        groups.append(np.flatnonzero(group))
        left &= ~group
    return [group for group in groups if len(group) >= _TIP_POINTS]


def _behind(hand: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """The middle of a hand whose near side was seen."""
    ray = hand - eye
    middle: np.ndarray = hand + _HALF_HAND * ray / max(float(np.linalg.norm(ray)), 1e-6)
    return middle


@dataclass(slots=True)
class _Hand:
    """One hand that is followed."""

    motion: BodyFilter
    seen: float


class Hands:
    """The hands of one person through time."""

    def __init__(self) -> None:
        self._axis = BodyAxis()
        self._hands: list[_Hand] = []

    def update(self, view: Segment) -> None:
        """Take in one view of the person."""
        axis = self._axis.update(view)
        if axis is None:
            return
        self._hands = [hand for hand in self._hands if view.stamp - hand.seen <= _TOLD]
        free = list(self._hands)
        noise = _NOISE**2 * np.eye(3)
        for place in find_hands(view.points, axis, view.eye):
            known = min(free, key=lambda hand: _distance(hand, place, view.stamp), default=None)
            if known is not None and _distance(known, place, view.stamp) < _SAME:
                free.remove(known)
                known.motion.update(place, noise, view.stamp)
                known.seen = max(known.seen, view.stamp)
            elif len(self._hands) < 2:
                self._hands.append(_Hand(_filter(place, noise, view.stamp), view.stamp))

    def positions(self, stamp: float) -> tuple[np.ndarray, ...]:
        """Hands seen of late, moved to ROS time ``stamp`` [s]; each of shape (3,) [m]."""
        return tuple(
            hand.motion.predict(stamp)[0][:3] for hand in self._hands if stamp - hand.seen <= _TOLD
        )


def _distance(hand: _Hand, place: np.ndarray, stamp: float) -> float:
    return float(np.linalg.norm(hand.motion.predict(stamp)[0][:3] - place))


def _filter(place: np.ndarray, noise: np.ndarray, stamp: float) -> BodyFilter:
    return BodyFilter(
        place,
        noise,
        stamp,
        acceleration=_ACCELERATION,
        start_speed=_START_SPEED,
        rests=False,
        jump=2 * _SAME,
    )
