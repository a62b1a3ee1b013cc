"""Cuts a trajectory into overlapping action chunks and says when each is due.

A chunk covers half a second and the next one follows a tenth of a second later, so control always
has motion for at least four tenths in hand, and a skill process that dies leaves no more running.
"""

from dataclasses import dataclass, field

import numpy as np

from dynamical_skills.policies.policy import Trajectory

PERIOD = 0.02  # time between two points of a chunk [s]
HORIZON = 0.5  # time a chunk covers [s]
STRIDE = 0.1  # trajectory time from one chunk to the next [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionChunk:
    """A piece of a trajectory.

    Attributes:
        trajectory_id: Grows with each new trajectory.
        start_time: When the trajectory's first point applies, ROS time [s].
        offset: Time of the first point of this chunk within its trajectory [s].
        period: Time between two points [s].
        joint_names: m joints.
        position: Shape (k, m) [rad].
        velocity: Shape (k, m) [rad/s].
        gripper: Shape (k,), 0 open .. 1 closed, or empty.
        final: The trajectory ends with this chunk.
        abort: No points: brake and hold.
    """

    trajectory_id: int
    start_time: float
    offset: float = 0.0
    period: float = PERIOD
    joint_names: tuple[str, ...] = ()
    position: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    velocity: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    gripper: np.ndarray = field(default_factory=lambda: np.empty(0))
    final: bool = False
    abort: bool = False


def resampled(trajectory: Trajectory, period: float = PERIOD) -> Trajectory:
    """The same motion at another period: cubic Hermite between samples, at rest on the last one.

    Raises:
        ValueError: If the shapes do not fit or a value is not finite.
    """
    count = len(trajectory.position)
    shape = (count, len(trajectory.joint_names))
    if count < 1 or trajectory.position.shape != shape or trajectory.velocity.shape != shape:
        raise ValueError(
            f"trajectory {trajectory.phase!r}: position {trajectory.position.shape} and velocity "
            f"{trajectory.velocity.shape} do not fit {shape}"
        )
    if not (np.isfinite(trajectory.position).all() and np.isfinite(trajectory.velocity).all()):
        raise ValueError(f"trajectory {trajectory.phase!r} holds values that are not finite")
    if count == 1 or abs(trajectory.period - period) < 1e-9:
        return trajectory
    old = trajectory.period
    times = np.append(np.arange(0.0, trajectory.duration - 1e-9, period), trajectory.duration)
    # The last sample is put on the grid: the end comes at most one period later than planned.
    place = np.minimum((times / old).astype(int), count - 2)
    share = (times - place * old)[:, None] / old
    p0, p1 = trajectory.position[place], trajectory.position[place + 1]
    v0, v1 = trajectory.velocity[place] * old, trajectory.velocity[place + 1] * old
    a, b = 2 * p0 - 2 * p1 + v0 + v1, -3 * p0 + 3 * p1 - 2 * v0 - v1
    position = ((a * share + b) * share + v0) * share + p0
    velocity = ((3 * a * share + 2 * b) * share + v0) / old
    velocity[-1] = 0.0
    gripper = trajectory.gripper
    if len(gripper) == count:
        gripper = np.interp(times, np.arange(count) * old, gripper)
    return Trajectory(
        joint_names=trajectory.joint_names,
        period=period,
        position=position,
        velocity=velocity,
        gripper=gripper,
        goal=trajectory.goal,
        hand=trajectory.hand,
        phase=trajectory.phase,
        settle=trajectory.settle,
    )


class ChunkStream:
    """The chunks of one trajectory.

    Args:
        trajectory: Any period; sent at ``PERIOD``.
        trajectory_id: Its number.
        start_time: When its first point applies, ROS time [s].

    Raises:
        ValueError: If the trajectory is not valid.
    """

    def __init__(self, trajectory: Trajectory, *, trajectory_id: int, start_time: float) -> None:
        self.trajectory = resampled(trajectory)
        self.trajectory_id = trajectory_id
        self.start_time = start_time
        self._next = 0  # number of strides at which the next chunk begins
        self._points = round(HORIZON / PERIOD)
        self._stride = round(STRIDE / PERIOD)

    @property
    def all_sent(self) -> bool:
        """Whether the final chunk has been given out."""
        return self._next < 0

    def restart(self, start_time: float) -> None:
        """Begin again with the first chunk, which applies at ``start_time`` [s]."""
        self.start_time = start_time
        self._next = 0

    def due(self, elapsed: float) -> ActionChunk | None:
        """The chunk to be sent now, or ``None``.

        Args:
            elapsed: Trajectory time that control has reached [s].
        """
        reached = int(elapsed / STRIDE + 1e-9)
        if self.all_sent or reached < self._next:
            return None
        first = max(self._next, reached) * self._stride
        count = len(self.trajectory.position)
        first = min(first, count - 1)
        last = min(first + self._points, count - 1)
        final = last == count - 1
        self._next = -1 if final else max(self._next, reached) + 1
        rows = slice(first, last + 1)
        gripper = self.trajectory.gripper
        return ActionChunk(
            trajectory_id=self.trajectory_id,
            start_time=self.start_time,
            offset=first * PERIOD,
            joint_names=self.trajectory.joint_names,
            position=self.trajectory.position[rows],
            velocity=self.trajectory.velocity[rows],
            gripper=gripper[rows] if len(gripper) == count else np.empty(0),
            final=final,
        )
