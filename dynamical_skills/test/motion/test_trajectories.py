"""Time scaling: limits, ends, and what happens without motion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_skills.motion.trajectories import MotionLimits, merged, time_scaled

NAMES = ("waist_yaw_joint", "right_elbow_joint", "right_wrist_yaw_joint")
LIMITS = MotionLimits()
PATHS = st.lists(
    st.tuples(*[st.floats(-1.5, 1.5, allow_nan=False)] * 3), min_size=1, max_size=7
).map(lambda rows: np.array(rows))


@given(PATHS)
@settings(max_examples=60, deadline=None)
def test_a_motion_keeps_to_its_limits_and_rests_at_both_ends(knots: np.ndarray) -> None:
    motion = time_scaled(knots, NAMES, limits=LIMITS)
    step = np.diff(motion.position, axis=0) / motion.period
    assert np.allclose(motion.position[0], knots[0])
    assert np.allclose(motion.position[-1], knots[-1], atol=2e-3)
    assert np.allclose(motion.velocity[[0, -1]], 0.0, atol=1e-9)
    assert (np.abs(motion.velocity) <= LIMITS.velocities(NAMES) * 1.02).all()
    assert (np.abs(step) <= LIMITS.velocities(NAMES) * 1.05 + 0.1).all()
    assert (
        np.abs(np.diff(motion.velocity, axis=0)) / motion.period <= LIMITS.acceleration * 1.1
    ).all()


@given(PATHS)
@settings(max_examples=30, deadline=None)
def test_velocities_are_those_of_the_positions(knots: np.ndarray) -> None:
    motion = time_scaled(knots, NAMES, limits=LIMITS)
    by_position = np.diff(motion.position, axis=0) / motion.period
    by_velocity = 0.5 * (motion.velocity[1:] + motion.velocity[:-1])
    assert np.allclose(by_position, by_velocity, atol=0.12)


def test_no_motion_waits_for_the_shortest_duration() -> None:
    motion = time_scaled(np.zeros((3, 3)), NAMES, limits=LIMITS, shortest=0.5)
    assert motion.duration == pytest.approx(0.5)
    assert not motion.velocity.any()


def test_half_the_speed_takes_at_least_twice_the_time() -> None:
    knots = np.array([[0.0, 0.0, 0.0], [0.9, 0.5, -0.4]])
    fast, slow = (
        time_scaled(knots, NAMES, limits=LIMITS),
        time_scaled(knots, NAMES, limits=LIMITS.slowed(0.5)),
    )
    assert slow.duration >= 1.9 * fast.duration


def test_merged_motions_run_side_by_side_and_the_shorter_one_rests() -> None:
    long = time_scaled(np.array([[0.0], [1.5]]), NAMES[:1], limits=LIMITS)
    short = time_scaled(np.array([[0.0], [0.1]]), NAMES[1:2], limits=LIMITS)
    both = merged(long, short)
    assert both.joint_names == NAMES[:2]
    assert len(both.position) == len(long.position)
    assert both.position[-1].tolist() == pytest.approx([1.5, 0.1])
    assert both.velocity[-1].tolist() == [0.0, 0.0]
