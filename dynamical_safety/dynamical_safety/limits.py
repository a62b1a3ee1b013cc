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

    Works in place on arrays made once: this is the costliest part of a tick.

    Args:
        limits: What the joints may do.

    Attributes:
        position: Shape (n,) [rad], the present set-point. Written in place by every step.
        velocity: Shape (n,) [rad/s], its velocity.
    """

    def __init__(self, limits: GateLimits) -> None:
        count = len(limits.names)
        self.limits = limits
        self.position = np.zeros(count)
        self.velocity = np.zeros(count)
        self._double = 2.0 * limits.acceleration
        self._target, self._exact, self._wanted = (np.zeros(count) for _ in range(3))
        self._step, self._square = np.zeros(count), np.zeros(count)
        self._a, self._b = np.zeros(count), np.zeros(count)

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
        limits, target, exact, step = self.limits, self._target, self._exact, self._step
        np.minimum(position, limits.upper, out=target)
        np.maximum(target, limits.lower, out=target)
        np.subtract(target, self.position, out=exact)
        np.divide(exact, dt, out=exact)
        np.multiply(limits.acceleration, dt, out=step)
        cap = np.multiply(limits.velocity, speed_scale, out=self._square)
        excess = self._excess(exact, velocity, cap)
        if np.maximum.reduce(excess) <= 0.0:
            self.velocity[:] = exact
            self.position[:] = target
            return
        self._approach(velocity, cap, dt)

    def brake(self, period: float) -> None:
        """Slow all joints together, along the path, as fast as the slowest of them may."""
        if self.at_rest:
            return
        dt = _tick(period)
        np.multiply(self.limits.acceleration, dt, out=self._step)
        ticks = float((np.abs(self.velocity) / self._step).max())
        np.multiply(self.velocity, max(0.0, 1.0 - 1.0 / max(ticks, 1.0)), out=self._wanted)
        self._advance(dt)

    def _excess(self, exact: np.ndarray, velocity: np.ndarray, cap: np.ndarray) -> np.ndarray:
        """How far meeting the target now breaks a limit; at most 0 where it breaks none.

        Meeting it must be possible (acceleration, speed), the next tick must be able to match the
        target's velocity, and the braking distance must be left.
        """
        a, b, step, limits = self._a, self._b, self._step, self.limits
        np.subtract(exact, self.velocity, out=a)
        np.subtract(exact, velocity, out=b)
        np.abs(a, out=a)
        np.abs(b, out=b)
        np.maximum(a, b, out=a)
        np.subtract(a, step, out=a)
        np.abs(exact, out=b)
        np.subtract(b, cap, out=b)
        np.maximum(a, b, out=a)
        # Only the stop that the joint moves toward counts; both at once need one pass less.
        np.subtract(limits.upper, self._target, out=b)
        np.minimum(b, self._target - limits.lower, out=b)
        np.multiply(b, self._double, out=b)
        np.subtract(exact * exact, b, out=b)
        np.maximum(a, b, out=a)
        return a

    def _approach(self, velocity: np.ndarray, cap: np.ndarray, dt: float) -> None:
        """Joint by joint: exactly if possible, otherwise as near as the limits allow."""
        exact, step, wanted = self._exact, self._step, self._wanted
        near = np.abs(exact - velocity) <= step
        near &= np.abs(exact - self.velocity) <= step
        # Distance to the target in its own frame, and the relative speed that can still be braked.
        gap = (exact - velocity) * dt
        reach = np.sqrt(step * step + self._double * np.abs(gap)) - step
        np.add(velocity, np.copysign(reach, gap), out=wanted)
        np.copyto(wanted, exact, where=near)
        np.minimum(wanted, cap, out=wanted)
        np.maximum(wanted, -cap, out=wanted)
        self._advance(dt)

    def _advance(self, dt: float) -> None:
        """Move by the wanted velocity, as far as hard stops and acceleration allow."""
        limits, wanted, step, square = self.limits, self._wanted, self._step, self._square
        np.multiply(step, step, out=square)
        room = np.maximum(limits.upper - self.position, 0.0)
        np.minimum(wanted, np.sqrt(square + self._double * room) - step, out=wanted)
        room = np.maximum(self.position - limits.lower, 0.0)
        np.maximum(wanted, step - np.sqrt(square + self._double * room), out=wanted)
        np.minimum(wanted, self.velocity + step, out=wanted)
        np.maximum(wanted, self.velocity - step, out=wanted)
        self.velocity[:] = wanted
        self.position += wanted * dt
        # Rounding may leave the last bit outside; the limit itself is exact.
        np.minimum(self.position, limits.upper, out=self.position)
        np.maximum(self.position, limits.lower, out=self.position)


def _tick(period: float) -> float:
    return min(max(period, SHORTEST_TICK), LONGEST_TICK)
