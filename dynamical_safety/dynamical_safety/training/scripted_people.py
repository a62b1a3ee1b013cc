"""Scripted people around a robot: where they walk, and what they reach for.

A person is an upright capsule with two arms that walks towards one goal and then another: to the
robot, past it, away from it, or nowhere; starts suddenly or late; and may reach out. Source of
walking speeds: ISO 13855:2010, 1.6 m/s.
"""

from dataclasses import dataclass

import numpy as np

from dynamical_safety.training.arm_motions import STEP

MOMENTS = 140  # of one scene, 7 s
ARM_RADIUS = 0.05  # [m]

_SHOULDER, _ARM = 1.40, 0.68  # [m]


@dataclass(frozen=True, slots=True)
class People:
    """True figures of e people over t moments. Frame: odom.

    Attributes:
        place: Shape (e, t, 2), of the body's axis [m].
        radius: Shape (e,), of the trunk [m].
        height: Shape (e,) [m].
        shoulders: Shape (e, t, 2, 3) [m].
        hands: Shape (e, t, 2, 3) [m].
    """

    place: np.ndarray
    radius: np.ndarray
    height: np.ndarray
    shoulders: np.ndarray
    hands: np.ndarray


def random_people(target: np.ndarray, rng: np.random.Generator) -> People:
    """Scenes of all kinds.

    Args:
        target: Shape (e, 3), a point of the robot that a reach may go for [m].
        rng: Source of all chance.
    """
    count = len(target)
    place, heading, speed = _walks(count, rng)
    radius, height = rng.uniform(0.15, 0.22, count), rng.uniform(1.55, 1.95, count)
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=2)
    side = np.stack([-ahead[..., 1], ahead[..., 0]], axis=2)
    shoulders = np.empty((count, MOMENTS, 2, 3))
    hands = np.empty_like(shoulders)
    shoulder_height = _SHOULDER * height / 1.75
    swing = 0.25 * np.minimum(speed, 1.0) * np.sin(2.0 * np.pi * np.cumsum(speed, 1) * STEP / 1.3)
    for arm, sign in enumerate((1.0, -1.0)):
        shoulders[:, :, arm, :2] = place + sign * (radius + 0.03)[:, None, None] * side
        shoulders[:, :, arm, 2] = shoulder_height[:, None]
        hands[:, :, arm, :2] = (
            place
            + sign * (radius + 0.06)[:, None, None] * side
            + (0.08 + sign * swing)[..., None] * ahead
        )
        hands[:, :, arm, 2] = shoulder_height[:, None] - 0.58
    _reach(shoulders, hands, target, ahead, rng)
    return People(place, radius, height, shoulders, hands)


