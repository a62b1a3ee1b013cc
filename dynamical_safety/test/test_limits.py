"""The set-point limiter: within limits always, exact when it can be, still when it must be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.braking import Braking
from dynamical_safety.errors import LimitsError
from dynamical_safety.limits import (
    LONGEST_TICK,
    SHORTEST_TICK,
    GateLimits,
    SetPointLimiter,
    gate_limits,
)

N = 3
LIMITS = GateLimits(
    names=("a", "b", "c"),
    lower=np.array([-1.0, -2.0, 0.0]),
    upper=np.array([1.0, 0.5, 1.5]),
    velocity=np.array([2.0, 0.5, 6.0]),
    acceleration=np.array([20.0, 20.0, 100.0]),
    jerk=np.array([1000.0, 2000.0, 20000.0]),
    effort=np.array([10.0, 5.0, 1.0]),
    power=np.array([20.0, 10.0, 5.0]),
    jump=np.full(N, 0.5),
    tracking_error=np.full(N, 0.3),
)
REDUCED = replace(
    LIMITS,
    velocity=0.4 * LIMITS.velocity,
    acceleration=0.5 * LIMITS.acceleration,
    jerk=0.5 * LIMITS.jerk,
)
MIDDLE = np.array([0.0, -0.5, 0.7])
numbers = st.floats(-3.0, 3.0)
vectors = st.lists(numbers, min_size=N, max_size=N).map(np.array)
wild = st.lists(st.one_of(numbers, st.floats(width=32)), min_size=N, max_size=N).map(np.array)
periods = st.one_of(st.just(0.001), st.floats(1e-4, 0.010), st.floats(1e-6, 0.05))
kinds = st.sampled_from(["follow", "reduced", "brake", "commit", "filter"])
steps = st.tuples(vectors, wild, st.floats(0.0, 1.0), periods, kinds)


def smooth(
    time: float, *, amplitude: float = 0.3, rate: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """A motion that begins and goes on without a jump of acceleration: position, velocity."""
    size = amplitude * np.array([1.0, min(1.0, 0.2 / (amplitude * rate)), 1.0])
    phase = rate * time
    turn = 3.0 * rate * np.sin(phase) ** 2 * np.cos(phase)
    return MIDDLE + size * np.sin(phase) ** 3, size * turn


def extent(limiter: SetPointLimiter) -> tuple[np.ndarray, np.ndarray]:
    """How far up and down the stop from the present state goes [rad]."""
    braking = Braking(limiter.limits.acceleration, limiter.limits.jerk)
    stop = braking.displacement(limiter.velocity, limiter.acceleration, out=np.zeros(N))
    turn = braking.excursion(limiter.velocity, out=np.zeros(N))
    return np.maximum(stop, turn), np.minimum(stop, turn)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, min_size=1, max_size=60), vectors)
def test_whatever_is_asked_the_set_point_stays_within_all_limits(
    sequence: Any, start: np.ndarray
) -> None:
    limiter = SetPointLimiter(LIMITS, REDUCED)
    limiter.place(start)
    for position, velocity, scale, period, kind in sequence:
        before_q, before_v = limiter.position.copy(), limiter.velocity.copy()
        before_a = limiter.acceleration.copy()
        ask = {"speed_scale": scale, "period": period}
        if kind == "brake":
            limiter.brake(period)
        elif kind == "commit":
            limiter.commit(velocity, period)
        elif kind == "filter":
            limiter.commit(limiter.propose(position, velocity, **ask) * scale, period)
        else:
            limiter.follow(position, velocity, **ask, reduced=kind == "reduced")
        dt = min(max(period, SHORTEST_TICK), LONGEST_TICK)
        assert np.isfinite(limiter.position).all()
        assert (limiter.position >= LIMITS.lower).all()
        assert (limiter.position <= LIMITS.upper).all()
        assert (np.abs(limiter.velocity) <= LIMITS.velocity + 1e-9).all()
        assert (np.abs(limiter.acceleration) <= LIMITS.acceleration + 1e-9).all()
        change = np.abs(limiter.acceleration - before_a)
        assert (change <= LIMITS.jerk * dt * (1 + 1e-9)).all()
        np.testing.assert_allclose(limiter.position - before_q, limiter.velocity * dt, atol=1e-9)
        np.testing.assert_allclose(
            limiter.velocity - before_v, limiter.acceleration * dt, atol=1e-9
        )
        # Room to stop before the hard stops is always left.
        up, down = extent(limiter)
        assert (limiter.position + up <= LIMITS.upper + 1e-9).all()
        assert (limiter.position + down >= LIMITS.lower - 1e-9).all()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(1e-3, 0.010), min_size=1, max_size=9), st.booleans())
def test_at_full_speed_toward_hard_stops_it_stays_just_before_them(
    ticks: list[float], up: bool
) -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(MIDDLE)
    run = LIMITS.velocity if up else -LIMITS.velocity
    end = LIMITS.upper if up else LIMITS.lower
    time = 0.0
    while time < 4.0:
        for period in ticks:
            limiter.commit(run, period)
            time += period
    assert (np.abs(limiter.position - end) < 0.03).all()
    assert limiter.shortfall > 5.0


@settings(max_examples=10, deadline=None)
@given(vectors, vectors, st.floats(0.2, 1.0), st.sampled_from([0.002, 0.004]))
def test_a_resting_target_is_reached_without_overshoot(
    start: np.ndarray, goal: np.ndarray, scale: float, period: float
) -> None:
    limiter = SetPointLimiter(LIMITS, REDUCED)
    limiter.place(start)
    goal = np.clip(goal, LIMITS.lower, LIMITS.upper)
    side = np.sign(goal - limiter.position)
    zero = np.zeros(N)
    for _ in range(int(6.0 / scale / period)):
        limiter.follow(goal, zero, speed_scale=scale, period=period, reduced=scale < 0.4)
        assert (side * (goal - limiter.position) >= -1e-12).all()
        if limiter.at_rest:
            break
    np.testing.assert_allclose(limiter.position, goal, atol=1e-9)


@settings(max_examples=8, deadline=None)
@given(vectors, vectors, st.lists(st.floats(0.0014, 0.0026), min_size=7, max_size=7))
def test_uneven_ticks_bring_no_overshoot_worth_the_name(
    start: np.ndarray, goal: np.ndarray, ticks: list[float]
) -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(start)
    goal = np.clip(goal, LIMITS.lower, LIMITS.upper)
    side = np.sign(goal - limiter.position)
    for index in range(4000):
        limiter.follow(goal, np.zeros(N), speed_scale=1.0, period=ticks[index % 7])
        # What jerk does in one tick.
        assert (side * (goal - limiter.position) >= -(0.0026**3) * LIMITS.jerk).all()
        if limiter.at_rest:
            break
    np.testing.assert_allclose(limiter.position, goal, atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.02, 0.3), st.floats(0.5, 3.0))
def test_a_motion_within_the_limits_is_followed_exactly(amplitude: float, rate: float) -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(MIDDLE)
    for tick in range(1, 1000):
        target, velocity = smooth(tick * 0.001, amplitude=amplitude, rate=rate)
        limiter.follow(target, velocity, speed_scale=1.0, period=0.001)
        np.testing.assert_allclose(limiter.position, target, atol=1e-9)


def test_a_target_is_caught_up_with_and_then_followed_exactly() -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(MIDDLE - 0.3)
    for tick in range(1, 3000):
        target, velocity = smooth(tick * 0.001)
        limiter.follow(target, velocity, speed_scale=1.0, period=0.001)
        if tick > 1500:
            np.testing.assert_allclose(limiter.position, target, atol=1e-9)


def test_what_is_proposed_is_what_is_committed_and_proposing_moves_nothing() -> None:
    limiter, other = SetPointLimiter(LIMITS), SetPointLimiter(LIMITS)
    for each in (limiter, other):
        each.place(MIDDLE)
    for tick in range(1, 400):
        target, velocity = smooth(tick * 0.005)
        position = limiter.position.copy()
        proposal = limiter.propose(target, velocity, speed_scale=0.7, period=0.001).copy()
        np.testing.assert_array_equal(limiter.position, position)
        limiter.commit(proposal, 0.001)
        np.testing.assert_array_equal(limiter.velocity, proposal)
        assert limiter.shortfall == 0.0
        other.follow(target, velocity, speed_scale=0.7, period=0.001)
        np.testing.assert_array_equal(limiter.position, other.position)


def test_a_velocity_that_is_not_finite_brakes_its_joint() -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(MIDDLE)
    for _ in range(60):
        limiter.commit(np.array([1.0, 0.3, 1.0]), 0.001)
    for _ in range(200):
        limiter.commit(np.array([np.nan, 0.3, -np.inf]), 0.001)
        assert np.isfinite(limiter.position).all()
    np.testing.assert_allclose(limiter.velocity, [0.0, 0.3, 0.0], atol=1e-9)
    for _ in range(200):
        limiter.follow(np.full(N, np.nan), np.zeros(N), speed_scale=1.0, period=0.001)
    assert limiter.at_rest


def test_a_smaller_speed_scale_slows_at_once_but_not_harder_than_allowed() -> None:
    limiter = SetPointLimiter(LIMITS)
    far = np.array([1.0, 0.5, 1.5])
    for _ in range(150):
        limiter.follow(far, np.zeros(N), speed_scale=1.0, period=0.001)
    fast, push = limiter.velocity.copy(), limiter.acceleration.copy()
    limiter.follow(far, np.zeros(N), speed_scale=0.1, period=0.001)
    np.testing.assert_allclose(push[0] - limiter.acceleration[0], 1.0, atol=1e-9)
    assert limiter.velocity[0] < fast[0]
    for _ in range(200):
        limiter.follow(far, np.zeros(N), speed_scale=0.1, period=0.001)
    assert (limiter.velocity <= 0.1 * LIMITS.velocity + 1e-6).all()


def test_reduced_limits_slow_with_full_braking_and_then_bind() -> None:
    limiter, other = SetPointLimiter(LIMITS, REDUCED), SetPointLimiter(LIMITS)
    far = np.array([1.0, 0.5, 1.5])
    for each in (limiter, other):
        each.place(np.array([-1.0, -2.0, 0.0]))
        for _ in range(150):
            each.follow(far, np.zeros(N), speed_scale=1.0, period=0.001)
    for _ in range(150):
        limiter.follow(far, np.zeros(N), speed_scale=1.0, period=0.001, reduced=True)
        other.follow(far, np.zeros(N), speed_scale=0.4, period=0.001)
        moving = far - limiter.position > 0.3
        assert (limiter.velocity[moving] <= other.velocity[moving] + 1e-9).all()
    limiter.place(MIDDLE)
    for _ in range(400):
        limiter.follow(far, np.zeros(N), speed_scale=1.0, period=0.001, reduced=True)
        assert (np.abs(limiter.velocity) <= REDUCED.velocity + 1e-9).all()
        rising = limiter.acceleration * limiter.velocity > 0.0
        push = np.abs(limiter.acceleration)
        assert (push[rising] <= REDUCED.acceleration[rising] + 1e-9).all()


def test_braking_keeps_the_direction_and_ends_at_rest() -> None:
    limiter = SetPointLimiter(LIMITS)
    direction = np.array([0.9, 0.3, 2.0])
    for _ in range(150):
        limiter.commit(direction, 0.001)
    np.testing.assert_allclose(limiter.velocity, direction, atol=1e-9)
    direction = direction / np.linalg.norm(direction)
    while np.linalg.norm(limiter.velocity) > 0.01:
        limiter.brake(0.001)
        now = limiter.velocity / np.linalg.norm(limiter.velocity)
        np.testing.assert_allclose(now, direction, atol=1e-6)
    for _ in range(30):
        limiter.brake(0.001)
    assert limiter.at_rest


@settings(max_examples=40, deadline=None)
@given(vectors, st.integers(1, 200), st.lists(periods, min_size=1, max_size=9))
def test_braking_from_any_motion_ends_at_rest(
    goal: np.ndarray, begun: int, ticks: list[float]
) -> None:
    limiter = SetPointLimiter(LIMITS)
    limiter.place(MIDDLE)
    for _ in range(begun):
        limiter.follow(goal, np.zeros(N), speed_scale=1.0, period=0.001)
    braked = 0.0
    while braked < 0.4:
        for period in ticks:
            limiter.brake(max(period, 1e-4))
            braked += min(max(period, 1e-4), LONGEST_TICK)
    assert limiter.at_rest


def test_what_holds_a_joint_back_is_named() -> None:
    limiter = SetPointLimiter(LIMITS)

    def held_after(ticks: int, position: list[float], **ask: Any) -> tuple[Any, str] | None:
        for _ in range(ticks):
            limiter.follow(
                np.array(position), np.zeros(N), **{"speed_scale": 1.0, "period": 0.001, **ask}
            )
        reason = limiter.held()
        return None if reason is None else (reason.code, reason.subject)

    limiter.place(MIDDLE)
    assert limiter.held() is None
    assert held_after(5, [0.0, -0.5, 0.7]) is None
    assert held_after(5, [0.4, -0.5, 0.7]) == (ErrorCode.JERK_LIMIT, "a")
    assert held_after(40, [0.9, -0.5, 0.7]) == (ErrorCode.ACCELERATION_LIMIT, "a")
    assert held_after(80, [0.9, -0.5, 0.7]) == (ErrorCode.VELOCITY_LIMIT, "a")
    assert held_after(100, [0.9, -0.5, 0.7], speed_scale=0.1) is None
    assert held_after(2000, [0.9, -0.5, 1.7]) == (ErrorCode.POSITION_LIMIT, "c")


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
