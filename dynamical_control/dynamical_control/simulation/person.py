"""A scripted person: a figure of capsules that walks along a path, swinging arms and legs.

Told to, it stretches a straight arm towards a point, standing or walking.

It is moved, not simulated: nothing pushes it, and it pushes nothing; distances to it are exact.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from dynamical_control.errors import SceneError

MAX_SPEED = 2.0
HIP, SHOULDER = 0.88, 1.40
# Far below the floor: where the person waits while absent.
ABSENT = (0.0, 0.0, -20.0)

LEFT, RIGHT = 1, -1
_HAND = (0.055, 0.02, -0.59)  # middle of a left hand, in the frame of its arm [m]
MAX_REACH_TIME = 10.0  # [s]

_STRIDE = 1.3  # length of two steps [m]
_SWING = 0.42  # largest angle of a leg from the vertical at walking speed [rad]


@dataclass(frozen=True, slots=True)
class Capsule:
    """One capsule (or a sphere where both ends meet), ends in the frame of its part [m]."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float
    rgba: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Part:
    """One rigid part of the person.

    Attributes:
        name: Body name in the scene.
        joint: Where it hangs on the person, in the person's frame (x ahead, z up from the floor)
            [m].
        swing: Sign and size of its swing relative to a leg's.
        capsules: Its shape, relative to ``joint``.
    """

    name: str
    joint: tuple[float, float, float]
    swing: float
    capsules: tuple[Capsule, ...]


_SKIN = (0.84, 0.62, 0.48, 1.0)
_HAIR = (0.20, 0.14, 0.10, 1.0)
_SHIRT = (0.93, 0.60, 0.13, 1.0)
_TROUSERS = (0.20, 0.25, 0.36, 1.0)
_SHOES = (0.12, 0.12, 0.13, 1.0)


def _leg(name: str, side: float, swing: float) -> Part:
    return Part(
        name,
        (0.0, 0.095 * side, HIP),
        swing,
        (
            Capsule((0.0, 0.0, 0.0), (0.0, 0.0, -0.42), 0.080, _TROUSERS),
            Capsule((0.0, 0.0, -0.42), (0.0, 0.0, -0.78), 0.060, _TROUSERS),
            Capsule((-0.04, 0.0, -0.835), (0.14, 0.0, -0.835), 0.045, _SHOES),
        ),
    )


def _arm(name: str, side: float, swing: float) -> Part:
    return Part(
        name,
        (0.0, 0.215 * side, SHOULDER),
        swing,
        (
            Capsule((0.0, 0.0, 0.0), (0.0, 0.02 * side, -0.28), 0.050, _SHIRT),
            Capsule((0.0, 0.02 * side, -0.28), (0.04, 0.02 * side, -0.52), 0.040, _SKIN),
            Capsule((0.05, 0.02 * side, -0.56), (0.06, 0.02 * side, -0.62), 0.042, _SKIN),
        ),
    )


