"""Time scaling: a path through joint space becomes a smooth trajectory within limits.

The path is a cubic spline through knots. It is followed with minimum-jerk timing, so that it
starts and ends at rest with no acceleration, and takes as long as its fastest joint needs.
Source: T. Flash, N. Hogan, The coordination of arm movements, 1985 (minimum jerk).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from dynamical_skills.policies.policy import Trajectory

PERIOD = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionLimits:
    """Limits a planned motion keeps to, well inside those of the safety gate.

    Attributes:
        arm_velocity: Of arms and fingers [rad/s].
        waist_velocity: Of the waist [rad/s].
        acceleration: Of every joint [rad/s^2].
    """

    arm_velocity: float = 1.5
    waist_velocity: float = 0.9
    acceleration: float = 6.0

    def velocities(self, names: Sequence[str]) -> np.ndarray:
        """Shape (m,), velocity limit of each joint named [rad/s]."""
        return np.array(
            [
                self.waist_velocity if name.startswith("waist") else self.arm_velocity
                for name in names
            ]
        )

    def slowed(self, share: float) -> "MotionLimits":
        """The same path at a share of the speed, 0..1."""
        return MotionLimits(
            arm_velocity=self.arm_velocity * share,
            waist_velocity=self.waist_velocity * share,
            acceleration=self.acceleration * share,
        )


def time_scaled(
    knots: np.ndarray,
    names: Sequence[str],
    *,
    limits: MotionLimits,
    shortest: float = 0.3,
) -> Trajectory:
    """Follow a path through joint space as fast as the limits allow.

    Args:
        knots: Shape (k, m), k >= 1; the first row is where the joints are now [rad].
        names: The m joints.
        limits: Velocity and acceleration limits.
        shortest: Duration below which no motion is made [s].
    """
    velocity_limit = limits.velocities(names)
    path, abscissa = _distinct(np.asarray(knots, dtype=float), velocity_limit)
    if len(path) == 1:
        samples = round(shortest / PERIOD) + 1
        return Trajectory(
            joint_names=tuple(names),
            period=PERIOD,
            position=np.repeat(path, samples, axis=0),
            velocity=np.zeros((samples, path.shape[1])),
        )
    spline = CubicSpline(abscissa, path, bc_type="natural" if len(path) > 2 else "not-a-knot")
    u = np.linspace(0.0, 1.0, 201)
    s, s1, s2 = _minimum_jerk(u)
    first = spline(s, 1)
    speed = first * s1[:, None]
    acceleration = spline(s, 2) * (s1**2)[:, None] + first * s2[:, None]
    duration = max(
        float((np.abs(speed) / velocity_limit).max()),
        float(np.sqrt(np.abs(acceleration).max() / limits.acceleration)),
        shortest,
    )
    samples = int(np.ceil(duration / PERIOD)) + 1
    u = np.linspace(0.0, 1.0, samples)
    s, s1, _ = _minimum_jerk(u)
    position = spline(s)
    position[-1] = path[-1]
    return Trajectory(
        joint_names=tuple(names),
        period=PERIOD,
        position=position,
        velocity=spline(s, 1) * (s1 / (PERIOD * (samples - 1)))[:, None],
    )


def merged(first: Trajectory, second: Trajectory) -> Trajectory:
    """Two trajectories over different joints side by side; the shorter one rests at its end."""
    samples = max(len(first.position), len(second.position))

    def extended(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
        missing = samples - len(trajectory.position)
        return (
            np.vstack([trajectory.position, np.repeat(trajectory.position[-1:], missing, axis=0)]),
            np.vstack([trajectory.velocity, np.zeros((missing, trajectory.velocity.shape[1]))]),
        )

    (position_a, velocity_a), (position_b, velocity_b) = extended(first), extended(second)
    return replace(
        first,
        joint_names=first.joint_names + second.joint_names,
        position=np.hstack([position_a, position_b]),
        velocity=np.hstack([velocity_a, velocity_b]),
    )


def slowed(trajectory: Trajectory, share: float) -> Trajectory:
    """The same way at a share of the speed, 0 < share <= 1; acceleration falls with its square."""
    if share >= 1.0 or len(trajectory.position) < 2:
        return trajectory
    before = trajectory.period * np.arange(len(trajectory.position))
    count = int(np.ceil(trajectory.duration / share / trajectory.period)) + 1
    exact = trajectory.duration / (trajectory.period * (count - 1))
    at = np.minimum(exact * trajectory.period * np.arange(count), before[-1])
    way = CubicHermiteSpline(before, trajectory.position, trajectory.velocity)
    gripper = trajectory.gripper
    return replace(
        trajectory,
        position=way(at),
        velocity=exact * way(at, 1),
        gripper=np.interp(at, before, gripper) if len(gripper) else gripper,
    )


def _minimum_jerk(u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of the way, and its first and second derivative by u = t / duration."""
    return (
        u**3 * (10 - 15 * u + 6 * u**2),
        30 * u**2 * (1 - u) ** 2,
        60 * u * (1 - u) * (1 - 2 * u),
    )


def _distinct(knots: np.ndarray, velocity_limit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots that differ, and how far along each lies (0..1) by the time joints need."""
    kept, along = [knots[0]], [0.0]
    for number, knot in enumerate(knots[1:], start=1):
        step = float((np.abs(knot - kept[-1]) / velocity_limit).max())
        if step > 1e-3:
            kept.append(knot)
            along.append(along[-1] + step)
        elif number == len(knots) - 1 and len(kept) > 1:
            kept[-1] = knot
    abscissa = np.asarray(along)
    return np.asarray(kept), abscissa / abscissa[-1] if len(kept) > 1 else abscissa
