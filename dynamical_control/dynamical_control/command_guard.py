"""The driver's last check: only the safety gate's commands move the robot, and silence stops it.

A command is taken if its seal is right, it is fresh, and its sequence grows. What happens without
commands, and without leave of the watchdog to follow them (``permit_guard``):

| silence         | phase     | what the motors get                                 |
| --------------- | --------- | --------------------------------------------------- |
| none yet        | WAITING   | hold the position found at connection               |
| up to 20 ms     | FOLLOWING | the newest command                                  |
| 20 ms to 100 ms | HOLDING   | its position and torque, velocity running to 0      |
| from 100 ms     | STOPPED   | the same at zero velocity                           |
| no permit       | FORBIDDEN | where they were, velocity running to 0 within 80 ms |
| none any more   | RETURNING | from there to the newest command, see ``resumption`` |

Stiffness is always what the gate said last: if it took the drive torque away (stop category 0),
neither silence nor a missing permit brings it back. A gate that was restarted and counts from a
lower number is heard after 100 ms of silence, with stamps newer than all before.
"""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from dynamical_control.permit_guard import PermitGuard
from dynamical_control.resumption import Resumption, ResumptionLimits
from dynamical_control.robots.robot import MotorCommand
from dynamical_interfaces import seal


@dataclass(frozen=True, slots=True)
class SealedCommand:
    """A safe command as it came in, nothing believed yet.

    Attributes:
        sequence: Grows from message to message.
        trajectory_id: As in the message; sealed too.
        stamp_ns: ROS time [ns].
        joint_names: Order of the arrays.
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].
        effort: Shape (n,) or (0,) [N m].
        stiffness: 0..1.
        damping: 0..4.
        tag: 16 bytes, see ``dynamical_interfaces.seal``.
    """

    sequence: int
    trajectory_id: int
    stamp_ns: int
    joint_names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    stiffness: float
    damping: float
    tag: bytes


class Verdict(Enum):
    """What became of a command."""

    ACCEPTED = "accepted"
    NOT_AUTHENTIC = "authentication tag is wrong"
    REPLAYED = "sequence is not newer than the last one"
    STALE = "stamp is too old or lies ahead"
    WRONG_JOINTS = "joint names or sizes differ from the robot's"
    NOT_FINITE = "a number is not finite"


class Phase(Enum):
    """What the motors follow."""

    WAITING = "waiting for the first command"
    FOLLOWING = "following"
    HOLDING = "holding: commands are late"
    STOPPED = "stopped: commands have ceased"
    FORBIDDEN = "held: no permit to follow the safety gate"
    RETURNING = "going back to the safety gate's set-point"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """Times of the guard [s].

    Attributes:
        hold_after: Silence after which the position is held.
        stop_after: Silence after which the robot stands and a restarted gate may begin anew.
        max_age: Largest age of a command's stamp, either way.
        resumption: How fast the set-point goes back to the gate's after it was held.
    """

    hold_after: float = 0.020
    stop_after: float = 0.100
    max_age: float = 0.020
    resumption: ResumptionLimits = field(default_factory=ResumptionLimits)


