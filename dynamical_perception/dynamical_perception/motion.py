"""Position and velocity of one body from noisy positions: a Kalman filter that knows rest.

Constant-velocity model with white acceleration (Bar-Shalom, Li and Kirubarajan 2001, section 6.2).
A handled object mostly stands still; while it does, its velocity is exactly zero and its position
is averaged, so that noise does not look like motion. Two clear deviations in a row end the rest.
"""

import numpy as np

_AT_REST_DRIFT = (
    0.0015  # random walk of a resting body, for what rest detection misses [m/sqrt(s)]
)
_STRIKES = 2  # deviations in a row that end the rest
_LEAST_STEP = 0.010  # a smaller deviation never ends it [m]
_CLEAR_STEP = 0.025  # one deviation beyond this is enough [m]
_REST_STEP = 0.008  # a body that stays within this distance [m]
_REST_TIME = 0.4  # for this long [s] is at rest
_COAST = 0.3  # a handled object goes on with its velocity this long when unseen [s]
_LATE = 0.5  # an observation older than the newest by more than this is dropped [s]


class BodyFilter:
    """State of one body at the time of its newest observation.

    Args:
        position: Shape (3,) [m].
        noise: Shape (3, 3), covariance of the position [m^2].
        stamp: ROS time of the observation [s].
        acceleration: Standard deviation of its acceleration [m/s^2].
        start_speed: Standard deviation of its unknown velocity at the start [m/s].
        rests: Whether it is taken to rest when nothing shows motion.
        jump: An observation farther away than this means that it was put elsewhere [m].
    """

    def __init__(
        self,
        position: np.ndarray,
        noise: np.ndarray,
        stamp: float,
        *,
        acceleration: float,
        start_speed: float,
        rests: bool,
        jump: float,
    ) -> None:
        self._acceleration = acceleration
        self._start_speed = start_speed
        self._can_rest = rests
        self._jump = jump
        self._begin(position, noise, stamp)

    def _begin(self, position: np.ndarray, noise: np.ndarray, stamp: float) -> None:
        self.stamp = stamp
        self.resting = self._can_rest
        self._strikes = 0
        self._anchor = np.array(position)
        self._still_since = stamp
        self._state = np.concatenate((position, np.zeros(3)))
        self._covariance = np.zeros((6, 6))
        self._covariance[:3, :3] = noise
        if not self.resting:
            self._covariance[3:, 3:] = self._start_speed**2 * np.eye(3)

    def predict(self, stamp: float) -> tuple[np.ndarray, np.ndarray]:
        """State (6,) [m, m/s] and covariance (6, 6) at ROS time ``stamp`` [s]; changes nothing."""
        dt = max(stamp - self.stamp, 0.0)
        state, covariance = self._state.copy(), self._covariance.copy()
        if self.resting:
            covariance[:3, :3] += _AT_REST_DRIFT**2 * dt * np.eye(3)
            return state, covariance
        coast = min(dt, _COAST) if self._can_rest else dt
        move = np.eye(6)
        move[:3, 3:] = coast * np.eye(3)
        state = move @ state
        covariance = move @ covariance @ move.T
        q = self._acceleration**2
        covariance[:3, :3] += q * dt**4 / 4 * np.eye(3)
        covariance[:3, 3:] += q * dt**3 / 2 * np.eye(3)
        covariance[3:, :3] += q * dt**3 / 2 * np.eye(3)
        covariance[3:, 3:] += q * dt**2 * np.eye(3)
        return state, covariance

    def update(self, position: np.ndarray, noise: np.ndarray, stamp: float) -> bool:
        """Take in an observed position; returns whether the body was put elsewhere at once.

        Observations of different cameras may come a little out of order; an older one is moved
        forward by the velocity.

        Args:
            position: Shape (3,) [m].
            noise: Shape (3, 3), its covariance [m^2].
            stamp: ROS time when it was observed [s].
        """
        late = self.stamp - stamp
        if late > _LATE:
            return False
        if late > 0:
            position = position + self._state[3:] * late
            noise = noise + (0.5 * self._acceleration * late**2 + 0.01 * late) ** 2 * np.eye(3)
            stamp = self.stamp
        state, covariance = self.predict(stamp)
        innovation = position - state[:3]
        distance = float(np.linalg.norm(innovation))
        if distance > self._jump:
            self._begin(position, noise, stamp)
            return True
        if self.resting and self._leaves_rest(innovation, noise + covariance[:3, :3]):
            state[:3] = position
            covariance[:] = 0.0
            covariance[:3, :3] = noise
            covariance[3:, 3:] = self._start_speed**2 * np.eye(3)
            self._state, self._covariance, self.stamp = state, covariance, stamp
            self._anchor, self._still_since = state[:3].copy(), stamp
            return False
        total = covariance[:3, :3] + noise
        gain = np.linalg.solve(total, covariance[:3]).T
        self._state = state + gain @ innovation
        keep = np.eye(6)
        keep[:, :3] -= gain
        # Joseph's form stays symmetric and positive definite.
        self._covariance = keep @ covariance @ keep.T + gain @ noise @ gain.T
        self.stamp = stamp
        if self.resting:
            self._state[3:] = 0.0
        elif self._can_rest:
            self._may_rest()
        return False

    def _leaves_rest(self, innovation: np.ndarray, total: np.ndarray) -> bool:
        surprise = float(innovation @ np.linalg.solve(total, innovation))
        distance = float(np.linalg.norm(innovation))
        if surprise < 11.3 or distance < _LEAST_STEP:  # chi-square, 3 degrees of freedom, 99 %
            self._strikes = 0
            return False
        self._strikes += 1
        if self._strikes < _STRIKES and distance < _CLEAR_STEP:
            return False
        self._strikes = 0
        self.resting = False
        return True

    def _may_rest(self) -> None:
        if np.linalg.norm(self._state[:3] - self._anchor) > _REST_STEP:
            self._anchor = self._state[:3].copy()
            self._still_since = self.stamp
        elif self.stamp - self._still_since > _REST_TIME:
            self.resting = True
            self._strikes = 0
            self._state[3:] = 0.0
            self._covariance[3:, :] = 0.0
            self._covariance[:, 3:] = 0.0
