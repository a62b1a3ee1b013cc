"""The set-point limiter: within limits always, exact when it can be, still when it must be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.errors import LimitsError
from dynamical_safety.limits import GateLimits, SetPointLimiter, gate_limits

N = 3
LIMITS = GateLimits(
    names=("a", "b", "c"),
    lower=np.array([-1.0, -2.0, 0.0]),
    upper=np.array([1.0, 0.5, 1.5]),
    velocity=np.array([2.0, 0.5, 6.0]),
    acceleration=np.array([20.0, 20.0, 100.0]),
    effort=np.array([10.0, 5.0, 1.0]),
    jump=np.full(N, 0.5),
    tracking_error=np.full(N, 0.3),
)
numbers = st.floats(-3.0, 3.0)
vectors = st.lists(numbers, min_size=N, max_size=N).map(np.array)
periods = st.one_of(st.just(0.001), st.floats(1e-4, 0.05))
steps = st.tuples(vectors, vectors, st.floats(0.0, 1.0), periods, st.booleans())


@settings(max_examples=80, deadline=None)
@given(st.lists(steps, min_size=1, max_size=60), vectors)
def test_whatever_is_asked_the_set_point_stays_within_all_limits(
    sequence: Any, start: np.ndarray
) -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(start)
    for position, velocity, scale, period, brake in sequence:
        before_q, before_v = limiter.position.copy(), limiter.velocity.copy()
        if brake:
            limiter.brake(period)
        else:
            limiter.follow(position, velocity, speed_scale=scale, period=period)
        dt = min(period, 0.010)
        assert np.isfinite(limiter.position).all()
        assert (limiter.position >= LIMITS.lower).all()
        assert (limiter.position <= LIMITS.upper).all()
        assert (np.abs(limiter.velocity) <= LIMITS.velocity + 1e-9).all()
        assert (np.abs(limiter.velocity - before_v) <= LIMITS.acceleration * dt + 1e-9).all()
        np.testing.assert_allclose(limiter.position - before_q, limiter.velocity * dt, atol=1e-9)
        # Braking distance from the hard stops is always left.
        distance = limiter.velocity**2 / (2 * LIMITS.acceleration)
        room = np.where(
            limiter.velocity > 0, LIMITS.upper - limiter.position, limiter.position - LIMITS.lower
        )
        assert (distance <= room + 1e-9).all()


@settings(max_examples=15, deadline=None)
@given(vectors, vectors, st.floats(0.1, 1.0))
def test_a_resting_target_is_reached_without_overshoot(
    start: np.ndarray, goal: np.ndarray, scale: float
) -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(start)
    goal = np.clip(goal, LIMITS.lower, LIMITS.upper)
    side = np.sign(goal - limiter.position)
    zero = np.zeros(N)
    for _ in range(int(1250 / scale) + 500):
        limiter.follow(goal, zero, speed_scale=scale, period=0.004)
        assert (side * (goal - limiter.position) >= -1e-12).all()
        if limiter.at_rest:
            break
    np.testing.assert_allclose(limiter.position, goal, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.02, 0.4), st.floats(0.5, 4.0))
def test_a_motion_within_the_limits_is_followed_exactly(amplitude: float, rate: float) -> None:
    limiter = SetPointLimiter(LIMITS)
    size = np.array([1.0, min(1.0, 0.4 / (amplitude * rate)), 1.0]) * amplitude
    middle = np.array([0.0, -0.5, 0.7])
    limiter.place(middle + size)
    for tick in range(1, 1000):
        phase = rate * tick * 0.001
        target = middle + size * np.cos(phase)
        limiter.follow(target, -rate * size * np.sin(phase), speed_scale=1.0, period=0.001)
        np.testing.assert_allclose(limiter.position, target, atol=1e-9)


def test_a_smaller_speed_scale_slows_at_once_but_not_harder_than_allowed() -> None:
    limiter = SetPointLimiter(LIMITS)
    far = np.array([1.0, 0.5, 1.5])
    for _ in range(150):
        limiter.follow(far, np.zeros(N), speed_scale=1.0, period=0.001)
    fast = limiter.velocity.copy()
    limiter.follow(far, np.zeros(N), speed_scale=0.1, period=0.001)
    np.testing.assert_allclose(fast[0] - limiter.velocity[0], 0.020, atol=1e-9)
    for _ in range(150):
        limiter.follow(far, np.zeros(N), speed_scale=0.1, period=0.001)
    assert (limiter.velocity <= 0.1 * LIMITS.velocity + 1e-12).all()


def test_braking_keeps_the_direction_and_ends_at_rest() -> None:
    limiter = SetPointLimiter(LIMITS)
    for _ in range(100):
        limiter.follow(np.array([0.8, 0.1, 1.4]), np.zeros(N), speed_scale=1.0, period=0.001)
    direction = limiter.velocity / np.linalg.norm(limiter.velocity)
    while np.linalg.norm(limiter.velocity) > 0.2:
        limiter.brake(0.001)
        now = limiter.velocity / np.linalg.norm(limiter.velocity)
        np.testing.assert_allclose(now, direction, atol=1e-6)
    for _ in range(300):
        limiter.brake(0.001)
    assert limiter.at_rest


def test_limits_come_from_the_urdf_and_only_become_tighter(robot: Any) -> None:
    limits = gate_limits(robot.urdf, robot.parameters)
    assert limits.names == robot.urdf.names
    assert (limits.velocity <= robot.urdf.velocity).all()
    fingers = np.array(["_hand_" in name for name in limits.names])
    assert (limits.velocity[fingers] <= 6.0).all()
    assert limits.velocity[limits.names.index("right_elbow_joint")] == 2.0
    assert limits.velocity[limits.names.index("left_knee_joint")] == 0.5
    assert np.isinf(limits.tracking_error[fingers]).all()
    assert np.isfinite(limits.tracking_error[~fingers]).all()


def test_a_margin_that_leaves_no_range_is_refused_with_the_joints_name(robot: Any) -> None:
    with pytest.raises(LimitsError, match=r"joint '.*': upper minus lower position is -"):
        gate_limits(robot.urdf, replace(robot.parameters, position_margin=0.49))
