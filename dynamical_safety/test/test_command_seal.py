"""Whose command is it: read from the bytes alone."""

import numpy as np
import pytest
from rclpy.serialization import serialize_message

from dynamical_interfaces import seal
from dynamical_interfaces.msg import JointCommand
from dynamical_safety.command_seal import CommandSeal
from dynamical_safety.wire import CommandEncoder

KEY = bytes(range(32))
NAMES = ("left_elbow_joint", "right_elbow_joint", "waist")
STAMP = 1_700_000_000_123_456_789


def command(sequence: int = 7, *, key: bytes = KEY, names: tuple[str, ...] = NAMES) -> bytes:
    """A safe command as the gate serialises it."""
    encode = CommandEncoder(names, source="safety_gate")
    encode.position[:] = np.linspace(-1.0, 1.0, len(names))
    encode.velocity[:] = 0.25
    encode.effort[:] = 3.0
    tag = seal.tag(
        key,
        sequence=sequence,
        trajectory_id=5,
        stamp_ns=STAMP,
        names=seal.names_digest(names),
        position=encode.position,
        velocity=encode.velocity,
        effort=encode.effort,
        stiffness_scale=0.1,
        damping_scale=1.5,
    )
    return encode(
        stamp_ns=STAMP,
        sequence=sequence,
        trajectory_id=5,
        request_stamp=3.0,
        stiffness_scale=0.1,
        damping_scale=1.5,
        tag=tag,
    )


def test_a_command_of_the_gate_is_known_to_the_nanosecond() -> None:
    check = CommandSeal(KEY)
    for sequence in (7, 8, 9):
        assert check.read(command(sequence)) == (sequence, STAMP)
    assert check.refused == 0


def test_a_command_of_another_key_is_refused_and_counted() -> None:
    check = CommandSeal(KEY)
    assert check.read(command(key=bytes(32))) is None
    assert check.read(command()) == (7, STAMP)
    assert check.read(command(key=bytes(32))) is None
    assert check.refused == 2


def test_any_changed_byte_under_the_seal_is_refused() -> None:
    raw = command()
    check = CommandSeal(KEY)
    sealed = [4, 20, raw.index(b"waist"), len(raw) - 40, len(raw) - 24, len(raw) - 1]
    for at in sealed:
        forged = bytearray(raw)
        forged[at] ^= 1
        assert check.read(bytes(forged)) is None, at


@pytest.mark.parametrize("raw", [b"", b"\0\1\0\0", command()[:-1], command()[:60], bytes(500)])
def test_bytes_that_are_no_command_are_refused(raw: bytes) -> None:
    check = CommandSeal(KEY)
    assert check.read(raw) is None
    assert check.refused == 1


def test_a_command_that_the_generated_class_wrote_without_a_tag_is_refused() -> None:
    message = JointCommand(sequence=3, joint_names=list(NAMES), position=[0.0] * 3)
    assert CommandSeal(KEY).read(serialize_message(message)) is None
