"""Joint limits, and the limiter that brings every set-point within them.

The limiter moves one set-point, tick by tick. Its invariant, for ticks of any length: at every
tick the set-point can be braked to rest before the position limits without exceeding the
acceleration limit. Source: a velocity v needs v^2 / (2 a) to stop; the speed that leaves that
distance after one tick of dt at distance d is ``-a dt + sqrt((a dt)^2 + 2 a d)``.
"""

import re
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.joints import JointLimits
from dynamical_safety.errors import LimitsError
from dynamical_safety.parameters import SafetyGateParameters

# A tick longer than this is treated as this long: after a stall the set-point goes on, it does not
# leap.
LONGEST_TICK = 0.010
SHORTEST_TICK = 1e-5


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What each joint may do; all arrays have shape (n,) in robot joint order.

    Attributes:
        names: Joint names.
        lower: Smallest position [rad].
        upper: Largest position [rad].
        velocity: Largest speed [rad/s].
        acceleration: Largest acceleration [rad/s^2].
        effort: Largest feed-forward torque [N m].
        jump: Farthest a command may lie from the set-point [rad].
        tracking_error: Farthest a set-point may stay from the measurement [rad]; inf = any.
    """

    names: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    effort: np.ndarray
    jump: np.ndarray
    tracking_error: np.ndarray

    def __post_init__(self) -> None:
        checks = (
            ("upper minus lower position", self.upper - self.lower),
            ("velocity limit", self.velocity),
            ("acceleration limit", self.acceleration),
        )
        for quantity, values in checks:
            for index in np.flatnonzero(~(values > 0.0)):
                raise LimitsError(self.names[index], quantity, float(values[index]), "> 0")
        for values in (
            self.lower,
            self.upper,
            self.velocity,
            self.acceleration,
            self.effort,
            self.jump,
            self.tracking_error,
        ):
            values.setflags(write=False)


def gate_limits(urdf: JointLimits, parameters: SafetyGateParameters) -> GateLimits:
    """Limits of the robot's URDF, tightened by the gate's parameters.

    Raises:
        LimitsError: If a joint is left with no range or no speed.
    """
    fingers = np.array([bool(re.search(parameters.finger_pattern, name)) for name in urdf.names])
    legs = np.array([bool(re.search(parameters.leg_pattern, name)) for name in urdf.names])
    speed = np.where(
        fingers,
        parameters.finger_speed,
        np.where(legs, parameters.leg_speed, parameters.arm_speed),
    )
    return GateLimits(
        names=urdf.names,
        lower=urdf.lower + parameters.position_margin,
        upper=urdf.upper - parameters.position_margin,
        velocity=np.minimum(speed, urdf.velocity),
        acceleration=np.where(
            fingers, parameters.finger_acceleration, parameters.arm_acceleration
        ),
        effort=urdf.effort.copy(),
        jump=np.where(fingers, parameters.finger_jump, parameters.jump),
        # A finger that holds something is far from its set-point by design.
        tracking_error=np.where(fingers, np.inf, parameters.tracking_error),
    )


class SetPointLimiter:
    """One set-point (position and velocity) that only moves within the limits.

    Args:
        limits: What the joints may do.

    Attributes:
        position: Shape (n,) [rad], the present set-point. Written in place by every step.
        velocity: Shape (n,) [rad/s], its velocity.
    """

    def __init__(self, limits: GateLimits) -> None:
        self.limits = limits
        self.position = np.zeros(len(limits.names))
        self.velocity = np.zeros(len(limits.names))

    def place(self, position: np.ndarray) -> None:
        """Put the set-point at rest at a measured position [rad], brought within the limits."""
        np.clip(position, self.limits.lower, self.limits.upper, out=self.position)
        self.velocity[:] = 0.0

    @property
    def at_rest(self) -> bool:
        """Whether no joint's set-point moves."""
        return not self.velocity.any()

    def follow(
        self, position: np.ndarray, velocity: np.ndarray, *, speed_scale: float, period: float
    ) -> None:
        """Move toward a target that itself moves.

        A target within the limits is met exactly; one beyond them is approached without overshoot.

        Args:
            position: Shape (n,), where the target is at the end of this tick [rad].
            velocity: Shape (n,), its velocity [rad/s].
            speed_scale: 0..1, factor on the velocity limits.
            period: Length of this tick [s].
        """
        dt = _tick(period)
        limits = self.limits
        target = np.clip(position, limits.lower, limits.upper)
        step = limits.acceleration * dt
        cap = limits.velocity * speed_scale
        exact = (target - self.position) / dt
        # Distance to the target in its own frame, and the relative speed that can still be braked.
        gap = exact * dt - velocity * dt
        approach = np.sqrt(step * step + 2.0 * limits.acceleration * np.abs(gap)) - step
        wanted = velocity + np.copysign(approach, gap)
        # One tick can bridge what is left: meet the target exactly. `exact - velocity` within one
        # step of acceleration means that the next tick can match the target's velocity.
        np.copyto(
            wanted,
            exact,
            where=(np.abs(exact - velocity) <= step) & (np.abs(exact - self.velocity) <= step),
        )
        np.minimum(wanted, cap, out=wanted)
        np.maximum(wanted, -cap, out=wanted)
        self._advance(wanted, step, dt)

    def brake(self, period: float) -> None:
        """Slow all joints together, along the path, as fast as the slowest of them may."""
        if self.at_rest:
            return
        dt = _tick(period)
        step = self.limits.acceleration * dt
        ticks = float((np.abs(self.velocity) / step).max())
        wanted = (
            self.velocity * max(0.0, 1.0 - 1.0 / ticks) if ticks > 1.0 else self.velocity * 0.0
        )
        self._advance(wanted, step, dt)

    def _advance(self, wanted: np.ndarray, step: np.ndarray, dt: float) -> None:
        limits = self.limits
        double = 2.0 * limits.acceleration
        square = step * step
        room = np.maximum(limits.upper - self.position, 0.0)
        np.minimum(wanted, np.sqrt(square + double * room) - step, out=wanted)
        room = np.maximum(self.position - limits.lower, 0.0)
        np.maximum(wanted, step - np.sqrt(square + double * room), out=wanted)
        np.minimum(wanted, self.velocity + step, out=wanted)
        np.maximum(wanted, self.velocity - step, out=wanted)
        self.velocity[:] = wanted
        self.position += wanted * dt
        # Rounding may leave the last bit outside; the limit itself is exact.
        np.minimum(self.position, limits.upper, out=self.position)
        np.maximum(self.position, limits.lower, out=self.position)


def _tick(period: float) -> float:
    return min(max(period, SHORTEST_TICK), LONGEST_TICK)
