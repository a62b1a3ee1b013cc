"""Blends motions in one action space: joint positions, each with a precision per joint.

A skill's motion is a distribution over joint positions: its mean is the trajectory, its precision
says how much each joint matters to it. A blend is the product of the distributions: on a joint that
one motion alone moves it is that motion; on a joint that several move it is their mean, weighted by
precision. Means of motions that begin in the same place begin there too, and a weighted mean lies
within the hull of what is mixed, so joint limits kept by each are kept by the blend.

Source: G. E. Hinton, Training products of experts by minimizing contrastive divergence, 2002
(for Gaussian experts the product's mean is the precision-weighted mean).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dynamical_skills.policies.policy import Trajectory
from dynamical_skills.streaming import PERIOD, resampled


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedMotion:
    """One motion that goes into a blend.

    Attributes:
        trajectory: Its mean.
        weight: Precision of every joint that ``precision`` does not name, > 0.
        precision: Joint -> precision, >= 0; 0 leaves the joint to the others.
    """

    trajectory: Trajectory
    weight: float = 1.0
    precision: Mapping[str, float] = field(default_factory=dict)

    def of(self, joint: str) -> float:
        """Precision of one joint."""
        return self.precision.get(joint, self.weight)


def blended(motions: Sequence[WeightedMotion], *, aligned: bool = True) -> Trajectory:
    """One trajectory of all joints that any of the motions moves.

    Args:
        motions: At least one; all begin now.
        aligned: Bring them to the same duration, the longest: the others are slowed down, so that
            they arrive together. Without it the shorter ones rest at their ends.

    Raises:
        ValueError: If there is no motion, a trajectory is not valid, or a precision is negative.
    """
    if not motions:
        raise ValueError("a blend of no motions")
    if any(motion.of(name) < 0.0 for motion in motions for name in motion.trajectory.joint_names):
        raise ValueError("a precision is negative, must be 0 or more")
    longest = max(motion.trajectory.duration for motion in motions)
    parts = [
        stretched(motion.trajectory, longest) if aligned else resampled(motion.trajectory)
        for motion in motions
    ]
    names = tuple(
        dict.fromkeys(
            name
            for motion in motions
            for name in motion.trajectory.joint_names
            if motion.of(name) > 0.0
        )
    )
    count = max(len(part.position) for part in parts)
    position = np.zeros((count, len(names)))
    velocity = np.zeros((count, len(names)))
    total = np.zeros(len(names))
    column = {name: place for place, name in enumerate(names)}
    for motion, part in zip(motions, parts, strict=True):
        ours = [place for place, name in enumerate(part.joint_names) if name in column]
        columns = [column[part.joint_names[place]] for place in ours]
        precision = np.array([motion.of(part.joint_names[place]) for place in ours])
        grown = held_to(part, count)
        position[:, columns] += precision * grown.position[:, ours]
        velocity[:, columns] += precision * grown.velocity[:, ours]
        total[columns] += precision
    first = parts[0]
    leader = max(parts, key=lambda part: (part.goal is not None, part.duration))
    gripper = next((part for part in parts if len(part.gripper) == len(part.position)), None)
    return replace(
        first,
        joint_names=names,
        period=PERIOD,
        position=position / total,
        velocity=velocity / total,
        gripper=held_to(gripper, count).gripper if gripper is not None else np.empty(0),
        goal=leader.goal,
        hand=leader.hand,
        phase="+".join(dict.fromkeys(part.phase for part in parts)),
        settle=max(part.settle for part in parts),
    )


def held_to(trajectory: Trajectory, count: int) -> Trajectory:
    """The trajectory with rest at its end up to ``count`` samples."""
    missing = count - len(trajectory.position)
    if missing <= 0:
        return trajectory
    gripper = trajectory.gripper
    if len(gripper) == len(trajectory.position):
        gripper = np.append(gripper, np.full(missing, gripper[-1]))
    return replace(
        trajectory,
        position=np.vstack(
            [trajectory.position, np.repeat(trajectory.position[-1:], missing, axis=0)]
        ),
        velocity=np.vstack(
            [trajectory.velocity, np.zeros((missing, len(trajectory.joint_names)))]
        ),
        gripper=gripper,
    )


def stretched(trajectory: Trajectory, duration: float) -> Trajectory:
    """The same path in a longer time [s], sampled at ``PERIOD``."""
    if trajectory.duration <= 0.0 or duration <= trajectory.duration + 1e-9:
        return resampled(trajectory)
    slower = duration / trajectory.duration
    return resampled(
        replace(
            trajectory, period=trajectory.period * slower, velocity=trajectory.velocity / slower
        )
    )


def remaining(trajectory: Trajectory, since: float) -> Trajectory:
    """What is left of a motion after ``since`` seconds of it, sampled at its own period.

    Begins exactly where the motion is then, with the velocity it has then; the last sample is its
    end, reached at most one period later than planned.
    """
    if since <= 0.0:
        return trajectory
    last = len(trajectory.position) - 1
    times = np.append(
        np.arange(since, trajectory.duration - 1e-9, trajectory.period), trajectory.duration
    )
    if len(times) == 1:
        rows = slice(last, last + 1)
        return replace(
            trajectory,
            position=trajectory.position[rows],
            velocity=np.zeros((1, len(trajectory.joint_names))),
            gripper=trajectory.gripper[-1:],
        )
    place = np.minimum((times / trajectory.period).astype(int), last - 1)
    share = (times / trajectory.period - place)[:, None]
    p0, p1 = trajectory.position[place], trajectory.position[place + 1]
    v0 = trajectory.velocity[place] * trajectory.period
    v1 = trajectory.velocity[place + 1] * trajectory.period
    a, b = 2 * p0 - 2 * p1 + v0 + v1, -3 * p0 + 3 * p1 - 2 * v0 - v1
    gripper = trajectory.gripper
    if len(gripper) == last + 1:
        gripper = np.interp(times, np.arange(last + 1) * trajectory.period, gripper)
    velocity = ((3 * a * share + 2 * b) * share + v0) / trajectory.period
    velocity[-1] = 0.0
    return replace(
        trajectory,
        position=((a * share + b) * share + v0) * share + p0,
        velocity=velocity,
        gripper=gripper,
    )


def restricted(trajectory: Trajectory, joints: Sequence[str]) -> Trajectory:
    """The part of a motion that concerns these joints."""
    kept = [place for place, name in enumerate(trajectory.joint_names) if name in joints]
    return replace(
        trajectory,
        joint_names=tuple(trajectory.joint_names[place] for place in kept),
        position=trajectory.position[:, kept],
        velocity=trajectory.velocity[:, kept],
    )
