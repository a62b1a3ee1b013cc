"""One step of the 200 Hz control loop: from action chunks to a requested set-point.

The set-point is the trajectory plus an offset. When a new trajectory begins, the offset is whatever lies
between the set-point in force and the trajectory, and a jerk-limited motion (Ruckig) takes it to zero: the
blend is smooth, and afterwards the trajectory is followed exactly. Running out of chunks, or an abort, brakes
jerk-limited and holds.

Source: Berscheid and Kroeger, "Jerk-limited Real-time Trajectory Generation with Arbitrary Target States",
RSS 2021 (Ruckig).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import ruckig

from dynamical_control.interpolation import Chunk, ChunkError, ChunkTrajectory

SCALE_FALL = (
    6.0  # fastest change of the speed scale [1/s]; at 1.5 rad/s this brakes with 9 rad/s^2
)
SCALE_RISE = 2.0


class State(IntEnum):
    """What the controller does; numbers as in ControlStatus.msg."""

    HOLDING = 1
    EXECUTING = 2
    PAUSED = 3
    STARVED = 4
    WAITING = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendLimits:
    """Limits of blending and braking, the same for every joint [rad/s, rad/s^2, rad/s^3]."""

    velocity: float = 1.0
    acceleration: float = 8.0
    jerk: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPoint:
    """What control asks for: shapes (n,), [rad] and [rad/s], and the trajectory it comes from."""

    position: np.ndarray
    velocity: np.ndarray
    trajectory_id: int


class Controller:
    """Follows chunk trajectories.

    Args:
        joint_order: The robot's n joints.
        limits: For blending and braking.
    """

    def __init__(self, joint_order: tuple[str, ...], limits: BlendLimits) -> None:
        self.joint_order = joint_order
        self.state = State.WAITING
        self.trajectory_id = 0
        self.elapsed = 0.0
        self.scale = 0.0
        self.final_reached = False
        n = len(joint_order)
        self._limits = limits
        self._position: np.ndarray | None = None
        self._velocity = np.zeros(n)
        self._acceleration = np.zeros(n)
        self._rest = np.zeros(n)  # where joints stay that the trajectory does not move
        self._trajectory: ChunkTrajectory | None = None
        self._pending: Chunk | None = None
        self._held_back = False
        self._begun = 0.0  # start time of the trajectory in force, ROS time [s]
        # Ruckig profile: the offset to the trajectory while following, else the braking motion.
        self._profile: ruckig.Trajectory | None = None
        self._profile_time = 0.0
        self._otg = ruckig.Ruckig(n)

    @property
    def anchored(self) -> bool:
        """Whether the controller knows where the robot is."""
        return self._position is not None

    @property
    def buffered(self) -> float:
        """Trajectory time still ahead [s]."""
        if self._trajectory is None:
            return 0.0
        return max(0.0, self._trajectory.end - self.elapsed)

    def anchor(self, position: np.ndarray, *, grip: np.ndarray | None = None) -> None:
        """Forget all motion and hold the measured positions.

        Args:
            position: Shape (n,) [rad].
            grip: Shape (n,), true for joints that keep their last command: fingers squeeze an object by
                being commanded beyond where they are, and would drop it otherwise.
        """
        held = position.copy()
        if grip is not None and self._position is not None:
            held[grip] = self._position[grip]
        self._position = held
        self._velocity[:] = 0.0
        self._acceleration[:] = 0.0
        self._drop()
        self.state = State.HOLDING

    def wait(self) -> None:
        """An input is missing: hold the set-point, do not advance."""
        self.state = State.WAITING
        self.scale = 0.0

    def accept(self, chunk: Chunk, now: float) -> None:
        """Take in a chunk.

        Raises:
            ChunkError: If it is not executable; what was being executed goes on.
        """
        current = self._trajectory
        if chunk.abort:
            self._pending = None
            if current is not None and chunk.trajectory_id >= current.trajectory_id:
                self._brake(State.HOLDING)
            return
        # A trajectory that begins later is the newer one, whatever somebody has counted up to before.
        if chunk.trajectory_id < self.trajectory_id and chunk.start_time <= self._begun:
            raise ChunkError(
                f"chunk of trajectory {chunk.trajectory_id} is older than trajectory "
                f"{self.trajectory_id} in force"
            )
        if current is not None and chunk.trajectory_id == current.trajectory_id:
            current.extend(chunk)
            return
        if chunk.trajectory_id == self.trajectory_id:
            return  # late piece of a trajectory that was aborted or has starved
        if chunk.start_time > now:
            self._pending = chunk
        else:
            self._begin(chunk, now)

    def step(
        self, now: float, period: float, *, allowed_scale: float, held_back: bool = False
    ) -> SetPoint:
        """Advance by one period.

        Args:
            now: ROS time [s].
            period: Time since the last step [s].
            allowed_scale: Speed scale that the safety gate allows, 0..1.
            held_back: The robot does not come along, though speed is allowed: the trajectory waits for it,
                and does not count as paused.

        Raises:
            RuntimeError: If called before ``anchor``.
        """
        if self._position is None:
            raise RuntimeError(
                "the controller does not know where the robot is: call anchor first"
            )
        period = min(period, 0.02)  # after a stall of the machine go on where it was, do not jump
        self._held_back = held_back
        self._slew_scale(0.0 if held_back else allowed_scale, period)
        if self._pending is not None and self._pending.start_time <= now:
            chunk, self._pending = self._pending, None
            self._begin(chunk, now)
        before = self._velocity
        if self._trajectory is not None:
            position, velocity = self._follow(self._trajectory, period)
        else:
            position, velocity = self._coast(period)
        self._acceleration = (velocity - before) / max(period, 1e-4)
        self._position, self._velocity = position, velocity
        return SetPoint(position=position, velocity=velocity, trajectory_id=self.trajectory_id)

    def _slew_scale(self, allowed: float, period: float) -> None:
        step_down, step_up = SCALE_FALL * period, SCALE_RISE * period
        self.scale = float(np.clip(allowed, self.scale - step_down, self.scale + step_up))

    def _begin(self, chunk: Chunk, now: float) -> None:
        trajectory = ChunkTrajectory(chunk, self.joint_order)
        self._trajectory = trajectory
        self.trajectory_id = trajectory.trajectory_id
        self.final_reached = False
        self._begun = chunk.start_time if chunk.start_time > 0.0 else now
        skip = max(0.0, now - chunk.start_time) if chunk.start_time > 0.0 else 0.0
        self.elapsed = min(skip, trajectory.end)
        self._blend(trajectory)

    def _blend(self, trajectory: ChunkTrajectory) -> None:
        """Jerk-limited motion of the offset from where we are to the trajectory."""
        assert self._position is not None
        position, velocity = trajectory.sample(self.elapsed)
        self._rest = self._position.copy()
        target = self._rest.copy()
        speed = np.zeros_like(target)
        target[trajectory.index] = position
        speed[trajectory.index] = velocity * self.scale
        offset, rate = self._position - target, self._velocity - speed
        if np.abs(offset).max() < 1e-6 and np.abs(rate).max() < 1e-6:
            self._profile = None
            return
        request = self._request()
        request.current_position = offset
        request.current_velocity = rate
        request.current_acceleration = self._bounded_acceleration()
        request.target_position = np.zeros_like(offset)
        self._solve(request)

    def _brake(self, state: State) -> None:
        """Jerk-limited stop from the set-point in force."""
        assert self._position is not None
        self._drop()
        self.state = state
        if np.abs(self._velocity).max() < 1e-4:
            return
        request = self._request()
        request.control_interface = ruckig.ControlInterface.Velocity
        request.current_position = self._position
        request.current_velocity = self._velocity
        request.current_acceleration = self._bounded_acceleration()
        self._solve(request)

    def _request(self) -> ruckig.InputParameter:
        n = len(self.joint_order)
        request = ruckig.InputParameter(n)
        request.synchronization = ruckig.Synchronization.No
        fastest = max(self._limits.velocity, float(np.abs(self._velocity).max()) * 1.2)
        request.max_velocity = [fastest] * n
        request.max_acceleration = [self._limits.acceleration] * n
        request.max_jerk = [self._limits.jerk] * n
        return request

    def _bounded_acceleration(self) -> np.ndarray:
        bound = 0.9 * self._limits.acceleration
        return np.clip(self._acceleration, -bound, bound)

    def _solve(self, request: ruckig.InputParameter) -> None:
        profile = ruckig.Trajectory(len(self.joint_order))
        result = self._otg.calculate(request, profile)
        if result not in (ruckig.Result.Working, ruckig.Result.Finished):
            raise ChunkError(f"no jerk-limited blend from the set-point in force: {result}")
        self._profile, self._profile_time = profile, 0.0

    def _drop(self) -> None:
        self._trajectory = None
        self._pending = None
        self._profile = None

    def _follow(self, trajectory: ChunkTrajectory, period: float) -> tuple[np.ndarray, np.ndarray]:
        if self.elapsed >= trajectory.end and not trajectory.final:
            self._brake(State.STARVED)
            return self._coast(period)
        self.elapsed = min(self.elapsed + period * self.scale, trajectory.end)
        at, rate = trajectory.sample(self.elapsed)
        position = self._rest.copy()
        velocity = np.zeros_like(position)
        position[trajectory.index] = at
        velocity[trajectory.index] = rate * self.scale
        if self._profile is not None:
            offset, speed = self._advance_profile(period)
            position += offset
            velocity += speed
        if self.elapsed >= trajectory.end and trajectory.final and self._profile is None:
            self.final_reached = True
            self.state = State.HOLDING
            velocity[:] = 0.0
        else:
            goes = self.scale > 1e-3 or self._held_back
            self.state = State.EXECUTING if goes else State.PAUSED
        return position, velocity

    def _coast(self, period: float) -> tuple[np.ndarray, np.ndarray]:
        assert self._position is not None
        if self.state not in (State.STARVED, State.HOLDING):
            self.state = State.HOLDING
        if self._profile is None:
            return self._position, np.zeros_like(self._position)
        return self._advance_profile(period)

    def _advance_profile(self, period: float) -> tuple[np.ndarray, np.ndarray]:
        assert self._profile is not None
        self._profile_time += period
        position, velocity, _ = self._profile.at_time(self._profile_time)
        if self._profile_time >= self._profile.duration:
            self._profile = None
        return np.array(position), np.array(velocity)
