"""Which requested commands are looked at at all.

A refused command changes nothing: the gate goes on as if it had never come. A command that is sane
but asks for more than the limits is admitted and brought back within them; what was too much is
named.
"""

from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.limits import GateLimits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason

# Beyond so many times the limit a value is not a wish but a mistake.
ABSURD = 10.0
LARGEST_DAMPING_SCALE = 4.0


@dataclass(frozen=True, slots=True)
class Request:
    """One requested command, as it came.

    Attributes:
        stamp: When it applies, ROS time [s].
        sequence: Counts up within one run of its publisher.
        trajectory_id: Trajectory it was taken from; 0 = none.
        source: Who made it.
        names: Joint names; must be the robot's, in its order.
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].
        effort: Shape (n,) or (0,) [N m].
        stiffness_scale: 0..1.
        damping_scale: 0..4.
    """

    stamp: float
    sequence: int
    trajectory_id: int
    source: str
    names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    stiffness_scale: float
    damping_scale: float


class Admission:
    """Judges requested commands one after the other.

    Args:
        limits: Limits of the robot's joints.
        parameters: Ages and jumps.
    """

    def __init__(self, limits: GateLimits, parameters: SafetyGateParameters) -> None:
        self._limits = limits
        self._parameters = parameters
        self._known = frozenset(limits.names)
        self._sequence = -1
        self._admitted_at = -np.inf

    def shift_stamps(self, jump: float) -> None:
        """The clock was set by so much [s]."""
        self._admitted_at += jump

    def judge(self, request: Request, *, set_point: np.ndarray, now: float) -> Reason | None:
        """Refuse or admit one command.

        Args:
            request: The command.
            set_point: Shape (n,), present safe set-point [rad].
            now: ROS time [s].

        Returns:
            Why it is refused, or ``None`` if it is admitted.
        """
        reason = (
            self._judge_shape(request)
            or self._judge_values(request)
            or self._judge_age(request, now)
            or self._judge_order(request, now)
            or self._judge_jump(request, set_point)
        )
        if reason is None:
            self._sequence = request.sequence
            self._admitted_at = now
        return reason

    def excess(self, request: Request) -> Reason | None:
        """What in an admitted motion lies beyond the limits and is brought back; or ``None``."""
        limits = self._limits
        over = np.maximum(request.position - limits.upper, limits.lower - request.position)
        index = int(over.argmax())
        if over[index] > 1e-9:
            value = float(request.position[index])
            bound = float((limits.upper if value > limits.upper[index] else limits.lower)[index])
            return self._limited(ErrorCode.POSITION_LIMIT, index, "position", value, bound, "rad")
        over = np.abs(request.velocity) - limits.velocity
        index = int(over.argmax())
        if over[index] > 1e-9:
            value, bound = float(request.velocity[index]), float(limits.velocity[index])
            return self._limited(ErrorCode.VELOCITY_LIMIT, index, "speed", value, bound, "rad/s")
        return None

    def _limited(
        self, code: ErrorCode, index: int, quantity: str, value: float, bound: float, unit: str
    ) -> Reason:
        joint = self._limits.names[index]
        return Reason(
            code,
            joint,
            f"joint {joint!r}: {quantity} {value:.3f} {unit} brought back to {bound:.3f} {unit}",
            value,
            bound,
        )

    def _judge_shape(self, request: Request) -> Reason | None:
        names = self._limits.names
        if request.names is not names and request.names != names:
            for name in request.names:
                if name not in self._known:
                    return Reason(
                        ErrorCode.COMMAND_UNKNOWN_JOINT,
                        name,
                        f"command from {request.source!r} names joint {name!r}, which the robot "
                        "does not have",
                    )
            return Reason(
                ErrorCode.COMMAND_WRONG_SIZE,
                "joint_names",
                f"command from {request.source!r} names {len(request.names)} joints, want all "
                f"{len(names)} in the order of the URDF",
                len(request.names),
                len(names),
            )
        for field, values in (("position", request.position), ("velocity", request.velocity)):
            if len(values) != len(names):
                return self._wrong_size(request, field, len(values))
        if len(request.effort) not in (0, len(names)):
            return self._wrong_size(request, "effort", len(request.effort))
        return None

    def _wrong_size(self, request: Request, field: str, size: int) -> Reason:
        count = len(self._limits.names)
        return Reason(
            ErrorCode.COMMAND_WRONG_SIZE,
            field,
            f"command from {request.source!r} has {size} values of {field}, want {count}",
            size,
            count,
        )

    def _judge_values(self, request: Request) -> Reason | None:
        for field, values in (
            ("position", request.position),
            ("velocity", request.velocity),
            ("effort", request.effort),
        ):
            finite = np.isfinite(values)
            if finite.all():
                continue
            index = int(finite.argmin())
            joint = self._limits.names[index]
            return Reason(
                ErrorCode.COMMAND_NOT_FINITE,
                joint,
                f"joint {joint!r}: {field} is {values[index]}, want a finite number",
                float(values[index]),
            )
        for field, value, high in (
            ("stiffness_scale", request.stiffness_scale, 1.0),
            ("damping_scale", request.damping_scale, LARGEST_DAMPING_SCALE),
        ):
            if not 0.0 <= value <= high:
                return Reason(
                    ErrorCode.COMMAND_NOT_FINITE,
                    field,
                    f"command from {request.source!r}: {field} is {value}, want 0 .. {high:g}",
                    value,
                    high,
                )
        return None

    def _judge_age(self, request: Request, now: float) -> Reason | None:
        age, parameters = now - request.stamp, self._parameters
        if age > parameters.command_max_age:
            return Reason(
                ErrorCode.COMMAND_STALE,
                request.source,
                f"command from {request.source!r} is {age * 1e3:.0f} ms old, at most "
                f"{parameters.command_max_age * 1e3:.0f} ms are allowed",
                age,
                parameters.command_max_age,
            )
        if age < -parameters.command_ahead:
            return Reason(
                ErrorCode.COMMAND_STALE,
                request.source,
                f"command from {request.source!r} is stamped {-age * 1e3:.0f} ms ahead of now, at "
                f"most {parameters.command_ahead * 1e3:.0f} ms are allowed",
                age,
                -parameters.command_ahead,
            )
        return None

    def _judge_order(self, request: Request, now: float) -> Reason | None:
        if request.sequence > self._sequence:
            return None
        # A publisher that was started again counts from the beginning; silence tells it from a
        # replay.
        if now - self._admitted_at > self._parameters.command_pause:
            return None
        return Reason(
            ErrorCode.COMMAND_OUT_OF_ORDER,
            request.source,
            f"command from {request.source!r} has sequence {request.sequence}, the newest was "
            f"{self._sequence}",
            request.sequence,
            self._sequence,
        )

    def _judge_jump(self, request: Request, set_point: np.ndarray) -> Reason | None:
        limits = self._limits
        excess = np.abs(request.position - set_point) - limits.jump
        index = int(excess.argmax())
        if excess[index] > 0.0:
            jump = float(excess[index] + limits.jump[index])
            joint, bound = limits.names[index], float(limits.jump[index])
            return Reason(
                ErrorCode.POSITION_LIMIT,
                joint,
                f"joint {joint!r}: asked to jump by {jump:.3f} rad from its set-point, at most "
                f"{bound:.3f} rad are believed",
                jump,
                bound,
            )
        excess = np.abs(request.velocity) - ABSURD * limits.velocity
        index = int(excess.argmax())
        if excess[index] > 0.0:
            joint, bound = limits.names[index], float(ABSURD * limits.velocity[index])
            speed = float(request.velocity[index])
            return Reason(
                ErrorCode.VELOCITY_LIMIT,
                joint,
                f"joint {joint!r}: asked for {speed:.1f} rad/s, more than {bound:.1f} rad/s "
                "are not believed",
                speed,
                bound,
            )
        return None
