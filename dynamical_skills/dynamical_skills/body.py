"""The robot as an execution sees it: streams in, motion through control and gate out."""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.policies.policy import Observation, SeenObject, SkillError, Trajectory
from dynamical_skills.robot_state import ENDING_STATES, ControlState, ControlView, SafetyView
from dynamical_skills.stage import Stage
from dynamical_skills.step_execution import InterruptedExecutionError
from dynamical_skills.streaming import ActionChunk

_FAST = 0.001  # time between two looks for the first joint states [s]
_CALM = 0.010  # and for anything else [s]
_BRAKE_LIMIT = 3.0
_SILENT = 1.0  # control without a status for this long counts as gone [s]
_JOINT_LIMIT = 6.0  # a process that has just come up needs seconds to find its peers [s]
_TRACK_AGE = 2.0  # what was seen longer ago counts as not seen [s]
_FRESH_LIMIT = 1.0  # wait for pictures taken after a motion [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class JointReading:
    """Measured joints in robot joint order; ``received`` is ROS time [s]."""

    names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackReading:
    """What perception published; ``stamp`` is the time of its newest pictures, ROS time [s]."""

    objects: tuple[SeenObject, ...]
    stamp: float


class Links(Protocol):
    """The streams of the robot; a call answers what is newest since the last call, or ``None``."""

    def joints(self) -> JointReading | None:
        """Measured joints."""

    def tracks(self) -> TrackReading | None:
        """Objects and people."""

    def control(self) -> ControlView | None:
        """Status of the control loop."""

    def safety(self) -> SafetyView | None:
        """Status of the safety gate."""

    def send(self, chunk: ActionChunk) -> None:
        """Give a chunk to control."""


class Interruption:
    """Tells a running execution from another thread to end; the first reason counts."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._error: InterruptedExecutionError | None = None

    def set(self, code: ErrorCode, text: str) -> None:
        """End the execution with that code and sentence."""
        with self._lock:
            if self._error is None:
                self._error = InterruptedExecutionError(code, text)
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait, shorter if interrupted.

        Raises:
            InterruptedExecutionError: If interrupted.
        """
        if self._event.wait(seconds) and self._error is not None:
            raise self._error


class RobotBody:
    """One execution's view of the robot; thread-safe, as steps may run beside each other.

    Args:
        links: Streams.
        clock: ROS time [s].
        interruption: Ends the execution.
        trajectory_ids: Gives a new, larger number at each call.
        deadline: ROS time at which the execution has to be over [s].
        timeout: That limit in words of the caller [s].
        on_passed: Called once, with the first trajectory of which the gate let a command through,
            and the measured joints.
        clear: Whether a trajectory of several motions together, from these joints, touches nothing.
    """

    def __init__(
        self,
        links: Links,
        *,
        clock: Callable[[], float],
        interruption: Interruption,
        trajectory_ids: Callable[[], int],
        deadline: float,
        timeout: float,
        on_passed: Callable[[Trajectory, JointReading], None],
        clear: Callable[[np.ndarray, Trajectory], bool] = lambda _joints, _motion: True,
    ) -> None:
        self._links = links
        self._clock = clock
        self._interruption = interruption
        self._deadline = deadline
        self._timeout = timeout
        self._reading = threading.RLock()
        self._joints: JointReading | None = None
        self._tracks: TrackReading | None = None
        self._control: ControlView | None = None
        self.safety: SafetyView | None = None
        self._stage = Stage(
            clock=clock,
            pause=self.pause,
            look=self._looked,
            send=links.send,
            trajectory_ids=trajectory_ids,
            clear=lambda motion: clear(self.joints().position, motion),
            on_passed=lambda motion: on_passed(motion, self.joints()),
        )

    @property
    def waited(self) -> float:
        """Time spent waiting for the gate so far [s]."""
        return self._stage.waited

    def now(self) -> float:
        """ROS time [s]."""
        return self._clock()

    @property
    def measured(self) -> JointReading | None:
        """Newest measured joints, or ``None`` before the first."""
        with self._reading:
            self._joints = self._links.joints() or self._joints
            return self._joints

    def look(self) -> None:
        """Take what has come on the status streams."""
        with self._reading:
            self._control = self._links.control() or self._control
            self.safety = self._links.safety() or self.safety

    def _looked(self) -> tuple[ControlView | None, SafetyView | None]:
        with self._reading:
            self.look()
            return self._control, self.safety

    def pause(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            InterruptedExecutionError: If interrupted or out of time.
        """
        self._interruption.wait(seconds)
        if self.now() > self._deadline:
            raise InterruptedExecutionError(
                ErrorCode.TIMEOUT, f"not done within the time limit of {self._timeout:g} s"
            )

    def joints(self) -> JointReading:
        """Measured joints, not older than ``_JOINT_LIMIT``.

        Raises:
            SkillError: MOTION_FAILED if none come.
        """
        begin = self.now()
        while True:
            joints = self.measured
            if joints is not None and self.now() - joints.received < 0.25:
                return joints
            if self.now() - begin > _JOINT_LIMIT:
                raise SkillError(
                    ErrorCode.MOTION_FAILED,
                    f"no joint states for {_JOINT_LIMIT:g} s: is the driver up?",
                )
            self.pause(_FAST)

    def observe(self, *, after: float = 0.0) -> Observation:
        """See ``execution.Body``."""
        begin = self.now()
        while True:
            with self._reading:
                tracks = self._tracks = self._links.tracks() or self._tracks
            fresh = tracks is not None and tracks.stamp >= after
            if fresh or after <= 0.0 or self.now() - begin > _FRESH_LIMIT:
                break
            self.pause(_CALM)
        joints = self.joints()
        objects: Sequence[SeenObject] = ()
        if tracks is not None and self.now() - tracks.stamp < _TRACK_AGE:
            objects = tracks.objects
        return Observation(
            time=self.now(),
            joint_position=joints.position,
            joint_velocity=joints.velocity,
            objects=tuple(sorted(objects, key=lambda item: item.stamp)),
        )

    def play(self, trajectory: Trajectory, report: Callable[[float, bool, float], None]) -> None:
        """See ``execution.Body``."""
        self._stage.play(trajectory, report)
        end = self.now() + trajectory.settle
        while self.now() < end:
            self.pause(min(0.05, max(0.0, end - self.now())))

    def brake(self) -> None:
        """See ``execution.Body``; cannot be interrupted, but ends after ``_BRAKE_LIMIT``."""
        number = self._stage.clear_up()
        if number == 0:
            return
        self._links.send(ActionChunk(trajectory_id=number, start_time=self.now(), abort=True))
        begin = self.now()
        still = threading.Event()
        while self.now() - begin < _BRAKE_LIMIT:
            still.wait(_CALM)
            self.look()
            if self.safety is not None and self.safety.state in ENDING_STATES:
                return
            if self._control is None or self.now() - self._control.received > _SILENT:
                return  # nobody there to brake; the gate holds the robot
            resting = self._control.state in (ControlState.HOLDING, ControlState.STARVED)
            if self._control.received > begin + 0.03 and resting:
                return


def distance_to_goal(trajectory: Trajectory | None, position: np.ndarray | None) -> float:
    """Distance from a hand's position to the trajectory's goal [m]; NaN if there is none."""
    if trajectory is None or trajectory.goal is None or position is None:
        return math.nan
    return float(np.linalg.norm(np.asarray(trajectory.goal) - position))
