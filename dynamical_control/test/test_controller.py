"""The 200 Hz controller: follows, blends, pauses, brakes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_control.controller import BlendLimits, Controller, State
from dynamical_control.interpolation import Chunk, ChunkError, ChunkTrajectory

JOINTS = ("a", "b", "c")
PERIOD = 0.005


def chunk(position, *, trajectory_id=1, offset=0.0, start=0.0, final=True, names=JOINTS, **other):
    position = np.asarray(position, dtype=float)
    velocity = (
        np.gradient(position, 0.02, axis=0) if len(position) > 1 else np.zeros_like(position)
    )
    values = {
        "trajectory_id": trajectory_id,
        "skill_id": "test",
        "start_time": start,
        "offset": offset,
        "period": 0.02,
        "joint_names": names,
        "position": position,
        "velocity": velocity,
        "final": final,
        "abort": False,
    }
    return Chunk(**(values | other))


def smooth(start, end, points=51):
    u = np.linspace(0.0, 1.0, points)[:, None]
    return np.asarray(start) + (np.asarray(end) - start) * (u**3 * (10 - 15 * u + 6 * u**2))


def controller(at=(0.0, 0.0, 0.0)):
    made = Controller(JOINTS, BlendLimits())
    made.anchor(np.array(at))
    made.scale = 1.0
    return made


def play(made, seconds, *, scale=1.0, now=0.0):
    positions = []
    for tick in range(round(seconds / PERIOD)):
        point = made.step(now + (tick + 1) * PERIOD, PERIOD, allowed_scale=scale)
        positions.append(point.position)
    return np.array(positions)


def test_a_trajectory_that_starts_here_is_followed_exactly_and_ends_in_holding():
    made, goal = controller(), np.array([0.5, -0.3, 0.2])
    made.accept(chunk(smooth(np.zeros(3), goal)), 0.0)
    path = play(made, 1.2)
    np.testing.assert_allclose(path[-1], goal, atol=1e-9)
    assert made.state is State.HOLDING
    assert made.final_reached


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3))
def test_a_jump_to_another_trajectory_is_blended_within_acceleration_and_jerk_limits(away):
    made = controller()
    made.accept(chunk(smooth(np.zeros(3), [0.4, 0.4, 0.4])), 0.0)
    first = play(made, 0.5)
    other = smooth(np.array(away), np.array(away) + 0.1)
    made.accept(chunk(other, trajectory_id=2), 0.5)
    second = play(made, 4.0, now=0.5)
    path = np.concatenate([first, second])
    acceleration = np.diff(path, 2, axis=0) / PERIOD**2
    assert np.abs(acceleration).max() < 8.0 * 1.3 + 3.0  # blend limit plus the trajectories' own
    np.testing.assert_allclose(second[-1], other[-1], atol=1e-6)


def test_chunks_of_one_trajectory_join_without_a_seam():
    path = smooth(np.zeros(3), [0.5, 0.2, -0.2])
    made = controller()
    made.accept(chunk(path[:26], final=False), 0.0)
    play(made, 0.3)
    whole = chunk(path)
    made.accept(
        chunk(
            path[10:],
            offset=0.2,
            velocity=whole.velocity[10:],
        ),
        0.3,
    )
    end = play(made, 1.0, now=0.3)
    np.testing.assert_allclose(end[-1], path[-1], atol=1e-9)
    assert made.state is State.HOLDING


def test_running_out_of_chunks_brakes_and_says_starved():
    path = smooth(np.zeros(3), [0.5, 0.5, 0.5])
    made = controller()
    made.accept(chunk(path[:26], final=False), 0.0)
    moved = play(made, 1.5)
    assert made.state is State.STARVED
    assert np.abs(np.diff(moved[-20:], axis=0)).max() < 1e-9
    steps = np.abs(np.diff(moved, 2, axis=0)).max() / PERIOD**2
    assert steps < 25.0


def test_speed_scale_zero_freezes_the_trajectory_and_it_goes_on_afterwards():
    goal = np.array([0.5, 0.0, 0.0])
    made = controller()
    made.accept(chunk(smooth(np.zeros(3), goal)), 0.0)
    play(made, 0.3)
    stopped = play(made, 1.0, scale=0.0, now=0.3)
    assert made.state is State.PAUSED
    assert np.ptp(stopped[-50:], axis=0).max() < 1e-12
    np.testing.assert_allclose(play(made, 3.0, now=1.3)[-1], goal, atol=1e-9)


def test_abort_brakes_and_the_late_pieces_of_that_trajectory_are_ignored():
    path = smooth(np.zeros(3), [0.6, 0.6, 0.6])
    made = controller()
    made.accept(chunk(path[:30], final=False), 0.0)
    play(made, 0.4)
    made.accept(chunk(np.empty((0, 3)), abort=True), 0.4)
    made.accept(chunk(path[25:], offset=0.5), 0.41)
    end = play(made, 1.0, now=0.4)
    assert made.state is State.HOLDING
    assert np.abs(np.diff(end[-20:], axis=0)).max() < 1e-9
    assert end[-1][0] < 0.6 - 1e-3


def test_joints_that_a_trajectory_does_not_name_hold_their_last_command():
    made = controller((0.1, 0.2, 0.3))
    made.accept(chunk(smooth(np.array([0.1]), [0.5]), names=("a",)), 0.0)
    end = play(made, 1.5)[-1]
    np.testing.assert_allclose(end, [0.5, 0.2, 0.3], atol=1e-9)


def test_points_that_lie_in_the_past_are_skipped():
    made = controller()
    made.accept(chunk(smooth(np.zeros(3), [0.1, 0.1, 0.1]), start=10.0), 10.2)
    assert made.elapsed == pytest.approx(0.2)


def test_a_trajectory_with_a_later_start_time_waits_for_it():
    made = controller()
    made.accept(chunk(smooth(np.zeros(3), [0.1, 0.1, 0.1]), start=0.5), 0.0)
    assert np.abs(play(made, 0.45)).max() == 0.0
    assert play(made, 2.0, now=0.45)[-1][0] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": ("a", "b", "tail")}, "tail"),
        ({"period": 0.0}, "period 0.0 s"),
        ({"position": np.full((5, 3), np.nan)}, "not finite"),
        ({"offset": 1.0}, "gap"),
        ({"velocity": np.zeros((2, 3))}, "velocities"),
    ],
)
def test_an_impossible_chunk_is_refused_with_what_is_wrong(change, words):
    position = change.pop("position", smooth(np.zeros(3), [0.1, 0.1, 0.1]))
    with pytest.raises(ChunkError, match=words):
        controller().accept(chunk(position, **change), 0.0)


def test_an_older_trajectory_does_not_replace_a_newer_one():
    made = controller()
    made.accept(chunk(smooth(np.zeros(3), [0.1, 0.1, 0.1]), trajectory_id=5), 0.0)
    with pytest.raises(ChunkError, match="older"):
        made.accept(chunk(smooth(np.zeros(3), [0.2, 0.2, 0.2]), trajectory_id=4), 0.1)


@given(st.floats(0.0, 0.98))
def test_sampling_between_points_agrees_with_a_cubic(time):
    u = np.arange(0, 1.01, 0.02)
    position = np.stack([u**3 - u, u**2, u], axis=1)
    velocity = np.stack([3 * u**2 - 1, 2 * u, np.ones_like(u)], axis=1)
    trajectory = ChunkTrajectory(chunk(position, velocity=velocity), JOINTS)
    at, rate = trajectory.sample(time)
    np.testing.assert_allclose(at, [time**3 - time, time**2, time], atol=1e-9)
    np.testing.assert_allclose(rate, [3 * time**2 - 1, 2 * time, 1.0], atol=1e-7)


def test_a_new_anchor_keeps_the_grip_and_takes_the_rest_as_measured():
    made = controller((0.1, 0.2, 0.9))
    made.anchor(np.array([0.0, 0.0, 0.4]), grip=np.array([False, False, True]))
    np.testing.assert_array_equal(play(made, 0.1)[-1], [0.0, 0.0, 0.9])


def test_a_trajectory_that_begins_later_is_taken_whatever_was_counted_up_to_before():
    made = controller()
    made.accept(chunk(np.zeros((5, 3)), trajectory_id=2**40, start=10.0), 10.0)
    with pytest.raises(ChunkError, match="older than trajectory"):
        made.accept(chunk(np.zeros((5, 3)), trajectory_id=7, start=9.9), 10.1)
    made.accept(chunk(np.zeros((5, 3)), trajectory_id=7, start=10.1), 10.1)
    assert made.trajectory_id == 7


def test_a_trajectory_waits_for_a_robot_that_is_held_back_and_is_not_paused_meanwhile():
    made, goal = controller(), np.array([0.5, -0.3, 0.2])
    made.accept(chunk(smooth(np.zeros(3), goal)), 0.0)
    play(made, 0.4)
    for tick in range(100):
        held = made.step(0.4 + tick * PERIOD, PERIOD, allowed_scale=1.0, held_back=True)
    assert made.state is State.EXECUTING
    assert np.abs(held.velocity).max() < 1e-6
    waited = made.elapsed
    assert waited < 0.6
    np.testing.assert_allclose(play(made, 1.5)[-1], goal, atol=1e-9)
    assert made.state is State.HOLDING
