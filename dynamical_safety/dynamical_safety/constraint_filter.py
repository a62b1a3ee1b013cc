"""The constraint filter: the joint velocity nearest to the requested one that breaks no barrier.

For each barrier with distance d and margin m, a velocity v must satisfy ``d/dt d >= -rate (d -
m)``: what is near may come nearer only slowly, and at the margin not at all. Among the velocities
that do, the quadratic programme ``min |W (v - v_requested)|^2`` finds the nearest. Source: Ames et
al. 2019, "Control Barrier Functions: Theory and Applications", ECC, III.

Rest satisfies every barrier, so that the filter never makes the robot faster than it was asked to
be (in the weighted norm), and never moves a robot that is asked to rest.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import daqp
import numpy as np

from dynamical_safety.barriers import BarrierSet, RobotBarriers
from dynamical_safety.limits import GateLimits
from dynamical_safety.obstacles import ObstacleTable
from dynamical_safety.parameters import SafetyGateParameters

# Farthest a set-point may be from where the barriers were measured: they are straight lines [rad].
FARTHEST = 0.1
# Share of the requested motion that may be turned into moving apart what is too near.
RECOVERY_SHARE = 0.1
# The trunk moves both arms: to change its motion costs more than to change one arm's.
TRUNK_WEIGHT = 2.0

_TICK = 0.001  # of the gate [s]
_TOLERANCE = 1e-5  # by which a solution may miss a barrier [m/s]
_NO_BOUND = 1e30
_MOST_ITERATIONS = 500


class FilterStatus(IntEnum):
    """What became of a requested velocity. From ``INFEASIBLE`` on the robot must stop."""

    UNCHANGED = 0
    CHANGED = 1
    INFEASIBLE = 2
    NOT_SOLVED = 3
    LATE = 4
    STALE = 5
    NOT_FINITE = 6


@dataclass(frozen=True, slots=True)
class FilterResult:
    """What the joints may do.

    Attributes:
        velocity: Shape (n,) [rad/s]; 0 where the robot must stop. Not to be written to.
        status: What was done.
        active: Pairs of link and what it is kept from, that made the difference; joints by their
            name with "joint limit".
    """

    velocity: np.ndarray
    status: FilterStatus
    active: tuple[tuple[str, str], ...] = ()

    @property
    def must_stop(self) -> bool:
        """Whether no velocity was found that the robot may have."""
        return self.status >= FilterStatus.INFEASIBLE


class ConstraintFilter:
    """Filters velocities against the barriers of one robot.

    Args:
        limits: What the joints may do.
        barriers: Measures distances.
        parameters: How near is too near.
    """

    def __init__(
        self, limits: GateLimits, *, barriers: RobotBarriers, parameters: SafetyGateParameters
    ) -> None:
        self._limits = limits
        self._parameters = parameters
        self._robot = barriers
        self._free = np.flatnonzero(barriers.robot.free)
        trunk = barriers.robot.free & ~barriers.robot.limb_joints
        self._scale = 1.0 / np.where(trunk, TRUNK_WEIGHT, 1.0)[self._free]
        self._square = np.eye(len(self._free))
        self._zero = np.zeros(len(self._free))
        self._rest = np.zeros(len(limits.names))
        self._rest.setflags(write=False)
        # The speed that leaves the braking distance d after a tick: see ``limits``.
        self._step = limits.acceleration * _TICK
        self._double = 2.0 * limits.acceleration
        self._states = np.empty((len(limits.names), 2))
        self._set: BarrierSet | None = None
        self._finite = False
        self._rows = np.zeros((0, len(self._free)))
        self._upper_bound = np.empty(0)
        self._lower_bound = np.empty(0)
        self._senses = np.empty(0, dtype=np.int32)

    @property
    def barriers(self) -> BarrierSet | None:
        """Barriers as last measured; ``None`` = not yet, or from numbers that are not finite."""
        return self._set if self._finite else None

    def refresh(self, position: np.ndarray, obstacles: ObstacleTable, now: float) -> None:
        """Measure all barriers anew.

        Args:
            position: Shape (n,), the posture as for :meth:`filter` [rad].
            obstacles: What is around, at ``now``.
            now: Time [s], a clock that only grows.
        """
        self._finite = math.isfinite(float(position.sum())) and obstacles.usable
        if not self._finite:
            return
        self._set = self._robot.measure(position, obstacles, now)
        self._rows = self._set.gradient[:, self._free] * self._scale
        size = len(self._free) + len(self._set)
        if len(self._senses) != size:
            self._upper_bound = np.full(size, _NO_BOUND)
            self._lower_bound = np.empty(size)
            self._senses = np.zeros(size, dtype=np.int32)

    def filter(
        self,
        velocity: np.ndarray,
        set_point: np.ndarray,
        *,
        posture: np.ndarray | None = None,
        lower: np.ndarray | None = None,
        upper: np.ndarray | None = None,
    ) -> FilterResult:
        """The nearest velocity that may be.

        Args:
            velocity: Shape (n,), what is requested [rad/s].
            set_point: Shape (n,), where the joints are commanded to be now [rad].
            posture: Shape (n,), where the links are, if that differs: fingers that hold something
                are commanded to be inside it [rad].
            lower: Shape (n,), least velocity that can be had, as from an acceleration limit
                [rad/s]; speed and position limits apply anyway.
            upper: Shape (n,), greatest [rad/s].
        """
        if posture is None:
            posture = set_point
        total = float(velocity.sum()) + float(set_point.sum()) + float(posture.sum())
        if not math.isfinite(total) or (self._set is not None and not self._finite):
            return FilterResult(self._rest, FilterStatus.NOT_FINITE)
        barriers = self._set
        if barriers is None:
            return FilterResult(self._rest, FilterStatus.STALE)
        states = self._states
        states[:, 0] = velocity
        moved = np.subtract(posture, barriers.position, out=states[:, 1])
        if max(float(moved.max()), -float(moved.min())) > FARTHEST:
            return FilterResult(self._rest, FilterStatus.STALE)
        low, high = self._bounds(set_point, lower, upper)
        rates = barriers.gradient @ states
        needed = self._needed(barriers, velocity, barriers.room + rates[:, 1])
        missing = needed - rates[:, 0]
        if (
            (len(missing) == 0 or float(missing.max()) <= 0.0)
            and bool((velocity <= high).all())
            and bool((velocity >= low).all())
        ):
            return FilterResult(velocity, FilterStatus.UNCHANGED)
        return self._solve(velocity, missing, needed, low, high)

    def _bounds(
        self, set_point: np.ndarray, lower: np.ndarray | None, upper: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest velocity of each joint [rad/s]."""
        limits, step = self._limits, self._step
        room = np.maximum(limits.upper - set_point, 0.0)
        high = np.minimum(limits.velocity, np.sqrt(step * step + self._double * room) - step)
        room = np.maximum(set_point - limits.lower, 0.0)
        low = np.maximum(-limits.velocity, step - np.sqrt(step * step + self._double * room))
        if lower is not None:
            np.maximum(low, lower, out=low)
        if upper is not None:
            np.minimum(high, upper, out=high)
        return low, high

    def _needed(self, barriers: BarrierSet, velocity: np.ndarray, room: np.ndarray) -> np.ndarray:
        """Least rate of each distance, shape (k,) [m/s]; above 0 only to move apart slowly."""
        parameters = self._parameters
        needed = room * -parameters.barrier_rate
        if len(room) and float(room.min()) < 0.0:
            share = RECOVERY_SHARE * (np.abs(barriers.gradient) @ np.abs(velocity))
            apart = np.minimum(share, parameters.barrier_recovery)
            np.minimum(apart, np.maximum(needed, 0.0), out=apart)
        else:
            apart = 0.0
        needed += barriers.approach
        return np.minimum(needed, apart, out=needed)

    def _solve(
        self,
        velocity: np.ndarray,
        missing: np.ndarray,
        needed: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
    ) -> FilterResult:
        free, count = self._free, len(self._free)
        upper, lower = self._upper_bound, self._lower_bound
        wanted = velocity[free]
        upper[:count] = (high[free] - wanted) / self._scale
        lower[:count] = (low[free] - wanted) / self._scale
        if float((lower[:count] - upper[:count]).max()) > _TOLERANCE:
            return FilterResult(self._rest, FilterStatus.INFEASIBLE)
        np.minimum(lower[:count], upper[:count], out=lower[:count])
        lower[count:] = missing
        solution, flag, multipliers = self._minimise()
        if flag == -1 and len(needed) and float(needed.max()) > 0.0:
            # What is too near on two sides cannot be moved apart on both.
            lower[count:] = missing - np.maximum(needed, 0.0)
            solution, flag, multipliers = self._minimise()
        if flag != 1:
            return FilterResult(self._rest, _FAILURES.get(flag, FilterStatus.NOT_SOLVED))
        result = velocity.copy()
        result[free] += solution * self._scale
        kept = self._rows @ solution - lower[count:]
        if not math.isfinite(float(result.sum())) or (
            len(kept) and float(kept.min()) < -_TOLERANCE
        ):
            return FilterResult(self._rest, FilterStatus.NOT_SOLVED)
        return FilterResult(result, FilterStatus.CHANGED, self._names(multipliers))

    def _minimise(self) -> tuple[np.ndarray, int, np.ndarray]:
        self._senses[:] = 0
        solution, _, flag, info = daqp.solve(
            self._square,
            self._zero,
            self._rows,
            self._upper_bound,
            self._lower_bound,
            self._senses,
            time_limit=self._parameters.barrier_time_limit,
            iter_limit=_MOST_ITERATIONS,
        )
        return solution, int(flag), info["lam"]

    def _names(self, multipliers: np.ndarray) -> tuple[tuple[str, str], ...]:
        assert self._set is not None
        count = len(self._free)
        return tuple(
            self._set.names(row - count)
            if row >= count
            else (self._limits.names[self._free[row]], "joint limit")
            for row in np.flatnonzero(np.abs(multipliers) > 1e-9).tolist()
        )


_FAILURES = {-1: FilterStatus.INFEASIBLE, -7: FilterStatus.LATE}
