"""The driver's last check: what moves the robot, what does not, and what silence does."""

from dataclasses import replace

import numpy as np
import pytest

from dynamical_control.command_guard import CommandGuard, Phase, SealedCommand, Verdict
from dynamical_interfaces import seal

KEY = bytes(range(32))
NAMES = ("shoulder", "elbow", "wrist")
FOUND = np.array([0.1, 0.2, 0.3])
WANTED = np.array([0.5, 0.6, 0.7])
START = 1000.0


def command(sealed_sequence, *, at=START, key=KEY, names=NAMES, **changes):
    """A command sealed with ``key``; ``changes`` are made after sealing."""
    values = {
        "sequence": sealed_sequence,
        "trajectory_id": 7,
        "stamp_ns": int(at * 1e9),
        "position": WANTED.copy(),
        "velocity": np.array([0.4, 0.0, -0.4]),
        "effort": np.array([1.0, 2.0, 3.0]),
    }
    sealed = {name: changes.pop(f"sealed_{name}", value) for name, value in values.items()}
    tag = seal.tag(
        key, names=seal.names_digest(names), stiffness_scale=1.0, damping_scale=1.0, **sealed
    )
    made = SealedCommand(joint_names=names, stiffness=1.0, damping=1.0, tag=tag, **sealed)
    return replace(made, **changes)


@pytest.fixture
def guard():
    made = CommandGuard(KEY, NAMES)
    made.place(FOUND, 0.0)
    return made


def give(guard, made, *, at=START):
    """Both clocks tell the same time in these tests."""
    return guard.receive(made, ros_time=at, clock=at)


def test_before_the_first_command_the_found_position_is_held(guard):
    assert guard.phase(START) is Phase.WAITING
    np.testing.assert_array_equal(guard.output(START).position, FOUND)
    np.testing.assert_array_equal(guard.output(START).velocity, 0.0)


def test_a_sealed_fresh_command_is_followed(guard):
    assert give(guard, command(1)) is Verdict.ACCEPTED
    output = guard.output(START)
    np.testing.assert_array_equal(output.position, WANTED)
    np.testing.assert_array_equal(output.effort, [1.0, 2.0, 3.0])
    assert guard.phase(START) is Phase.FOLLOWING


@pytest.mark.parametrize(
    "forged",
    [
        command(1, tag=b""),
        command(1, tag=bytes(16)),
        command(1, key=bytes(32)),
        command(1, position=WANTED + 0.001),
        command(1, velocity=np.zeros(3)),
        command(1, effort=np.zeros(0)),
        command(1, stiffness=0.5),
        command(1, damping=2.0),
        command(1, trajectory_id=8),
        command(1, sequence=2),
        command(1, stamp_ns=int(START * 1e9) + 1),
    ],
)
def test_a_command_with_a_wrong_seal_does_not_move_the_robot(guard, forged):
    assert give(guard, forged) is Verdict.NOT_AUTHENTIC
    np.testing.assert_array_equal(guard.output(START).position, FOUND)
    assert guard.counts[Verdict.NOT_AUTHENTIC] == guard.refused == 1


def test_a_replayed_command_is_refused(guard):
    first = command(5)
    assert give(guard, first) is Verdict.ACCEPTED
    assert give(guard, first, at=START + 0.001) is Verdict.REPLAYED
    older = command(4, at=START + 0.001)
    assert give(guard, older, at=START + 0.001) is Verdict.REPLAYED


@pytest.mark.parametrize("offset", [-0.021, 0.021, 3600.0])
def test_a_command_that_is_old_or_from_the_future_is_refused(guard, offset):
    assert give(guard, command(1, at=START + offset)) is Verdict.STALE
    np.testing.assert_array_equal(guard.output(START).position, FOUND)


@pytest.mark.parametrize(
    "names", [("shoulder", "wrist", "elbow"), ("shoulder", "elbow"), (*NAMES, "tail")]
)
def test_other_joints_than_the_robots_are_refused(guard, names):
    assert give(guard, command(1, names=names)) is Verdict.WRONG_JOINTS


