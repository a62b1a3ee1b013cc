"""Random motions of the robot's upper body, as clips of where its link spheres are."""

import re
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.joints import JointLimits
from dynamical_safety.kinematics import RobotKinematics

STEP = 0.05  # between two moments of a clip, and of a simulated scene [s]
_AT_REST = 0.3  # share of clips in which the robot does nothing
_FASTEST = 2.0  # of any joint [rad/s]

# Where a working robot's joints are, as pattern -> lowest and highest position; all others stay at
# 0. Of the right arm's roll and yaw, the mirror image [rad].
_RANGES = {
    "waist_yaw": (-0.5, 0.5),
    "shoulder_pitch": (-1.4, 0.5),
    "shoulder_roll": (0.0, 0.7),
    "shoulder_yaw": (-0.6, 0.6),
    "elbow": (-0.6, 1.2),
    "wrist_(roll|pitch|yaw)": (-0.6, 0.6),
}


@dataclass(frozen=True, slots=True)
class Clips:
    """c motions of t moments.

    Attributes:
        centres: Shape (c, t, s, 3), of the spheres that cover the links [m].
        velocity: Shape (c, t, s, 3) [m/s].
    """

    centres: np.ndarray
    velocity: np.ndarray


def random_clips(
    kinematics: RobotKinematics,
    urdf: JointLimits,
    rng: np.random.Generator,
    *,
    count: int,
    moments: int,
) -> Clips:
    """Motions from posture to posture, each of minimum jerk, with rests in between."""
    low, high = np.zeros(len(urdf.names)), np.zeros(len(urdf.names))
    for index, name in enumerate(urdf.names):
        for pattern, (lowest, highest) in _RANGES.items():
            if re.search(pattern, name):
                mirrored = name.startswith("right") and re.search("shoulder_(roll|yaw)", name)
                low[index], high[index] = (-highest, -lowest) if mirrored else (lowest, highest)
    low, high = np.maximum(low, urdf.lower), np.minimum(high, urdf.upper)
    spheres = len(kinematics.spheres.links)
    centres = np.empty((count, moments + 1, spheres, 3), np.float32)
    for clip in range(count):
        for moment, position in enumerate(_motion(low, high, rng, moments + 1)):
            centres[clip, moment] = kinematics.centres(position)
    return Clips(centres[:, 1:], np.diff(centres, axis=1) / STEP)


def _motion(
    low: np.ndarray, high: np.ndarray, rng: np.random.Generator, moments: int
) -> np.ndarray:
    """Joint positions, shape (moments, n) [rad]."""
    here = rng.uniform(low, high)
    if rng.random() < _AT_REST:
        return np.tile(here, (moments, 1))
    path: list[np.ndarray] = []
    while len(path) < moments:
        path += [here] * int(rng.choice((0, 1, 4, 20)))
        there = rng.uniform(low, high)
        if rng.random() < 0.5:  # one arm works, the other waits
            still = rng.random(len(here)) < 0.5
            there = np.where(still, here, there)
        # A motion of minimum jerk is at its fastest 1.875 times as fast as on average.
        farthest = max(float(np.abs(there - here).max()), 0.1)
        steps = int(np.ceil(1.875 * farthest / (rng.uniform(0.5, _FASTEST) * STEP)))
        part = np.linspace(0.0, 1.0, steps + 1)[1:, None]
        path.extend(here + (there - here) * (part**3 * (10 - 15 * part + 6 * part**2)))
        here = there
    return np.array(path[:moments])
