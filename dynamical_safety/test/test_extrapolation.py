"""Requests every 5 ms become a motion that a jerk-limited set-point can follow."""

from typing import Any

import numpy as np

from dynamical_safety.extrapolation import Extrapolation
from dynamical_safety.limits import SetPointLimiter

N = 3


def test_requests_at_200_hz_are_followed_closely_at_1_khz(robot: Any) -> None:
    limits = robot.limits
    middle, size = (limits.lower + limits.upper) / 2, np.minimum(0.1, limits.upper - limits.lower)

    def wanted(time: float) -> tuple[np.ndarray, np.ndarray]:
        turn, rise = np.sin(2.0 * time), np.cos(2.0 * time)
        return middle + size * turn**3 / 4, size * 6.0 * turn**2 * rise / 4

    motion, limiter = Extrapolation(limits.acceleration), SetPointLimiter(limits)
    limiter.place(middle)
    farthest = 0.0
    for tick in range(1500):
        now = tick * 0.001
        if tick % 5 == 0:
            motion.take(*wanted(now), now)
        motion.at(now)
        limiter.follow(motion.position, motion.velocity, speed_scale=1.0, period=0.001)
        farthest = max(farthest, float(np.abs(limiter.position - wanted(now)[0]).max()))
    assert farthest < 1e-5


def test_acceleration_is_only_believed_of_requests_close_together() -> None:
    motion = Extrapolation(np.full(N, 20.0))
    zero, one = np.zeros(N), np.ones(N)
    motion.take(zero, zero, 10.0)
    motion.take(zero, one, 10.005)
    motion.at(10.010)
    np.testing.assert_allclose(motion.velocity, 1.0 + 20.0 * 0.005)  # not 200 rad/s^2
    for stamp in (10.0051, 10.100, 9.0):
        motion.take(zero, zero, stamp)
        motion.at(stamp + 0.005)
        np.testing.assert_array_equal(motion.velocity, zero)


def test_a_request_ahead_of_now_is_not_taken_back() -> None:
    motion = Extrapolation(np.full(N, 20.0))
    motion.take(np.ones(N), np.ones(N), 10.0)
    motion.at(9.99)
    np.testing.assert_array_equal(motion.position, np.ones(N))