def _walks(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (e, t, 2) [m], headings (e, t) [rad] and speeds (e, t) [m/s] of walks."""
    kind = rng.choice(6, size=count, p=(0.26, 0.20, 0.16, 0.18, 0.10, 0.10))
    bearing = rng.uniform(-np.pi, np.pi, count)

    def polar(distance: np.ndarray, angle: np.ndarray) -> np.ndarray:
        return np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)

    near = polar(rng.uniform(0.55, 1.7, count), bearing + rng.normal(0.0, 0.5, count))
    # A few walk on into the robot itself.
    near[rng.random(count) < 0.2] *= 0.2
    far = polar(rng.uniform(1.5, 4.5, count), bearing)
    close = polar(rng.uniform(0.7, 2.2, count), bearing)
    across = polar(rng.uniform(1.5, 4.5, count), bearing + np.pi + rng.normal(0.0, 0.6, count))
    away = polar(rng.uniform(1.5, 4.5, count), bearing + rng.normal(0.0, 0.8, count))
    pick = kind[:, None]
    # 0 walk up, 1 pass by, 2 come and turn, 3 start from standing, 4 stand, 5 stand and leave
    start = np.where(pick < 3, far, close)
    first = np.choose(np.minimum(pick, 3), [near, across, near, start])
    second = np.choose(pick, [near, across, away, near, start, away])
    # Who passes by keeps clear of the robot more or less.
    shift = rng.uniform(-2.0, 2.0, count)[:, None] * np.stack(
        [-np.sin(bearing), np.cos(bearing)], axis=1
    )
    start, first, second = (
        np.where(pick == 1, values + shift, values) for values in (start, first, second)
    )
    change = rng.uniform(0.5, 4.5, count)
    pace = rng.uniform((0.4, 0.4), (1.7, 2.0), (count, 2))
    agility = rng.uniform(1.0, 4.0, count)
    begin = np.where(rng.random(count) < 0.6, 0.0, rng.uniform(0.0, 2.0, count))
    place, heading, speed = _steer(start, first, second, change, pace, agility, begin, rng)
    return place, heading, speed


def _steer(
    start: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    change: np.ndarray,
    pace: np.ndarray,
    agility: np.ndarray,
    begin: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Walk to the first goal until ``change``, then to the second, with bounded acceleration."""
    count = len(start)
    place = start.copy()
    # Already under way, unless the walk begins later.
    moving = (begin == 0.0)[:, None] * pace[:, :1]
    gap = first - start
    velocity = moving * gap / np.maximum(np.linalg.norm(gap, axis=1, keepdims=True), 0.3)
    heading = np.arctan2(-start[:, 1], -start[:, 0])
    sway = rng.uniform(0.0, 0.06, count)
    places, headings = np.empty((count, MOMENTS, 2)), np.empty((count, MOMENTS))
    speeds = np.empty((count, MOMENTS))
    for t in range(MOMENTS):
        now = t * STEP
        later = now >= change
        goal = np.where(later[:, None], second, first)
        top = np.where(later, pace[:, 1], pace[:, 0]) * (now >= begin)
        gap = goal - place
        distance = np.linalg.norm(gap, axis=1)
        # The speed from which the rest of the way suffices to stop.
        wanted = np.minimum(top, np.sqrt(2.0 * 0.8 * agility * distance))
        aim = wanted[:, None] * gap / np.maximum(distance, 1e-6)[:, None]
        aim += sway[:, None] * rng.normal(size=(count, 2))
        turn = aim - velocity
        size = np.linalg.norm(turn, axis=1)
        share = np.minimum(1.0, agility * STEP / np.maximum(size, 1e-9))
        velocity = velocity + share[:, None] * turn
        place = place + STEP * velocity
        speed = np.linalg.norm(velocity, axis=1)
        # Who stands faces the robot, who walks looks ahead; both turn at most 4 rad/s.
        ahead = np.where((speed > 0.15)[:, None], velocity, -place)
        turn_to = np.arctan2(ahead[:, 1], ahead[:, 0])
        difference = (turn_to - heading + np.pi) % (2.0 * np.pi) - np.pi
        heading = heading + np.clip(difference, -4.0 * STEP, 4.0 * STEP)
        places[:, t], headings[:, t], speeds[:, t] = place, heading, speed
    return places, headings, speeds


def _reach(
    shoulders: np.ndarray,
    hands: np.ndarray,
    target: np.ndarray,
    ahead: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Let some stretch an arm out, to the robot or just ahead, hold it, and take it back."""
    count = len(hands)
    arm = rng.integers(2, size=count)
    rows = np.arange(count)
    begin = rng.uniform(0.0, 6.0, count)[:, None]
    duration, hold = rng.uniform(0.45, 1.2, (count, 1)), rng.uniform(0.1, 2.0, (count, 1))
    time = np.arange(MOMENTS) * STEP
    extent = _minimum_jerk((time - begin) / duration) - _minimum_jerk(
        (time - begin - duration - hold) / duration
    )
    extent *= (rng.random(count) < 0.45)[:, None]
    base = shoulders[rows, :, arm]
    somewhere = base.copy()
    somewhere[:, :, :2] += ahead + rng.normal(0.0, 0.3, (count, 1, 2))
    somewhere[:, :, 2] += rng.uniform(-0.6, 0.1, (count, 1))
    wanted = np.where(
        (rng.random(count) < 0.5)[:, None, None],
        target[:, None] + rng.normal(0.0, 0.08, (count, 1, 3)),
        somewhere,
    )
    way = wanted - base
    length = np.linalg.norm(way, axis=2, keepdims=True)
    way *= np.minimum(1.0, _ARM / np.maximum(length, 1e-6))
    hanging = hands[rows, :, arm]
    hands[rows, :, arm] = hanging + extent[..., None] * (base + way - hanging)


def _minimum_jerk(part: np.ndarray) -> np.ndarray:
    """Share of the way after a share of the time (Flash and Hogan 1985)."""
    t = np.clip(part, 0.0, 1.0)
    rising: np.ndarray = t**3 * (10.0 - 15.0 * t + 6.0 * t**2)
    return rising
