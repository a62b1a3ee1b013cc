"""Action chunks as a trajectory that can be sampled at any time.

Chunks of one trajectory lie on one grid: sample i of the trajectory applies at i * period. A later chunk may
extend the trajectory or revise what has not been executed yet.
"""

from dataclasses import dataclass

import numpy as np


class ChunkError(ValueError):
    """A chunk cannot be executed; the sentence says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One action chunk as plain values.

    Attributes:
        trajectory_id: Trajectory it belongs to, > 0.
        skill_id: Skill that made it.
        start_time: ROS time at which the trajectory's first point applies [s].
        offset: Trajectory time of the first point here [s].
        period: Time between points [s].
        joint_names: m joints it moves.
        position: Shape (k, m) [rad].
        velocity: Shape (k, m) [rad/s].
        final: The trajectory ends with this chunk.
        abort: Brake; the chunk has no points.
    """

    trajectory_id: int
    skill_id: str
    start_time: float
    offset: float
    period: float
    joint_names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    final: bool
    abort: bool


class ChunkTrajectory:
    """A trajectory put together from chunks.

    Args:
        first: Its first chunk.
        joint_order: All n joints of the robot.

    Raises:
        ChunkError: If the chunk is not executable.
    """

    def __init__(self, first: Chunk, joint_order: tuple[str, ...]) -> None:
        self.trajectory_id = first.trajectory_id
        self.period = first.period
        self.joint_names = first.joint_names
        self.final = False
        if not (np.isfinite(first.period) and 0.001 <= first.period <= 1.0):
            raise ChunkError(
                f"chunk of trajectory {first.trajectory_id} has period {first.period} s, "
                "want 0.001 .. 1 s"
            )
        unknown = [name for name in first.joint_names if name not in joint_order]
        if unknown or not first.joint_names:
            raise ChunkError(
                f"chunk of trajectory {first.trajectory_id} names joints {unknown or 'none'}; "
                f"the robot has {len(joint_order)} joints, see its URDF"
            )
        self.index = np.array([joint_order.index(name) for name in first.joint_names])
        self._position = np.empty((0, len(first.joint_names)))
        self._velocity = np.empty((0, len(first.joint_names)))
        self.extend(first)

    @property
    def end(self) -> float:
        """Trajectory time of the last point known [s]."""
        return (len(self._position) - 1) * self.period

    def extend(self, chunk: Chunk) -> None:
        """Add or revise points.

        Raises:
            ChunkError: If joints, period or shape differ, values are not finite, or there is a gap.
        """
        label = f"chunk at {chunk.offset:.3f} s of trajectory {chunk.trajectory_id}"
        if chunk.joint_names != self.joint_names or chunk.period != self.period:
            raise ChunkError(f"{label} has other joints or another period than the trajectory")
        shape = (len(chunk.position), len(self.joint_names))
        if chunk.position.shape != shape or chunk.velocity.shape != shape or shape[0] == 0:
            raise ChunkError(
                f"{label} has positions {chunk.position.shape} and velocities "
                f"{chunk.velocity.shape}, want both (k >= 1, {len(self.joint_names)})"
            )
        if not (np.isfinite(chunk.position).all() and np.isfinite(chunk.velocity).all()):
            raise ChunkError(f"{label} holds values that are not finite")
        first = round(chunk.offset / self.period) if np.isfinite(chunk.offset) else -1
        if not 0 <= first <= len(self._position):
            raise ChunkError(
                f"{label} leaves a gap: the trajectory is known up to {max(self.end, 0.0):.3f} s"
            )
        self._position = np.concatenate([self._position[:first], chunk.position])
        self._velocity = np.concatenate([self._velocity[:first], chunk.velocity])
        self.final = self.final or chunk.final

    def sample(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Position [rad] and velocity [rad/s] at a trajectory time, cubic Hermite between points.

        Before the first point it is the first, at rest; from the last point on the last, at rest if the
        trajectory is complete.
        """
        last = len(self._position) - 1
        if time <= 0.0 or last == 0:
            return self._position[0], self._velocity[0]
        cell = int(time / self.period)
        if cell >= last:
            return self._position[last], self._velocity[last]
        u = time / self.period - cell
        p0, p1 = self._position[cell], self._position[cell + 1]
        m0, m1 = self._velocity[cell] * self.period, self._velocity[cell + 1] * self.period
        c2 = 3.0 * (p1 - p0) - 2.0 * m0 - m1
        c3 = 2.0 * (p0 - p1) + m0 + m1
        position = p0 + u * (m0 + u * (c2 + u * c3))
        velocity = (m0 + u * (2.0 * c2 + 3.0 * u * c3)) / self.period
        return position, velocity
