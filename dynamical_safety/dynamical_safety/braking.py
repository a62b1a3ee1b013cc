"""Jerk-limited stops in closed form: how far a joint still goes, and how to slow it down.

A stop from velocity v and acceleration a ramps the acceleration by the full jerk J towards braking,
at most to A, and eases it out so that both are 0 together. With the peak speed
``v_p = v + a^2 / 2J`` and ``m = min(A, sqrt(J v_p))`` it ends

    ``S = v a / J + a^3 / 3J^2 + (v_p / 2) (v_p / m + m / J)``

from here: a trapezoid of deceleration where A is reached, else a triangle. Where even easing out at
once overshoots zero velocity, the joint comes back, and S is that of the motion back.
Source: the double-S profile of Biagiotti and Melchiorri, "Trajectory Planning for Automatic
Machines and Robots", 2008, section 3.4, here from any state.

Ticks are discrete: velocity changes by ``a dt`` and position by the new ``v dt``. For ``easing``,
clipped to what acceleration and jerk allow, and a tick of any length, the position reached plus the
stop from there lies within the stop from before; the tests search for an exception. This is why a
stop that fits once still fits later, whatever the lengths of the ticks.
"""

import numpy as np

_TINY = 1e-30


class Braking:
    """Stops of n joints; all arrays are made once and used again by the next call.

    Works with velocities and accelerations divided by the jerk, which leaves one constant.

    Args:
        acceleration: Shape (n,), largest acceleration [rad/s^2].
        jerk: Shape (n,), largest jerk [rad/s^3].
        rows: How many states per joint are looked at together, at most.
    """

    def __init__(self, acceleration: np.ndarray, jerk: np.ndarray, *, rows: int = 1) -> None:
        self.acceleration = acceleration
        self.jerk = jerk
        self._per_jerk = 1.0 / jerk
        self._ramp = acceleration / jerk  # time from no to full deceleration [s]
        self._work = np.zeros((6, rows, len(jerk)))
        self._row_work = self._work[:, 0]
        self._root = np.zeros(len(jerk))

    def displacement(
        self, velocity: np.ndarray, acceleration: np.ndarray, *, out: np.ndarray
    ) -> np.ndarray:
        """Where stops end, relative to where they begin [rad], with the sign of the direction.

        Args:
            velocity: Shape (n,) or (rows, n) [rad/s].
            acceleration: Of the same shape [rad/s^2].
            out: Of the same shape; is returned.
        """
        u, r, sign, peak, side, work = self._row_work if velocity.ndim == 1 else self._work
        np.multiply(velocity, self._per_jerk, out=u)
        np.multiply(acceleration, self._per_jerk, out=r)
        # The direction of the stop is that of the velocity once the acceleration has been removed.
        np.abs(r, out=work)
        np.multiply(work, r, out=work)
        np.multiply(work, 0.5, out=work)
        np.add(work, u, out=work)
        np.copysign(1.0, work, out=sign)
        np.multiply(u, sign, out=u)
        np.multiply(r, sign, out=r)
        np.multiply(r, r, out=work)
        np.multiply(work, 0.5, out=peak)
        np.add(peak, u, out=peak)
        np.maximum(peak, 0.0, out=peak)
        np.sqrt(peak, out=side)
        np.minimum(side, self._ramp, out=side)
        np.maximum(side, _TINY, out=side)
        np.divide(work, 3.0, out=work)
        np.add(work, u, out=work)
        np.multiply(work, r, out=work)
        np.divide(peak, side, out=out)
        np.add(out, side, out=out)
        np.multiply(out, peak, out=out)
        np.multiply(out, 0.5, out=out)
        np.add(out, work, out=out)
        np.multiply(out, sign, out=out)
        np.multiply(out, self.jerk, out=out)
        return out

    def excursion(self, velocity: np.ndarray, *, out: np.ndarray) -> np.ndarray:
        """How far a joint goes at least before it stands, if it is eased out at once [rad].

        Args:
            velocity: Shape (n,) [rad/s].
            out: Shape (n,); is returned.
        """
        np.abs(velocity, out=out)
        np.multiply(out, self._per_jerk, out=out)
        np.multiply(out, 2.0 / 9.0, out=out)
        np.sqrt(out, out=out)
        np.multiply(out, velocity, out=out)
        return out

    def easing(self, error: np.ndarray, dt: float, *, out: np.ndarray) -> np.ndarray:
        """The acceleration that takes a velocity error to 0 without overshoot [rad/s^2].

        After a tick with it, easing out at full jerk ends exactly where the error is 0. What jerk
        and acceleration allow now is not looked at.

        Args:
            error: Shape (n,), velocity wanted minus velocity now [rad/s].
            dt: Length of this tick [s].
            out: Shape (n,), not ``error``; is returned.
        """
        root = self._root
        np.abs(error, out=root)
        np.multiply(root, self._per_jerk, out=root)
        np.multiply(root, 2.0, out=root)
        np.add(root, dt * dt, out=root)
        np.sqrt(root, out=root)
        np.add(root, dt, out=root)
        np.multiply(error, 2.0, out=out)
        np.divide(out, root, out=out)
        return out
