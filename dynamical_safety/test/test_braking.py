"""Jerk-limited stops: how far they go, and that a stop that fits still fits a tick later."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.braking import Braking

N = 400
seeds = st.integers(0, 2**32 - 1)


def _states(seed: int) -> tuple[np.ndarray, ...]:
    """Random limits, states within them (many near where stops change shape), and tick lengths."""
    rng = np.random.default_rng(seed)
    largest, jerk = 10 ** rng.uniform(0.0, 2.3, N), 10 ** rng.uniform(1.5, 4.5, N)
    dt = 10 ** rng.uniform(-5.0, -2.0)
    acceleration = rng.uniform(-1.0, 1.0, N) ** rng.choice([1, 3, 5], N) * largest
    turning = acceleration**2 / (2.0 * jerk)
    speed = np.maximum(turning, jerk * dt * dt) * 10 ** rng.uniform(-4.0, 3.0, N)
    velocity = speed * rng.choice([-1.0, 1.0], N)
    eased = rng.random(N) < 0.3
    velocity[eased] = (-np.sign(acceleration) * turning * rng.normal(1.0, 1e-3, N))[eased]
    return largest, jerk, velocity, acceleration, np.array(dt)


def _extent(
    braking: Braking, velocity: np.ndarray, acceleration: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far up and down a stop goes at most [rad]."""
    stop = braking.displacement(velocity, acceleration, out=np.zeros(N))
    turn = braking.excursion(velocity, out=np.zeros(N))
    return np.maximum(np.maximum(stop, turn), 0.0), np.minimum(np.minimum(stop, turn), 0.0)


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_a_stop_that_fits_still_fits_after_a_tick_of_braking_of_any_length(seed: int) -> None:
    largest, jerk, velocity, acceleration, tick = _states(seed)
    dt, braking = float(tick), Braking(largest, jerk)
    up, down = _extent(braking, velocity, acceleration)
    wanted = np.clip(braking.easing(-velocity, dt, out=np.zeros(N)), -largest, largest)
    after = np.clip(wanted, acceleration - jerk * dt, acceleration + jerk * dt)
    slower = velocity + after * dt
    farther, lower = _extent(braking, slower, after)
    room = 1e-12 * (1.0 + up - down)
    assert (slower * dt + farther <= up + room).all()
    assert (slower * dt + lower >= down - room).all()


@settings(max_examples=4, deadline=None)
@given(seeds)
def test_the_displacement_is_that_of_the_stop_played_out_in_tiny_ticks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    largest, jerk = rng.uniform(5.0, 50.0, N), rng.uniform(500.0, 5000.0, N)
    velocity, acceleration = rng.uniform(-2.0, 2.0, N), rng.uniform(-1.0, 1.0, N) * largest
    braking, dt = Braking(largest, jerk), 2e-4
    expected = braking.displacement(velocity, acceleration, out=np.zeros(N))
    moved, error, wanted = np.zeros(N), np.zeros(N), np.zeros(N)
    fastest = np.abs(velocity)
    for _ in range(4000):
        np.negative(velocity, out=error)
        braking.easing(error, dt, out=wanted)
        np.clip(wanted, -largest, largest, out=wanted)
        acceleration = np.clip(wanted, acceleration - jerk * dt, acceleration + jerk * dt)
        velocity = velocity + acceleration * dt
        moved += velocity * dt
        np.maximum(fastest, np.abs(velocity), out=fastest)
    assert np.abs(velocity).max() < 1e-6
    # Ticks cost half a tick of travel, and up to one more at either end of the ramp.
    assert (np.abs(moved - expected) <= 3.0 * dt * fastest).all()


def test_a_stop_at_constant_speed_is_the_textbook_trapezoid() -> None:
    braking = Braking(np.array([20.0]), np.array([1000.0]))
    stop: Any = braking.displacement(np.array([2.0]), np.zeros(1), out=np.zeros(1))
    np.testing.assert_allclose(stop, 2.0**2 / (2 * 20.0) + 2.0 * 20.0 / (2 * 1000.0))


def test_several_states_of_each_joint_are_looked_at_together_as_one_by_one() -> None:
    largest, jerk, velocity, acceleration, _ = _states(7)
    together = Braking(largest, jerk, rows=3)
    rows = np.stack([velocity, -velocity, 0.1 * velocity])
    pushes = np.stack([acceleration, acceleration, -acceleration])
    out = together.displacement(rows, pushes, out=np.zeros((3, N)))
    for row, push, stop in zip(rows, pushes, out, strict=True):
        single = Braking(largest, jerk).displacement(row, push, out=np.zeros(N))
        np.testing.assert_array_equal(stop, single)
