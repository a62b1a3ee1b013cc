"""How a jerk-limited set-point gets to a target that itself moves: exactly, else without overshoot.

In the target's frame, that acceleration is wanted with which the stop from the end of this tick
ends at the target (``braking.py``). This brings a set-point to a resting target in the shortest
time, and along with a moving one.
"""

import numpy as np

from dynamical_safety.braking import Braking

CANDIDATES = 5
_TINY = 1e-30


class Pursuit:
    """Finds the accelerations of n joints toward one target; all arrays are made once.

    Velocities are those of backward differences: means over the tick. A target's velocity is told
    for the end of the tick; its acceleration is taken from how that changes.

    Args:
        count: Number n of joints.

    Attributes:
        exact: Shape (n,), velocity that meets the target in this tick [rad/s].
        chosen: Shape (n,), acceleration wanted in this tick [rad/s^2].
        excess: Shape (n,), at most 0 where meeting the target breaks no limit; by ``weigh``.
    """

    def __init__(self, count: int) -> None:
        self.exact, self.chosen, self.excess = (np.zeros(count) for _ in range(3))
        self._velocity, self._acceleration = np.zeros(count), np.zeros(count)
        self._known = False
        self._step, self._low, self._high = (np.zeros(count) for _ in range(3))
        self._a, self._b, self._c = (np.zeros(count) for _ in range(3))
        self._candidates, self._misses, self._left, self._right = (
            np.zeros((CANDIDATES, count)) for _ in range(4)
        )

    def forget(self) -> None:
        """Take the next target for one that has not been followed before."""
        self._known = False

    def take(self, gap: np.ndarray, velocity: np.ndarray, *, braking: Braking, dt: float) -> None:
        """Take in the target of this tick.

        Args:
            gap: Shape (n,), from the set-point now to the target at the end of the tick [rad].
            velocity: Shape (n,), the target's velocity then [rad/s].
            braking: Limits of acceleration and jerk.
            dt: Length of this tick [s].
        """
        change, bound = self._a, self._b
        np.divide(gap, dt, out=self.exact)
        np.multiply(braking.jerk, dt, out=self._step)
        if self._known:
            np.subtract(velocity, self._velocity, out=change)
            np.divide(change, dt, out=change)
            # A jump of its velocity is no acceleration to go along with: jerk bounds it too.
            np.subtract(change, self._acceleration, out=change)
            np.minimum(change, self._step, out=change)
            np.negative(self._step, out=bound)
            np.maximum(change, bound, out=change)
            np.add(change, self._acceleration, out=change)
            np.minimum(change, braking.acceleration, out=change)
            np.negative(braking.acceleration, out=bound)
            np.maximum(change, bound, out=self._acceleration)
        else:
            self._acceleration[:] = 0.0
            self._known = True
        self._velocity[:] = velocity

    def weigh(
        self, velocity: np.ndarray, acceleration: np.ndarray, *, braking: Braking, dt: float
    ) -> None:
        """Choose to meet the target now, and see how far that breaks a limit.

        Meeting it must be possible (acceleration, jerk), the next tick must be able to match the
        target's velocity, and the tick after that its acceleration.

        Args:
            velocity: Shape (n,), of the set-point [rad/s].
            acceleration: Shape (n,), of the set-point [rad/s^2].
            braking: Limits of acceleration and jerk.
            dt: Length of this tick [s].
        """
        chosen, worst, work, matching = self.chosen, self.excess, self._b, self._c
        np.subtract(self.exact, velocity, out=chosen)
        np.divide(chosen, dt, out=chosen)
        np.subtract(chosen, acceleration, out=worst)
        np.abs(worst, out=worst)
        np.subtract(self._velocity, self.exact, out=matching)
        np.divide(matching, dt, out=matching)
        np.multiply(self._acceleration, 0.5, out=work)
        np.add(matching, work, out=matching)
        np.subtract(matching, chosen, out=work)
        np.abs(work, out=work)
        np.maximum(worst, work, out=worst)
        np.subtract(matching, self._acceleration, out=work)
        np.abs(work, out=work)
        np.maximum(worst, work, out=worst)
        np.subtract(worst, self._step, out=worst)
        np.abs(chosen, out=work)
        np.subtract(work, braking.acceleration, out=work)
        np.maximum(worst, work, out=worst)

    def solve(
        self,
        velocity: np.ndarray,
        acceleration: np.ndarray,
        *,
        braking: Braking,
        dt: float,
        keep: np.ndarray,
    ) -> None:
        """Choose the accelerations after which the stops end at the target, or as near as can be.

        The miss of the target grows with the acceleration. It is looked at for a few, among them
        the one that eases the motion out, and its zero interpolated. From that one on the miss is
        convex in the direction of motion: the interpolation errs to the near side.

        Args:
            velocity: Shape (n,), of the set-point [rad/s].
            acceleration: Shape (n,), of the set-point [rad/s^2].
            braking: Limits of acceleration and jerk.
            dt: Length of this tick [s].
            keep: Shape (n,), bool: joints whose choice stays, because they meet the target.
        """
        low, high, middle, target_velocity = self._low, self._high, self._a, self._b
        np.subtract(acceleration, self._step, out=self._a)
        np.add(acceleration, self._step, out=self._b)
        # Beyond a limit that has just become smaller, the way back is as fast as jerk allows.
        np.negative(braking.acceleration, out=low)
        np.maximum(low, self._a, out=low)
        np.minimum(low, self._b, out=low)
        np.minimum(braking.acceleration, self._b, out=high)
        np.maximum(high, self._a, out=high)
        np.multiply(self._acceleration, -0.5 * dt, out=target_velocity)
        np.add(target_velocity, self._velocity, out=target_velocity)
        np.multiply(self._acceleration, -dt, out=self._c)
        np.subtract(self._c, velocity, out=self._c)
        np.add(self._c, target_velocity, out=self._c)
        braking.easing(self._c, dt, out=middle)
        np.add(middle, self._acceleration, out=middle)
        np.maximum(middle, low, out=middle)
        np.minimum(middle, high, out=middle)
        candidates, misses, left, right = self._candidates, self._misses, self._left, self._right
        candidates[0], candidates[2], candidates[4] = low, middle, high
        np.add(candidates[0:3:2], candidates[2:5:2], out=candidates[1:4:2])
        np.multiply(candidates[1:4:2], 0.5, out=candidates[1:4:2])
        np.multiply(candidates, dt, out=left)
        np.add(left, velocity, out=left)
        np.subtract(left, self.exact, out=misses)
        np.multiply(misses, dt, out=misses)
        np.subtract(left, target_velocity, out=left)
        np.subtract(candidates, self._acceleration, out=right)
        braking.displacement(left, right, out=left)
        np.add(misses, left, out=misses)
        # Of each interval between candidates, the part below the zero: from none to all.
        width, part = left[1:], right[1:]
        np.subtract(misses[1:], misses[:-1], out=width)
        np.maximum(width, _TINY, out=width)
        np.divide(misses[:-1], width, out=part)
        np.minimum(part, 0.0, out=part)
        np.maximum(part, -1.0, out=part)
        np.subtract(candidates[1:], candidates[:-1], out=width)
        np.multiply(part, width, out=part)
        np.add.reduce(part, axis=0, out=middle)
        np.subtract(low, middle, out=middle)
        np.copyto(middle, self.chosen, where=keep)
        self.chosen[:] = middle