PARTS: tuple[Part, ...] = (
    Part(
        "person",
        (0.0, 0.0, 0.0),
        0.0,
        (
            Capsule((0.0, -0.07, 0.93), (0.0, 0.07, 0.93), 0.110, _TROUSERS),
            Capsule((0.0, 0.0, 1.02), (0.0, 0.0, 1.30), 0.145, _SHIRT),
            Capsule((0.0, -0.13, 1.37), (0.0, 0.13, 1.37), 0.085, _SHIRT),
            Capsule((0.0, 0.0, 1.44), (0.0, 0.0, 1.50), 0.055, _SKIN),
            Capsule((0.015, 0.0, 1.58), (0.015, 0.0, 1.60), 0.095, _SKIN),
            Capsule((-0.015, 0.0, 1.62), (-0.015, 0.0, 1.63), 0.098, _HAIR),
        ),
    ),
    _leg("person_left_leg", 1.0, 1.0),
    _leg("person_right_leg", -1.0, -1.0),
    _arm("person_left_arm", 1.0, -0.7),
    _arm("person_right_arm", -1.0, 0.7),
)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one arm is stretched out at one moment.

    Attributes:
        side: ``LEFT`` or ``RIGHT``.
        target: Point the arm turns to, x, y, z [m].
        extent: 0 = it hangs, or swings, as always; 1 = it points at the target.
    """

    side: int
    target: tuple[float, float, float]
    extent: float


@dataclass(frozen=True, slots=True)
class Stance:
    """Where the person is.

    Attributes:
        x: [m].
        y: [m].
        heading: Direction it faces [rad], 0 = along +x.
        phase: Distance walked so far [m], drives the swing.
        moving: Whether it walks.
        reach: The arm it stretches out, if any.
    """

    x: float
    y: float
    heading: float
    phase: float
    moving: bool
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """A reach as it was asked for; times [s]."""

    target: tuple[float, float, float]
    side: int
    start: float
    duration: float
    hold: float

    def extent(self, now: float) -> float:
        """0 before and after, 1 while it is held; in between of minimum jerk."""
        out = (now - self.start) / self.duration
        back = (now - self.start - self.duration - self.hold) / self.duration
        return _minimum_jerk(out) - _minimum_jerk(back)


def _minimum_jerk(part: float) -> float:
    """Share of the way after a share of the time, 0..1.

    Source: Flash and Hogan 1985, the smoothest motion from rest to rest.
    """
    t = min(1.0, max(0.0, part))
    return t**3 * (10.0 - 15.0 * t + 6.0 * t**2)


class Person:
    """Walks along a path at constant speed and stays at its end.

    Times are any clock that only grows [s], the same one in all calls.
    """

    def __init__(self) -> None:
        self._path: list[tuple[float, float]] = []
        self._leave = 0.0
        self._speed = 1.0
        self._dwell = 0.0
        self._plan: _Plan | None = None

    @property
    def present(self) -> bool:
        """Whether the person is in the scene."""
        return bool(self._path)

    def walk(
        self, waypoints: list[tuple[float, float]], *, speed: float, dwell: float, now: float
    ) -> None:
        """Start along a path; from where it stands if present, else it appears at the first point.

        Args:
            waypoints: Points on the floor x, y [m]; empty = leave the scene at once.
            speed: [m/s].
            dwell: Time to stay at each point [s].
            now: Time of the start [s].

        Raises:
            SceneError: If a number is not finite or out of range.
        """
        if not waypoints:
            self._path, self._plan = [], None
            return
        if not 0.0 < speed <= MAX_SPEED:
            raise SceneError(f"walking speed is {speed} m/s; it must be in (0, {MAX_SPEED}]")
        if not (math.isfinite(dwell) and dwell >= 0.0):
            raise SceneError(f"dwell is {dwell} s; it must be 0 or more")
        if not all(math.isfinite(x) and math.isfinite(y) for x, y in waypoints):
            raise SceneError(f"waypoints {waypoints} hold a number that is not finite")
        path = list(waypoints)
        if self.present:
            here = self.stance(now)
            path.insert(0, (here.x, here.y))
            now -= dwell  # it does not wait where it happens to stand
        self._path, self._speed, self._dwell, self._leave = path, speed, dwell, now

    def reach(
        self,
        target: tuple[float, float, float],
        *,
        now: float,
        duration: float = 0.65,
        hold: float = 1.0,
        side: int = 0,
    ) -> None:
        """Stretch an arm towards a point, hold it there, and take it back; legs go on as told.

        The arm is straight: its hand ends an arm's length from the shoulder, on the line to the
        point.

        Args:
            target: x, y, z [m].
            now: Time of the start [s].
            duration: Time to get there, and the same to come back [s].
            hold: Time the arm stays there [s].
            side: ``LEFT``, ``RIGHT``; 0 = the arm whose shoulder is nearer to the target now.

        Raises:
            SceneError: If the person is absent, or a number is not finite or out of range.
        """
        if not all(math.isfinite(value) for value in target):
            raise SceneError(f"reach target {target} holds a number that is not finite")
        if not 0.1 <= duration <= MAX_REACH_TIME:
            raise SceneError(f"reach takes {duration} s; it must be in [0.1, {MAX_REACH_TIME}]")
        if not (math.isfinite(hold) and hold >= 0.0):
            raise SceneError(f"reach is held for {hold} s; it must be 0 or more")
        if side not in (LEFT, RIGHT, 0):
            raise SceneError(f"reach side is {side}; it must be {LEFT}, {RIGHT} or 0")
        stance = self.stance(now)
        if side == 0:
            # Across the heading, left is positive.
            ahead_x, ahead_y = math.cos(stance.heading), math.sin(stance.heading)
            across = ahead_x * (target[1] - stance.y) - ahead_y * (target[0] - stance.x)
            side = LEFT if across >= 0.0 else RIGHT
        self._plan = _Plan(target, side, now, duration, hold)

    def stance(self, now: float) -> Stance:
        """Where the person is at a time.

        Raises:
            SceneError: If the person is absent.
        """
        stance = self._standing(now)
        extent = 0.0 if self._plan is None else self._plan.extent(now)
        if self._plan is None or extent <= 0.0:
            return stance
        return replace(stance, reach=Reach(self._plan.side, self._plan.target, extent))

    def _standing(self, now: float) -> Stance:
        """Where its feet are."""
        if not self._path:
            raise SceneError("the person is not in the scene")
        rest = max(0.0, now - self._leave)
        walked, heading = 0.0, self._first_heading()
        x, y = self._path[0]
        for target_x, target_y in self._path[1:]:
            length = math.hypot(target_x - x, target_y - y)
            if length > 1e-9:
                if rest <= self._dwell:
                    return Stance(x, y, heading, walked, moving=False)
                rest -= self._dwell
                heading = math.atan2(target_y - y, target_x - x)
                step = rest * self._speed
                if step < length:
                    part = step / length
                    x, y = x + part * (target_x - x), y + part * (target_y - y)
                    return Stance(x, y, heading, walked + step, moving=True)
                rest -= length / self._speed
                walked += length
            x, y = target_x, target_y
        return Stance(x, y, heading, walked, moving=False)

    def _first_heading(self) -> float:
        """Along the path; a person that only stands faces the robot at the origin."""
        x, y = self._path[0]
        for target_x, target_y in self._path[1:]:
            if math.hypot(target_x - x, target_y - y) > 1e-9:
                return math.atan2(target_y - y, target_x - x)
        return math.atan2(-y, -x)


def part_poses(stance: Stance | None) -> tuple[np.ndarray, np.ndarray]:
    """Poses of all parts.

    Args:
        stance: Where the person is; ``None`` = absent.

    Returns:
        Positions, shape (parts, 3) [m], and quaternions w x y z, shape (parts, 4).
    """
    positions = np.tile(np.array(ABSENT), (len(PARTS), 1))
    quaternions = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (len(PARTS), 1))
    if stance is None:
        return positions, quaternions
    cosine, sine = math.cos(stance.heading), math.sin(stance.heading)
    angle = _SWING * math.sin(2.0 * math.pi * stance.phase / _STRIDE) if stance.moving else 0.0
    for i, part in enumerate(PARTS):
        x, y, z = part.joint
        positions[i] = (stance.x + cosine * x - sine * y, stance.y + sine * x + cosine * y, z)
        # Turn about z by the heading, then about the part's own y by its swing.
        half_z, half_y = stance.heading / 2.0, part.swing * angle / 2.0
        cz, sz, cy, sy = math.cos(half_z), math.sin(half_z), math.cos(half_y), math.sin(half_y)
        quaternions[i] = (cz * cy, -sz * sy, cz * sy, sz * cy)
    if stance.reach is not None:
        arm = _ARMS[stance.reach.side]
        quaternions[arm] = _stretched(quaternions[arm], positions[arm], stance.reach)
    return positions, quaternions


_ARMS = {
    LEFT: [part.name for part in PARTS].index("person_left_arm"),
    RIGHT: [part.name for part in PARTS].index("person_right_arm"),
}


def hand_position(stance: Stance, side: int) -> np.ndarray:
    """Where the middle of a hand is, shape (3,) [m].

    Args:
        stance: Where the person is.
        side: ``LEFT`` or ``RIGHT``.
    """
    positions, quaternions = part_poses(stance)
    arm = _ARMS[side]
    hand: np.ndarray = positions[arm] + _turned(quaternions[arm], _hand(side))
    return hand


def _hand(side: int) -> np.ndarray:
    return np.array([_HAND[0], side * _HAND[1], _HAND[2]])


def _turned(quaternion: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """A vector turned by a unit quaternion w x y z."""
    twice = 2.0 * np.cross(quaternion[1:], vector)
    turned: np.ndarray = vector + quaternion[0] * twice + np.cross(quaternion[1:], twice)
    return turned


def _stretched(quaternion: np.ndarray, shoulder: np.ndarray, reach: Reach) -> np.ndarray:
    """Orientation of an arm on its way to the target, a quaternion w x y z."""
    hanging = _turned(quaternion, _hand(reach.side))
    hanging = hanging / np.linalg.norm(hanging)
    wanted = np.array(reach.target) - shoulder
    distance = float(np.linalg.norm(wanted))
    if distance < 1e-6:
        return quaternion
    wanted = wanted / distance
    axis = np.cross(hanging, wanted)
    sine = float(np.linalg.norm(axis))
    # Straight up from straight down: over the front or the side are the same to us.
    axis = axis / sine if sine > 1e-9 else np.array([0.0, 1.0, 0.0])
    half = 0.5 * reach.extent * math.atan2(sine, float(hanging @ wanted))
    w, v = math.cos(half), math.sin(half) * axis
    return np.concatenate(
        (
            [w * quaternion[0] - v @ quaternion[1:]],
            w * quaternion[1:] + quaternion[0] * v + np.cross(v, quaternion[1:]),
        )
    )
