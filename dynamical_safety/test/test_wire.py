"""The fast encoder and decoders against the generated message classes."""

from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState

from dynamical_interfaces import seal
from dynamical_interfaces.msg import JointCommand
from dynamical_safety.errors import WireError
from dynamical_safety.wire import CommandEncoder, JointsDecoder, RequestDecoder

NAMES = ("hip", "a_knee", "an_ankle_of_length", "x")
values = st.lists(st.floats(width=64), min_size=0, max_size=6)
texts = st.text(max_size=12).filter(lambda text: "\0" not in text)


def command(**changes: Any) -> JointCommand:
    message = JointCommand(sequence=9, trajectory_id=4, source="control")
    message.header.stamp.sec, message.header.stamp.nanosec = 17, 250_000_000
    message.joint_names = list(NAMES)
    message.position = message.velocity = [0.5, 1.0, 2.0, -3.0]
    message.stiffness_scale, message.damping_scale = 0.5, 2.0
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@settings(max_examples=80, deadline=None)
@given(values, values, values, texts, texts, st.lists(texts, max_size=5), st.binary(max_size=20))
def test_any_command_is_read_as_the_generated_class_reads_it(
    position: Any, velocity: Any, effort: Any, source: str, frame: str, names: Any, tag: bytes
) -> None:
    message = command(position=position, velocity=velocity, effort=effort, source=source)
    message.header.frame_id = frame
    message.joint_names = names or list(NAMES)
    message.authentication_tag = array("B", tag)
    request = RequestDecoder(NAMES)(bytes(serialize_message(message)))
    assert request.stamp == pytest.approx(17.25)
    assert (request.sequence, request.trajectory_id, request.source) == (9, 4, source)
    assert request.names == tuple(message.joint_names)
    np.testing.assert_array_equal(request.position, position)
    np.testing.assert_array_equal(request.velocity, velocity)
    np.testing.assert_array_equal(request.effort, effort)
    assert (request.stiffness_scale, request.damping_scale) == (0.5, 2.0)


def test_expected_names_are_not_copied() -> None:
    request = RequestDecoder(NAMES)(bytes(serialize_message(command())))
    assert request.names is NAMES


@given(st.binary(max_size=400))
def test_bytes_that_are_no_message_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    for decode in (RequestDecoder(NAMES), JointsDecoder(NAMES)):
        for data in (raw, b"\x00\x01\x00\x00" + raw):
            try:
                decode(data)
            except WireError:
                continue


@given(st.integers(5, 200))
def test_a_command_cut_short_is_refused(size: int) -> None:
    raw = bytes(serialize_message(command()))
    with pytest.raises(WireError):
        RequestDecoder(NAMES)(raw[: min(size, len(raw) - 40)])


def test_joint_states_are_brought_into_robot_order() -> None:
    message = JointState(name=list(reversed(NAMES)), position=[4.0, 3.0, 2.0, 1.0])
    message.header.stamp.sec = 5
    joints = JointsDecoder(NAMES)(bytes(serialize_message(message)))
    np.testing.assert_array_equal(joints.position, [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(joints.velocity, np.zeros(4))
    assert np.isnan(joints.effort).all(), "effort that is not measured must not look like none"
    assert joints.stamp == 5.0


def test_joint_states_that_lack_a_joint_are_refused_by_name() -> None:
    message = JointState(name=["hip"], position=[1.0])
    with pytest.raises(WireError, match="lacks joint 'a_knee'"):
        JointsDecoder(NAMES)(bytes(serialize_message(message)))


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), st.integers(0, 2**63))
def test_what_the_encoder_writes_the_generated_class_reads(position: Any, sequence: int) -> None:
    encode = CommandEncoder(NAMES, source="safety_gate")
    encode.position[:] = position
    encode.velocity[:], encode.effort[:] = 2.0, 3.0
    raw = encode(
        stamp_ns=1_700_000_000_123_456_789,
        sequence=sequence,
        trajectory_id=8,
        request_stamp=3.5,
        stiffness_scale=0.75,
        damping_scale=1.5,
        tag=b"0123456789abcdef",
    )
    message = deserialize_message(raw, JointCommand)
    assert list(message.position) == position
    assert list(message.velocity) == [2.0] * 4
    assert list(message.effort) == [3.0] * 4
    assert (message.sequence, message.trajectory_id) == (sequence, 8)
    assert (message.source, tuple(message.joint_names)) == ("safety_gate", NAMES)
    assert message.header.stamp.nanosec == 123_456_789
    assert (message.request_stamp.sec, message.request_stamp.nanosec) == (3, 500_000_000)
    assert (message.stiffness_scale, message.damping_scale) == (0.75, 1.5)
    assert bytes(message.authentication_tag) == b"0123456789abcdef"


@given(st.integers(0, 3), st.floats(-1, 1).filter(lambda value: value != 0.0))
def test_a_seal_does_not_fit_a_changed_command(index: int, change: float) -> None:
    key = bytes(range(32))
    fields: dict[str, Any] = {
        "sequence": 4,
        "trajectory_id": 1,
        "stamp_ns": 99,
        "names": seal.names_digest(NAMES),
        "position": np.ones(4),
        "velocity": np.zeros(4),
        "effort": np.zeros(4),
        "stiffness_scale": 1.0,
        "damping_scale": 1.0,
    }
    tag = seal.tag(key, **fields)
    moved = np.ones(4)
    moved[index] += change
    if (moved != 1.0).any():
        assert not seal.matches(tag, seal.tag(key, **{**fields, "position": moved}))
    assert not seal.matches(tag, seal.tag(key, **{**fields, "sequence": 5}))
    assert not seal.matches(tag, seal.tag(bytes(32), **fields))
