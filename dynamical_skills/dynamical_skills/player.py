"""Follows one trajectory through control and gate: what to send, whether it arrived or failed."""

from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.policies.policy import SkillError, Trajectory
from dynamical_skills.robot_state import (
    ENDING_STATES,
    WAITING_STATES,
    ControlState,
    ControlView,
    SafetyView,
)
from dynamical_skills.streaming import ActionChunk, ChunkStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may be wrong before the motion is given up [s].

    Attributes:
        silence: No status from control or gate.
        again: Control has not begun the trajectory: its first chunk is sent once more.
        take_up: The same, and the motion is given up.
        starved: Control has run out of points.
        waiting: Control makes no command because an input is missing.
        stalled: Trajectory time stands still, though speed is allowed.
    """

    silence: float = 1.5
    again: float = 0.3
    take_up: float = 1.5
    starved: float = 1.5
    waiting: float = 4.0
    stalled: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerStep:
    """Outcome of one look.

    Attributes:
        chunk: To be sent now, or ``None``.
        done: The trajectory's end has been commanded.
        waiting: The gate allows no motion now.
        passed: The gate has let a command of this trajectory through.
        fraction: Share of the trajectory done, 0..1.
        remaining: Trajectory time left [s].
    """

    chunk: ActionChunk | None
    done: bool
    waiting: bool
    passed: bool
    fraction: float
    remaining: float


class TrajectoryPlayer:
    """One trajectory on its way; call ``step`` every few milliseconds.

    Args:
        trajectory: The motion.
        trajectory_id: Its number.
        now: ROS time [s].
        patience: Limits.
    """

    def __init__(
        self,
        trajectory: Trajectory,
        *,
        trajectory_id: int,
        now: float,
        patience: Patience | None = None,
    ) -> None:
        self._stream = ChunkStream(trajectory, trajectory_id=trajectory_id, start_time=now)
        self._patience = patience or Patience()
        self._duration = self._stream.trajectory.duration
        self._id = trajectory_id
        self._begin = now
        self._elapsed = 0.0
        self._since: dict[str, float] = {}

    def step(
        self, now: float, control: ControlView | None, safety: SafetyView | None
    ) -> PlayerStep:
        """Look at the newest status of control and gate.

        Raises:
            SkillError: SAFETY_STOPPED or MOTION_FAILED, with a sentence.
        """
        if safety is not None and safety.state in ENDING_STATES:
            raise SkillError(
                ErrorCode.SAFETY_STOPPED, f"stopped by the safety gate: {safety.text}"
            )
        self._check_silence(now, control, safety)
        waiting = safety is not None and safety.state in WAITING_STATES
        ours = control is not None and control.trajectory_id == self._id
        done = False
        if control is not None and ours:
            self._check_progress(now, control, waiting=waiting)
            self._elapsed = max(self._elapsed, control.elapsed)
            done = control.final_reached and control.state is ControlState.HOLDING
        else:
            self._check_taken_up(now, control, waiting=waiting)
        return PlayerStep(
            chunk=self._stream.due(self._elapsed),
            done=done,
            waiting=waiting,
            passed=safety is not None and safety.passed_trajectory_id >= self._id,
            fraction=1.0 if self._duration <= 0 else min(1.0, self._elapsed / self._duration),
            remaining=max(0.0, self._duration - self._elapsed),
        )

    def _lasts(self, name: str, now: float, *, wrong: bool) -> float:
        """How long something has been wrong without a break [s]."""
        if not wrong:
            self._since.pop(name, None)
            return 0.0
        return now - self._since.setdefault(name, now)

    def _check_silence(
        self, now: float, control: ControlView | None, safety: SafetyView | None
    ) -> None:
        for name, view in (("control", control), ("the safety gate", safety)):
            silent = now - (self._begin if view is None else max(view.received, self._begin))
            if silent > self._patience.silence:
                raise SkillError(
                    ErrorCode.MOTION_FAILED,
                    f"{name} has been silent for {silent:.1f} s during the motion",
                )

    def _check_taken_up(self, now: float, control: ControlView | None, *, waiting: bool) -> None:
        # A control process that has just come up may not have heard the first chunk.
        if self._lasts("again", now, wrong=not waiting) > self._patience.again:
            self._since.pop("again")
            self._stream.restart(now)
        if self._lasts("take_up", now, wrong=not waiting) > self._patience.take_up:
            state = "silent" if control is None else control.state.name
            raise SkillError(
                ErrorCode.MOTION_FAILED,
                f"control did not take up the motion within {self._patience.take_up:.1f} s; "
                f"it is {state}",
            )

    def _check_progress(self, now: float, control: ControlView, *, waiting: bool) -> None:
        state = control.state
        starved = self._lasts("starved", now, wrong=state is ControlState.STARVED)
        if starved > self._patience.starved:
            raise SkillError(
                ErrorCode.MOTION_FAILED,
                f"control is STARVED: it ran out of motion at {control.elapsed:.2f} s "
                f"of {self._duration:.2f} s",
            )
        blocked = self._lasts("waiting", now, wrong=state is ControlState.WAITING)
        if blocked > self._patience.waiting:
            raise SkillError(
                ErrorCode.MOTION_FAILED,
                f"control is WAITING for joint states or the safety gate for {blocked:.1f} s",
            )
        stands = control.elapsed <= self._elapsed + 1e-6 and not control.final_reached
        paused = waiting or state in (ControlState.PAUSED, ControlState.WAITING)
        if self._lasts("stalled", now, wrong=stands and not paused) > self._patience.stalled:
            raise SkillError(
                ErrorCode.MOTION_FAILED,
                f"the motion stands still at {control.elapsed:.2f} s of {self._duration:.2f} s, "
                f"though speed is allowed; control is {state.name}",
            )
