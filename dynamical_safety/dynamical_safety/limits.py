"""Joint limits, and the limiter that brings every set-point within them.

The limiter moves one set-point, tick by tick. Its invariant, for ticks of any length: at every
tick the set-point can be braked to rest before the position limits within the limits of speed,
acceleration and jerk. What is wanted is clipped to what these allow and looked at one tick ahead;
a joint whose stop would no longer fit brakes instead, which keeps the invariant (``braking.py``).
"""

import math
import re
from dataclasses import dataclass, fields, replace

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.joints import JointLimits
from dynamical_safety.braking import Braking
from dynamical_safety.errors import LimitsError
from dynamical_safety.limits_overlay import LimitsOverlay
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.pursuit import CANDIDATES, Pursuit
from dynamical_safety.reasons import Reason

# A tick longer than this is treated as this long: after a stall the set-point goes on, it does not
# leap.
LONGEST_TICK = 0.010
SHORTEST_TICK = 1e-5
BEHIND = 0.01  # distance from a target that is worth a word [rad]
ALMOST = 1.0 - 1e-6  # of a limit counts as at the limit
ROUNDING = 1e-12  # [rad]
ABSURD = 1e12  # sum of squares from which numbers mean nothing; NaN is not below it either


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What each joint may do; all arrays have shape (n,) in robot joint order.

    Attributes:
        names: Joint names.
        lower: Smallest position [rad].
        upper: Largest position [rad].
        velocity: Largest speed [rad/s].
        acceleration: Largest acceleration [rad/s^2].
        jerk: Largest jerk [rad/s^3].
        effort: Largest feed-forward torque [N m].
        power: Largest feed-forward torque times measured speed [W].
        jump: Farthest a command may lie from the set-point [rad].
        tracking_error: Farthest a set-point may stay from the measurement [rad]; inf = any.
    """

    names: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray
    effort: np.ndarray
    power: np.ndarray
    jump: np.ndarray
    tracking_error: np.ndarray

    def __post_init__(self) -> None:
        for quantity, values in (
            ("upper minus lower position", self.upper - self.lower),
            ("velocity limit", self.velocity),
            ("acceleration limit", self.acceleration),
            ("jerk limit", self.jerk),
        ):
            for index in np.flatnonzero(~(values > 0.0)):
                raise LimitsError(self.names[index], quantity, float(values[index]), "> 0")
        for quantity, values in (("effort limit", self.effort), ("power limit", self.power)):
            for index in np.flatnonzero(~(values >= 0.0)):
                raise LimitsError(self.names[index], quantity, float(values[index]), ">= 0")
        for item in fields(self):
            if item.name != "names":
                getattr(self, item.name).setflags(write=False)

    def reduced(
        self, parameters: SafetyGateParameters, overlay: LimitsOverlay | None = None
    ) -> "GateLimits":
        """The limits of the state REDUCED: these times the parameters' factors, never looser.

        Positions, jump and tracking error stay: a joint need not be elsewhere to be careful.

        Args:
            parameters: The factors.
            overlay: Tightens further by its block ``reduced``.
        """
        given = {} if overlay is None else overlay.reduced
        tight = {
            name: np.fmin(getattr(self, name) * factor, given.get(name, np.inf))
            for name, factor in (
                ("velocity", parameters.reduced_velocity),
                ("acceleration", parameters.reduced_acceleration),
                ("jerk", parameters.reduced_jerk),
                ("effort", parameters.reduced_effort),
                ("power", parameters.reduced_power),
            )
        }
        return replace(self, **tight)


def gate_limits(
    urdf: JointLimits, parameters: SafetyGateParameters, overlay: LimitsOverlay | None = None
) -> GateLimits:
    """Limits of the robot's URDF, tightened by the gate's parameters and by an overlay.

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
    given = {} if overlay is None else overlay.limits

    def tightest(name: str, values: np.ndarray) -> np.ndarray:
        # NaN in an overlay means not given, which fmin and fmax pass over.
        tight: np.ndarray = np.fmin(values, given.get(name, np.inf))
        return tight

    margin = np.fmax(parameters.position_margin, given.get("margin", 0.0))
    return GateLimits(
        names=urdf.names,
        lower=np.fmax(urdf.lower, given.get("lower", -np.inf)) + margin,
        upper=tightest("upper", urdf.upper) - margin,
        velocity=tightest("velocity", np.minimum(speed, urdf.velocity)),
        acceleration=tightest(
            "acceleration",
            np.where(fingers, parameters.finger_acceleration, parameters.arm_acceleration),
        ),
        jerk=tightest("jerk", np.where(fingers, parameters.finger_jerk, parameters.arm_jerk)),
        # A motor's own controller holds the robot up: all of its torque beside that would throw it.
        effort=tightest("effort", urdf.effort * parameters.feed_forward_share),
        power=tightest("power", np.where(fingers, parameters.finger_power, parameters.arm_power)),
        jump=np.where(fingers, parameters.finger_jump, parameters.jump),
        # A finger that holds something is far from its set-point by design.
        tracking_error=np.where(fingers, np.inf, parameters.tracking_error),
    )


