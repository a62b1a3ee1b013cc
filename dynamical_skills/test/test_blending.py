"""Blends: who owns a joint, what is mixed, and that nothing jumps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_skills.blending import WeightedMotion, blended, remaining, restricted, stretched
from dynamical_skills.mixing import Mix
from dynamical_skills.policies.policy import Trajectory
from dynamical_skills.streaming import PERIOD

NAMES = ("a", "b", "c", "d")
START = dict(zip(NAMES, (0.3, -0.2, 0.0, 1.1), strict=True))


def motion_of(names, ends, count):
    """Minimum-jerk motion from ``START``."""
    u = np.linspace(0.0, 1.0, count)[:, None]
    s = u**3 * (10 - 15 * u + 6 * u**2)
    v = 30 * u**2 * (1 - u) ** 2 / (PERIOD * (count - 1))
    begin = np.array([START[name] for name in names])
    way = np.asarray(ends, dtype=float) - begin
    return Trajectory(
        joint_names=tuple(names), period=PERIOD, position=begin + s * way, velocity=v * way
    )


@st.composite
def motions(draw, names=NAMES):
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    ends = [draw(st.floats(-1.5, 1.5)) for _ in chosen]
    return motion_of(chosen, ends, draw(st.integers(5, 120)))


def row(trajectory, name):
    return trajectory.position[:, trajectory.joint_names.index(name)]


@given(motions())
def test_a_blend_of_one_motion_is_that_motion(motion):
    mixed = blended([WeightedMotion(trajectory=motion, weight=0.3)])
    assert mixed.joint_names == motion.joint_names
    np.testing.assert_allclose(mixed.position, motion.position, atol=1e-12)
    np.testing.assert_allclose(mixed.velocity, motion.velocity, atol=1e-12)


@settings(deadline=None)
@given(st.lists(st.tuples(motions(), st.floats(0.1, 5.0)), min_size=1, max_size=4), st.booleans())
def test_a_blend_begins_where_the_robot_is_stays_in_between_and_ends_at_rest(parts, aligned):
    entries = [WeightedMotion(trajectory=motion, weight=weight) for motion, weight in parts]
    mixed = blended(entries, aligned=aligned)
    for name in mixed.joint_names:
        ours = [m for m, _ in parts if name in m.joint_names]
        values = row(mixed, name)
        assert values[0] == pytest.approx(START[name], abs=1e-9)
        low = min(row(m, name).min() for m in ours)
        high = max(row(m, name).max() for m in ours)
        assert (values >= low - 1e-6).all()
        assert (values <= high + 1e-6).all()
        ends = [row(m, name)[-1] for m in ours]
        weights = [weight for m, weight in parts if name in m.joint_names]
        assert values[-1] == pytest.approx(np.average(ends, weights=weights), abs=1e-9)
    np.testing.assert_allclose(mixed.velocity[-1], 0.0, atol=1e-9)
    # Continuous: no step is larger than the largest of the parts allows.
    steps = np.abs(np.diff(mixed.position, axis=0)).max(initial=0.0)
    assert steps <= max(np.abs(np.diff(m.position, axis=0)).max() for m, _ in parts) + 1e-6


@given(motions(names=("a", "b")), motions(names=("c", "d")))
def test_a_joint_that_one_motion_owns_is_moved_by_it_alone(first, second):
    mixed = blended(
        [WeightedMotion(trajectory=first, weight=0.1), WeightedMotion(trajectory=second)],
        aligned=False,
    )
    for motion in (first, second):
        count = len(motion.position)
        for name in motion.joint_names:
            np.testing.assert_allclose(row(mixed, name)[:count], row(motion, name), atol=1e-12)
            np.testing.assert_allclose(row(mixed, name)[count:], row(motion, name)[-1])


def test_a_joint_of_no_precision_is_left_to_the_others():
    first = motion_of("ab", [1.0, 1.0], 30)
    second = motion_of("a", [-1.0], 30)
    mixed = blended(
        [
            WeightedMotion(trajectory=first, precision={"a": 0.0}),
            WeightedMotion(trajectory=second),
        ]
    )
    assert row(mixed, "a")[-1] == pytest.approx(-1.0)
    assert row(mixed, "b")[-1] == pytest.approx(1.0)


def test_precision_decides_who_has_more_of_a_say():
    up, down = motion_of("a", [1.3], 30), motion_of("a", [-0.7], 30)
    mixed = blended(
        [WeightedMotion(trajectory=up, weight=3.0), WeightedMotion(trajectory=down, weight=1.0)]
    )
    assert row(mixed, "a")[-1] == pytest.approx(0.8)


def test_aligned_motions_arrive_together_and_none_gets_faster():
    short, long = motion_of("a", [1.0], 20), motion_of("b", [1.0], 80)
    mixed = blended([WeightedMotion(trajectory=short), WeightedMotion(trajectory=long)])
    assert mixed.duration == pytest.approx(long.duration)
    assert 0.3 < row(mixed, "a")[40] < 0.9
    assert np.abs(mixed.velocity).max() <= np.abs(short.velocity).max() + 1e-9
    np.testing.assert_allclose(stretched(short, 0.1).position, short.position)


@given(motions(), st.floats(0.0, 1.0))
def test_what_remains_of_a_motion_goes_on_exactly_from_there(motion, share):
    since = share * motion.duration
    rest = remaining(motion, since)
    np.testing.assert_allclose(rest.position[-1], motion.position[-1], atol=1e-9)
    cell = min(int(since / PERIOD), len(motion.position) - 2)
    low = np.minimum(motion.position[cell], motion.position[cell + 1]) - 1e-6
    high = np.maximum(motion.position[cell], motion.position[cell + 1]) + 1e-6
    assert ((rest.position[0] >= low) & (rest.position[0] <= high)).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0.0, 0.8)), min_size=2, max_size=6))
def test_a_mix_never_jumps_when_a_motion_joins(arrivals):
    mix, elapsed, at = Mix(), 0.0, dict(START)
    for number, (name, wait) in enumerate(arrivals):
        if name in mix.joints:
            continue
        count = 40
        u = np.linspace(0.0, 1.0, count)[:, None]
        newcomer = Trajectory(
            joint_names=(name,),
            period=PERIOD,
            position=at[name] + u**3 * (10 - 15 * u + 6 * u**2),
            velocity=30 * u**2 * (1 - u) ** 2 / (PERIOD * (count - 1)),
        )
        mix = mix.with_motion(number, newcomer, elapsed=elapsed)
        mixed = mix.trajectory()
        for joint in mixed.joint_names:
            assert row(mixed, joint)[0] == pytest.approx(at[joint], abs=1e-6)
        elapsed = min(wait, mixed.duration)
        for joint in mixed.joint_names:
            at[joint] = float(
                remaining(mixed, elapsed).position[0][mixed.joint_names.index(joint)]
            )
        for key, part in mix.parts.items():
            if part.left(elapsed) <= 0.0:
                mix = mix.without(key)


def test_a_joint_under_way_takes_no_second_motion():
    mix = Mix().with_motion(1, motion_of("ab", [1, 1], 30), elapsed=0.0)
    with pytest.raises(ValueError, match="under way"):
        mix.with_motion(2, motion_of("bc", [1, 1], 30), elapsed=0.1)


def test_restricting_keeps_joints_and_order():
    kept = restricted(motion_of("abc", [1, 2, 3], 10), ["c", "a"])
    assert kept.joint_names == ("a", "c")
    assert kept.position.shape == (10, 2)


def test_no_motions_and_negative_precisions_are_refused():
    with pytest.raises(ValueError, match="no motions"):
        blended([])
    with pytest.raises(ValueError, match="negative"):
        blended([WeightedMotion(trajectory=motion_of("a", [1], 10), weight=-1.0)])
