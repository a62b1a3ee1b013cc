"""How the requested motion goes on between two requests.

Requests come every few milliseconds, ticks every one. A straight line from the newest request
leaps in position and velocity when the next one comes, by what the acceleration does meanwhile,
and no jerk limit lets a set-point follow that. With the acceleration between the last two requests
what is left of the leap is what the jerk of the motion does in that time.
"""

import numpy as np

# Requests farther apart, or nearer together, say nothing reliable about acceleration [s].
NEAREST, FARTHEST = 0.001, 0.020


class Extrapolation:
    """The requested motion, carried on from the newest request; all arrays are made once.

    Args:
        acceleration: Shape (n,), largest acceleration that is believed [rad/s^2].

    Attributes:
        position: Shape (n,) [rad], written by ``at``.
        velocity: Shape (n,) [rad/s], written by ``at``.
    """

    def __init__(self, acceleration: np.ndarray) -> None:
        count = len(acceleration)
        self.position, self.velocity = np.zeros(count), np.zeros(count)
        self._largest = acceleration
        self._position, self._velocity = np.zeros(count), np.zeros(count)
        self._acceleration, self._work = np.zeros(count), np.zeros(count)
        self._stamp = -np.inf

    def take(self, position: np.ndarray, velocity: np.ndarray, stamp: float) -> None:
        """Take in a request: shapes (n,) [rad], [rad/s], and its ROS time [s]."""
        apart = stamp - self._stamp
        if NEAREST <= apart <= FARTHEST:
            np.subtract(velocity, self._velocity, out=self._acceleration)
            np.divide(self._acceleration, apart, out=self._acceleration)
            np.minimum(self._acceleration, self._largest, out=self._acceleration)
            np.negative(self._largest, out=self._work)
            np.maximum(self._acceleration, self._work, out=self._acceleration)
        else:
            self._acceleration[:] = 0.0
        self._position[:], self._velocity[:], self._stamp = position, velocity, stamp

    def at(self, now: float) -> None:
        """Write where the motion is now, ROS time [s]; a request ahead of now is not taken back."""
        since = max(now - self._stamp, 0.0)
        np.multiply(self._acceleration, since, out=self.velocity)
        np.multiply(self.velocity, 0.5, out=self._work)
        np.add(self._work, self._velocity, out=self._work)
        np.multiply(self._work, since, out=self._work)
        np.add(self._position, self._work, out=self.position)
        np.add(self.velocity, self._velocity, out=self.velocity)