class CommandGuard:
    """Judges safe commands and says what the motors get; ``place`` comes first.

    Two clocks are arguments: ``ros_time`` [s] is compared with stamps, ``clock`` [s] is monotonic
    and measures silence, so that a jump of the system clock cannot hide it.

    Args:
        key: Secret shared with the gate.
        joint_names: Robot joint order.
        limits: Times.
        permits: Leave to follow the gate; ``None`` = needed from nobody.
    """

    def __init__(
        self,
        key: bytes,
        joint_names: tuple[str, ...],
        *,
        limits: GuardLimits | None = None,
        permits: PermitGuard | None = None,
    ) -> None:
        self.limits = GuardLimits() if limits is None else limits
        self.counts = dict.fromkeys(Verdict, 0)
        self._key = key
        self._names = joint_names
        self._digest = seal.names_digest(joint_names)
        self._zero = np.zeros(len(joint_names))
        self._command = MotorCommand(self._zero, self._zero, self._zero)
        self._velocity = np.zeros(len(joint_names))
        self._permits = permits
        self._output = self._command
        self._held: MotorCommand | None = None
        self._forbidden_since: float | None = None
        self._resumption = Resumption(len(joint_names), self.limits.resumption)
        self._heard: float | None = None
        self._sequence = -1
        self._stamp_ns = -1

    @property
    def refused(self) -> int:
        """Commands refused since start."""
        return sum(self.counts.values()) - self.counts[Verdict.ACCEPTED]

    def receive(self, command: SealedCommand, *, ros_time: float, clock: float) -> Verdict:
        """Judge one command and take it if it is good."""
        verdict = self._judge(command, ros_time=ros_time, clock=clock)
        self.counts[verdict] += 1
        if verdict is Verdict.ACCEPTED:
            self._sequence, self._stamp_ns = command.sequence, command.stamp_ns
            self._heard = clock
            effort = command.effort if len(command.effort) else self._zero
            self._command = MotorCommand(
                command.position, command.velocity, effort, command.stiffness, command.damping
            )
        return verdict

    def phase(self, clock: float) -> Phase:
        """What the motors follow now."""
        if self._heard is None:
            return Phase.WAITING
        silence = clock - self._heard
        if silence > self.limits.stop_after:
            return Phase.STOPPED
        if self._is_forbidden(clock):
            return Phase.FORBIDDEN
        if silence > self.limits.hold_after:
            return Phase.HOLDING
        return Phase.RETURNING if self._resumption.active else Phase.FOLLOWING

    def output(self, clock: float) -> MotorCommand:
        """What the motors get now; called once a tick."""
        if self._heard is None:
            return self._command
        left = self._velocity_left(clock, self._heard)
        if self._forbidden_since is not None or clock - self._heard > self.limits.stop_after:
            self._output = self._hold(left)
            return self._output
        if self._held is not None:
            self._resumption.begin(self._held.position, clock)
            self._held = None
        if left < 1.0:
            where = self._output if self._resumption.active else self._command
            self._output = self._slowed(where, left)
        elif self._resumption.active:
            self._output = self._resumption.step(self._command, clock)
        else:
            self._output = self._command
        return self._output

    def place(self, position: np.ndarray, clock: float) -> None:
        """Say where the robot was found or put: it goes to the gate's set-point slowly from there.

        Args:
            position: Shape (n,) [rad].
            clock: Monotonic time [s].
        """
        self._output = MotorCommand(position.copy(), self._zero, self._zero)
        if self._heard is None:
            self._command = self._output
        elif self._held is not None:
            self._held = self._output
        else:
            self._resumption.begin(position, clock)

    def _is_forbidden(self, clock: float) -> bool:
        return self._permits is not None and self._permits.refusal(clock) is not None

    def _velocity_left(self, clock: float, heard: float) -> float:
        """Share of the velocity that is left after silence or without a permit, 0..1."""
        hold, stop = self.limits.hold_after, self.limits.stop_after
        left = min(1.0, max(0.0, (stop - (clock - heard)) / (stop - hold)))
        if not self._is_forbidden(clock):
            self._forbidden_since = None
            return left
        if self._forbidden_since is None:
            self._forbidden_since = clock
        return min(left, max(0.0, 1.0 - (clock - self._forbidden_since) / (stop - hold)))

    def _hold(self, left: float) -> MotorCommand:
        command = self._command
        if command.stiffness == 0.0:
            # Without torque the robot is wherever it is, and the gate's set-point goes with it.
            self._held = command
        elif self._held is None:
            followed = self._forbidden_since is None and not self._resumption.active
            last = command if followed else self._output
            self._held = MotorCommand(last.position.copy(), last.velocity.copy(), last.effort)
        held = self._held
        np.multiply(held.velocity, left, out=self._velocity)
        return MotorCommand(
            held.position, self._velocity, held.effort, command.stiffness, command.damping
        )

    def _slowed(self, where: MotorCommand, left: float) -> MotorCommand:
        np.multiply(where.velocity, left, out=self._velocity)
        command = self._command
        return MotorCommand(
            where.position, self._velocity, where.effort, command.stiffness, command.damping
        )

    def _judge(self, command: SealedCommand, *, ros_time: float, clock: float) -> Verdict:
        count = len(self._names)
        sizes = (len(command.position), len(command.velocity))
        if (
            sizes != (count, count)
            or len(command.effort) not in (0, count)
            or command.joint_names != self._names
        ):
            return Verdict.WRONG_JOINTS
        expected = seal.tag(
            self._key,
            sequence=command.sequence,
            trajectory_id=command.trajectory_id,
            stamp_ns=command.stamp_ns,
            names=self._digest,
            position=command.position,
            velocity=command.velocity,
            effort=command.effort,
            stiffness_scale=command.stiffness,
            damping_scale=command.damping,
        )
        if not seal.matches(expected, command.tag):
            return Verdict.NOT_AUTHENTIC
        if not self._is_newer(command, clock=clock):
            return Verdict.REPLAYED
        if abs(ros_time - command.stamp_ns * 1e-9) > self.limits.max_age:
            return Verdict.STALE
        finite = (
            np.isfinite(command.position).all()
            and np.isfinite(command.velocity).all()
            and np.isfinite(command.effort).all()
            and np.isfinite(command.stiffness)
            and np.isfinite(command.damping)
        )
        return Verdict.ACCEPTED if finite else Verdict.NOT_FINITE

    def _is_newer(self, command: SealedCommand, *, clock: float) -> bool:
        # The sealed sequence is what stands against replays. Stamps may go back with the system
        # clock, and a robot that is deaf until they have caught up would be of no use to anybody.
        if command.sequence > self._sequence:
            return True
        return command.stamp_ns > self._stamp_ns and self.phase(clock) is Phase.STOPPED