def test_arrays_of_another_size_are_refused(guard):
    assert give(guard, command(1, sealed_position=np.zeros(2))) is Verdict.WRONG_JOINTS
    assert give(guard, command(1, sealed_effort=np.zeros(2))) is Verdict.WRONG_JOINTS


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused_even_with_a_right_seal(guard, bad):
    position = np.array([0.1, bad, 0.3])
    assert give(guard, command(1, sealed_position=position)) is Verdict.NOT_FINITE
    np.testing.assert_array_equal(guard.output(START).position, FOUND)


def test_twenty_milliseconds_of_silence_hold_the_position_and_keep_the_torque(guard):
    give(guard, command(1))
    assert guard.phase(START + 0.019) is Phase.FOLLOWING
    assert guard.phase(START + 0.021) is Phase.HOLDING
    output = guard.output(START + 0.060)
    np.testing.assert_array_equal(output.position, WANTED)
    np.testing.assert_allclose(output.velocity, [0.2, 0.0, -0.2])
    np.testing.assert_array_equal(output.effort, [1.0, 2.0, 3.0])


def test_a_hundred_milliseconds_of_silence_leave_the_robot_standing(guard):
    give(guard, command(1))
    assert guard.phase(START + 0.101) is Phase.STOPPED
    output = guard.output(START + 0.2)
    np.testing.assert_array_equal(output.velocity, 0.0)
    np.testing.assert_array_equal(output.position, WANTED)
    np.testing.assert_array_equal(output.effort, [1.0, 2.0, 3.0])


def test_silence_does_not_bring_back_the_drive_torque_that_the_gate_took_away(guard):
    off = command(1)
    tag = seal.tag(
        KEY,
        sequence=1,
        trajectory_id=7,
        stamp_ns=off.stamp_ns,
        names=seal.names_digest(NAMES),
        position=off.position,
        velocity=off.velocity,
        effort=off.effort,
        stiffness_scale=0.0,
        damping_scale=1.0,
    )
    assert give(guard, replace(off, stiffness=0.0, tag=tag)) is Verdict.ACCEPTED
    for silence in (0.0, 0.05, 0.2, 10.0):
        assert guard.output(START + silence).stiffness == 0.0


def test_a_restarted_gate_is_heard_only_after_the_robot_stands(guard):
    give(guard, command(900))
    early, late = START + 0.09, START + 0.15
    assert give(guard, command(1, at=early), at=early) is Verdict.REPLAYED
    assert give(guard, command(1, at=late), at=late) is Verdict.ACCEPTED
    assert give(guard, command(2, at=late + 0.001), at=late + 0.001) is Verdict.ACCEPTED


def test_a_recording_of_an_earlier_gate_is_refused_even_after_silence(guard):
    old, new = command(1, at=START - 0.01), command(5)
    give(guard, new)
    assert guard.receive(old, ros_time=START, clock=START + 1.0) is Verdict.REPLAYED


def test_a_jump_of_the_system_clock_does_not_hide_silence(guard):
    give(guard, command(1))
    # ROS time is set back by an hour; the monotonic clock goes on.
    late = command(2, at=START - 0.015)
    assert guard.receive(late, ros_time=START - 3600.0, clock=START + 0.15) is Verdict.STALE
    assert guard.phase(START + 0.15) is Phase.STOPPED


def test_after_the_system_clock_was_set_back_the_gate_is_heard_and_a_recording_is_not(guard):
    recorded = [command(sequence, at=START - 3600.0) for sequence in (1, 5)]
    give(guard, command(6))
    back = START - 3600.0
    assert guard.receive(command(7, at=back), ros_time=back, clock=START + 0.15) is (
        Verdict.ACCEPTED
    )
    for old in recorded:
        verdict = guard.receive(old, ros_time=back, clock=START + 0.3)
        assert verdict is Verdict.REPLAYED