class SetPointLimiter:
    """One set-point (position, velocity, acceleration) that only moves within the limits.

    Works in place on arrays made once: this is a costly part of a tick. Its motion is one of
    backward differences: position changes by velocity times tick, velocity by acceleration times
    tick, and acceleration by at most jerk times tick.

    Args:
        limits: What the joints may do; they may always brake like this.
        reduced: What they may do when asked to be careful, at most ``limits``; ``None`` = the same.

    Attributes:
        position: Shape (n,) [rad], the present set-point. Written in place by every step.
        velocity: Shape (n,) [rad/s], its velocity.
        acceleration: Shape (n,) [rad/s^2], its acceleration.
        shortfall: Largest difference between the velocity last committed and the one asked for,
            over all joints [rad/s].
    """

    def __init__(self, limits: GateLimits, reduced: GateLimits | None = None) -> None:
        count = len(limits.names)
        self.limits = limits
        self.position, self.velocity, self.acceleration = (np.zeros(count) for _ in range(3))
        self.shortfall = 0.0
        self._pursuit = Pursuit(count)
        self._braking = Braking(limits.acceleration, limits.jerk, rows=CANDIDATES)
        self._careful, self._careful_braking = limits, self._braking
        if reduced is not None:
            self._careful = reduced
            self._careful_braking = Braking(reduced.acceleration, reduced.jerk, rows=CANDIDATES)
        self._in_force = limits
        self._half_per_jerk = 0.5 / limits.jerk
        self._half_per_acceleration = 0.5 / limits.acceleration
        self._ramp = 1.5 * limits.acceleration / limits.jerk
        self._asked, self._target, self._cap = (np.zeros(count) for _ in range(3))
        # What was proposed, apart from the array that is handed out.
        self._proposal, self._handed_out = np.zeros(count), np.zeros(count)
        self._proposed_for = 0.0  # length of its tick; 0 = nothing is proposed
        self._meets, self._same = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self._fit = np.ones(count, dtype=bool)
        self._certain, self._obeyed = False, False  # that stops fit; that a proposal was followed
        self._next_velocity, self._next_position = np.zeros(count), np.zeros(count)
        self._low, self._step = np.zeros(count), np.zeros(count)
        self._a, self._b, self._c = (np.zeros(count) for _ in range(3))

    def place(self, position: np.ndarray) -> None:
        """Put the set-point at rest at a measured position [rad], brought within the limits."""
        np.clip(position, self.limits.lower, self.limits.upper, out=self.position)
        self.velocity[:] = 0.0
        self.acceleration[:] = 0.0
        self.shortfall = 0.0
        self._pursuit.forget()
        self._proposed_for, self._obeyed = 0.0, False

    @property
    def at_rest(self) -> bool:
        """Whether no joint's set-point moves or is about to."""
        return not (self.velocity.any() or self.acceleration.any())

    def follow(
        self,
        position: np.ndarray,
        velocity: np.ndarray,
        *,
        speed_scale: float,
        period: float,
        reduced: bool = False,
    ) -> None:
        """Move toward a target that itself moves: ``propose`` and ``commit`` at once."""
        proposal = self.propose(
            position, velocity, speed_scale=speed_scale, period=period, reduced=reduced
        )
        self.commit(proposal, period)

    def propose(
        self,
        position: np.ndarray,
        velocity: np.ndarray,
        *,
        speed_scale: float,
        period: float,
        reduced: bool = False,
    ) -> np.ndarray:
        """The velocity that brings the set-point nearest to a target in this tick; moves nothing.

        A target within the limits is met exactly; one beyond them is approached without overshoot.
        Hard stops are left to ``commit``. For a target that is not finite the set-point brakes.

        Args:
            position: Shape (n,), where the target is at the end of this tick [rad].
            velocity: Shape (n,), its velocity [rad/s].
            speed_scale: 0..1, factor on the velocity limits.
            period: Length of this tick [s].
            reduced: Whether the reduced limits hold. They bound what the set-point seeks to do;
                slowing to a smaller speed has the full ones.

        Returns:
            Shape (n,) [rad/s]; the limiter's own array, overwritten by its next call.
        """
        dt = _tick(period)
        told = position.dot(position) + velocity.dot(velocity) + speed_scale
        if not told < ABSURD:
            return self._propose_braking(dt)
        limits = self._careful if reduced else self.limits
        braking = self._careful_braking if reduced else self._braking
        pursuit, target, work, total = self._pursuit, self._target, self._a, self._b
        self._asked[:], self._in_force = position, limits
        np.minimum(position, limits.upper, out=target)
        np.maximum(target, limits.lower, out=target)
        # A target that was brought back within the position limits rests there.
        np.equal(target, position, out=self._same)
        np.multiply(velocity, self._same, out=work)
        np.subtract(target, self.position, out=total)
        pursuit.take(total, work, braking=braking, dt=dt)
        pursuit.weigh(self.velocity, self.acceleration, braking=braking, dt=dt)
        np.less_equal(pursuit.excess, 0.0, out=self._meets)
        fits = self._stops_fit(pursuit.exact, target, only=self._meets)
        if not fits:
            self._meets &= self._fit
        cap = self._cap
        np.multiply(self.limits.velocity, speed_scale, out=cap)
        np.minimum(cap, limits.velocity, out=cap)
        np.maximum(cap, 0.0, out=cap)
        # Speed still to be gained while the acceleration is taken back counts too.
        np.multiply(pursuit.chosen, pursuit.chosen, out=total)
        np.multiply(total, self._half_per_jerk, out=total)
        np.abs(pursuit.exact, out=work)
        np.add(total, work, out=total)
        np.subtract(total, cap, out=total)
        np.maximum(total, pursuit.excess, out=total)
        self._certain = fits and bool(np.maximum.reduce(total) <= 0.0)
        if self._certain:
            self._proposal[:] = pursuit.exact
        else:
            pursuit.solve(
                self.velocity, self.acceleration, braking=braking, dt=dt, keep=self._meets
            )
            self._seek(dt)
        return self._hand_out(dt)

    def commit(self, velocity: np.ndarray, period: float) -> None:
        """Move by a velocity, as far as hard stops, speed, acceleration and jerk allow.

        Args:
            velocity: Shape (n,) [rad/s]: what ``propose`` returned, or another. A joint for which
                it is not finite brakes.
            period: Length of this tick [s], the same as for ``propose``.
        """
        dt = _tick(period)
        chosen, fresh = self._pursuit.chosen, self._proposed_for == dt
        np.equal(velocity, self._proposal, out=self._same)
        self._obeyed = bool(fresh and np.logical_and.reduce(self._same))
        if self._obeyed:
            self._next_velocity[:] = velocity
        else:
            velocity = self._instead(velocity, dt, proposed=fresh)
        np.multiply(self._next_velocity, dt, out=self._next_position)
        np.add(self._next_position, self.position, out=self._next_position)
        if not (self._obeyed and self._certain) and not self._stops_fit(
            self._next_velocity, self._next_position
        ):
            self._brake_where_stops_do_not_fit(dt)
        np.subtract(self._next_velocity, velocity, out=self._a)
        np.abs(self._a, out=self._a)
        self.shortfall = float(np.maximum.reduce(self._a))
        # Rounding may leave the last bit short of the target or beyond a stop; these are exact.
        np.copyto(self._next_position, self._target, where=self._meets)
        np.minimum(self._next_position, self.limits.upper, out=self._next_position)
        np.maximum(self._next_position, self.limits.lower, out=self.position)
        self.velocity[:] = self._next_velocity
        self.acceleration[:] = chosen
        self._proposed_for = 0.0

    def brake(self, period: float) -> None:
        """Slow all joints together, along the path, as fast as the slowest of them may."""
        if not self.at_rest:
            self.commit(self._propose_braking(_tick(period)), period)

    def held(self) -> Reason | None:
        """Which limit keeps which joint farthest from the target last followed; or ``None``.

        For reports, not for the tick. ``None`` too where another than the limits holds the joint
        back: a speed scale, the reduced speed, or whoever committed less than was proposed.
        """
        if not self._obeyed:
            return None
        behind = np.abs(self._asked - self.position)
        index = int(behind.argmax())
        if not behind[index] > BEHIND:
            return None
        joint, limits = self.limits.names[index], self._in_force
        asked, target = float(self._asked[index]), float(self._target[index])
        if asked != target:
            return _held(ErrorCode.POSITION_LIMIT, joint, "position", asked, target, "rad")
        speed, limit = abs(float(self.velocity[index])), float(self.limits.velocity[index])
        if speed >= ALMOST * self._cap[index]:
            if self._cap[index] < limit:
                return None
            wanted = abs(float(self._pursuit.exact[index]))
            return _held(ErrorCode.VELOCITY_LIMIT, joint, "speed", wanted, limit, "rad/s")
        limit = float(limits.acceleration[index])
        if abs(float(self.acceleration[index])) >= ALMOST * limit:
            code, quantity, unit = ErrorCode.ACCELERATION_LIMIT, "acceleration", "rad/s^2"
        else:
            code, quantity, unit = ErrorCode.JERK_LIMIT, "jerk", "rad/s^3"
            limit = float(limits.jerk[index])
        return _held(code, joint, quantity, math.nan, limit, unit)

    def _instead(self, velocity: np.ndarray, dt: float, *, proposed: bool) -> np.ndarray:
        """Choose accelerations for a velocity other than the one proposed; returns what is meant.

        Where it is the proposed one after all, that stays as it is.
        """
        if not velocity.dot(velocity) < ABSURD:
            velocity = np.where(np.abs(velocity) < ABSURD, velocity, 0.0)
        wanted, low, high, chosen = self._next_velocity, self._c, self._cap, self._pursuit.chosen
        self._same &= proposed
        np.subtract(velocity, self.velocity, out=wanted)
        np.divide(wanted, dt, out=wanted)
        # Jerk may carry the speed beyond what is asked: towards rest then, but not through it,
        # and never faster.
        np.maximum(velocity, 0.0, out=high)
        np.minimum(high, self.limits.velocity, out=high)
        np.minimum(velocity, 0.0, out=low)
        np.maximum(low, -self.limits.velocity, out=low)
        self._restrict(wanted, low=low, high=high, dt=dt)
        np.copyto(chosen, wanted, where=~self._same)
        np.multiply(chosen, dt, out=self._next_velocity)
        np.add(self._next_velocity, self.velocity, out=self._next_velocity)
        self._meets &= self._same
        return velocity

    def _seek(self, dt: float) -> None:
        """Propose what the pursuit has chosen, as far as the speed allowed now lets it."""
        chosen, pursuit = self._pursuit.chosen, self._pursuit
        wanted = self._c
        wanted[:] = chosen
        np.negative(self._cap, out=self._low)
        self._restrict(chosen, low=self._low, high=self._cap, dt=dt)
        np.equal(chosen, wanted, out=self._same)
        np.logical_and(self._meets, self._same, out=self._meets)
        np.multiply(chosen, dt, out=self._proposal)
        np.add(self._proposal, self.velocity, out=self._proposal)
        np.copyto(self._proposal, pursuit.exact, where=self._meets)

    def _propose_braking(self, dt: float) -> np.ndarray:
        """The velocity with which all joints slow together; shape (n,) [rad/s]."""
        limits, chosen = self.limits, self._pursuit.chosen
        speed, rate, work = self._a, self._b, self._c
        np.abs(self.velocity, out=speed)
        # How fast each joint's speed may fall: as it eases out, at full deceleration, and while
        # deceleration builds up. In relation to its speed, all fall as fast as the slowest.
        self._braking.easing(speed, dt, out=rate)
        np.minimum(rate, limits.acceleration, out=rate)
        np.multiply(limits.jerk, dt, out=self._step)
        np.sign(self.velocity, out=work)
        np.multiply(work, self.acceleration, out=work)
        np.subtract(self._step, work, out=work)
        np.minimum(rate, work, out=rate)
        moving = speed > 0.0
        np.divide(rate, speed, out=rate, where=moving)
        slowest = float(np.min(rate, initial=1.0 / dt, where=moving))
        np.multiply(self.velocity, -max(slowest, 0.0), out=chosen)
        self._bound(chosen, dt)
        np.multiply(chosen, dt, out=self._proposal)
        np.add(self._proposal, self.velocity, out=self._proposal)
        # So slow that any later tick may take the rest of the acceleration away.
        still = np.abs(self._proposal) <= limits.jerk * (0.25 * SHORTEST_TICK**2)
        still &= np.abs(self.velocity / dt + self.acceleration) <= self._step
        np.copyto(self._proposal, 0.0, where=still)
        np.divide(self.velocity, -dt, out=chosen, where=still)
        self._meets[:] = False
        self._certain = False
        self._pursuit.forget()
        return self._hand_out(dt)

    def _hand_out(self, dt: float) -> np.ndarray:
        self._proposed_for = dt
        self._handed_out[:] = self._proposal
        return self._handed_out

    def _restrict(
        self, acceleration: np.ndarray, *, low: np.ndarray, high: np.ndarray, dt: float
    ) -> None:
        """Clip an acceleration to where no tick, now or later, need leave a range of velocity."""
        bound, error = self._a, self._b
        np.subtract(high, self.velocity, out=error)
        self._braking.easing(error, dt, out=bound)
        np.minimum(acceleration, bound, out=acceleration)
        np.subtract(low, self.velocity, out=error)
        self._braking.easing(error, dt, out=bound)
        np.maximum(acceleration, bound, out=acceleration)
        self._bound(acceleration, dt)

    def _bound(self, acceleration: np.ndarray, dt: float) -> None:
        """Clip an acceleration to what the limits of jerk and acceleration allow now."""
        limits, bound, step = self.limits, self._a, self._step
        np.multiply(limits.jerk, dt, out=step)
        np.add(self.acceleration, step, out=bound)
        np.minimum(bound, limits.acceleration, out=bound)
        np.minimum(acceleration, bound, out=acceleration)
        np.subtract(self.acceleration, step, out=bound)
        np.maximum(acceleration, bound, out=acceleration)
        np.negative(limits.acceleration, out=bound)
        np.maximum(acceleration, bound, out=acceleration)

    def _stops_fit(
        self, velocity: np.ndarray, position: np.ndarray, *, only: np.ndarray | None = None
    ) -> bool:
        """Whether stops from a next state, with the chosen acceleration, stay within hard stops.

        A bound is looked at first: with ``w = |v| + a^2 / 2J``, no stop is longer than
        ``w^2 / 2A + 3 w A / 2J``. Where that does not tell, ``_fit`` says for which joints they do.

        Args:
            velocity: Shape (n,) [rad/s].
            position: Shape (n,) [rad].
            only: Shape (n,), bool: joints that matter; ``None`` = all.
        """
        limits, chosen = self.limits, self._pursuit.chosen
        stop, turn, work = self._a, self._b, self._c
        np.multiply(chosen, chosen, out=turn)
        np.multiply(turn, self._half_per_jerk, out=turn)
        np.abs(velocity, out=stop)
        np.add(stop, turn, out=stop)
        np.multiply(stop, self._half_per_acceleration, out=turn)
        np.add(turn, self._ramp, out=turn)
        np.multiply(stop, turn, out=stop)
        np.subtract(limits.upper, position, out=turn)
        np.subtract(position, limits.lower, out=work)
        np.minimum(turn, work, out=turn)
        np.subtract(stop, turn, out=stop)
        if only is not None:
            np.multiply(stop, only, out=stop)
        if np.maximum.reduce(stop) <= 0.0:
            return True
        self._braking.displacement(velocity, chosen, out=stop)
        # A joint that overshoots zero velocity and comes back first goes on for a little.
        self._braking.excursion(velocity, out=turn)
        np.maximum(stop, turn, out=work)
        np.maximum(work, 0.0, out=work)
        np.add(work, position, out=work)
        np.subtract(work, ROUNDING, out=work)
        np.less_equal(work, limits.upper, out=self._fit)
        np.minimum(stop, turn, out=work)
        np.minimum(work, 0.0, out=work)
        np.add(work, position, out=work)
        np.add(work, ROUNDING, out=work)
        np.greater_equal(work, limits.lower, out=self._same)
        np.logical_and(self._fit, self._same, out=self._fit)
        if only is not None:
            return bool(np.logical_and.reduce(self._fit | ~only))
        return bool(np.logical_and.reduce(self._fit))

    def _brake_where_stops_do_not_fit(self, dt: float) -> None:
        stop, brake, unfit = self._b, self._c, ~self._fit
        np.negative(self.velocity, out=stop)
        self._braking.easing(stop, dt, out=brake)
        self._bound(brake, dt)
        np.copyto(self._pursuit.chosen, brake, where=unfit)
        np.copyto(self._next_velocity, self.velocity + brake * dt, where=unfit)
        np.copyto(self._next_position, self.position + self._next_velocity * dt, where=unfit)
        self._meets &= self._fit


def _held(
    code: ErrorCode, joint: str, quantity: str, value: float, limit: float, unit: str
) -> Reason:
    asked = "more" if math.isnan(value) else f"{value:.3f} {unit}"
    return Reason(
        code,
        joint,
        f"joint {joint!r}: {quantity} held to {limit:.3f} {unit}, {asked} was asked for",
        value,
        limit,
    )


def _tick(period: float) -> float:
    return min(max(period, SHORTEST_TICK), LONGEST_TICK)
