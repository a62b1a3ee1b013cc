"""The seal: only the right key over exactly these values makes the tag."""

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces import seal

KEY = bytes(range(32))
BASE = {
    "sequence": 7,
    "trajectory_id": 3,
    "stamp_ns": 123456789,
    "names": seal.names_digest(["a", "b"]),
    "position": np.array([0.1, 0.2]),
    "velocity": np.array([0.0, 1.0]),
    "effort": np.empty(0),
    "stiffness_scale": 1.0,
    "damping_scale": 1.0,
}


def test_the_same_command_has_the_same_tag():
    assert seal.matches(seal.tag(KEY, **BASE), seal.tag(KEY, **BASE))
    assert len(seal.tag(KEY, **BASE)) == seal.TAG_BYTES


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sequence", 8),
        ("trajectory_id", 4),
        ("stamp_ns", 5),
        ("names", seal.names_digest(["b", "a"])),
        ("position", np.array([0.1, 0.2000001])),
        ("velocity", np.array([1.0, 0.0])),
        ("effort", np.array([0.0, 0.0])),
        ("stiffness_scale", 0.5),
        ("damping_scale", 2.0),
    ],
)
def test_any_change_changes_the_tag(field, value):
    assert seal.tag(KEY, **BASE) != seal.tag(KEY, **(BASE | {field: value}))


@given(st.binary(min_size=32, max_size=32).filter(lambda key: key != KEY))
def test_another_key_makes_another_tag(key):
    assert seal.tag(key, **BASE) != seal.tag(KEY, **BASE)


def test_moving_a_value_from_velocity_to_position_changes_the_tag():
    one = BASE | {"position": np.array([0.1]), "velocity": np.array([0.2, 0.0])}
    other = BASE | {"position": np.array([0.1, 0.2]), "velocity": np.array([0.0])}
    assert seal.tag(KEY, **one) != seal.tag(KEY, **other)


PERMIT = {"sequence": 7, "stamp_ns": 123456789, "permitted": True, "reason": ""}


@pytest.mark.parametrize(
    ("field", "value"),
    [("sequence", 8), ("stamp_ns", -1), ("permitted", False), ("reason", "gate stalled")],
)
def test_any_change_of_a_permit_changes_its_tag(field, value):
    assert seal.permit_tag(KEY, **PERMIT) == seal.permit_tag(KEY, **PERMIT)
    assert seal.permit_tag(KEY, **PERMIT) != seal.permit_tag(KEY, **(PERMIT | {field: value}))


@given(st.binary(min_size=32, max_size=32).filter(lambda key: key != KEY))
def test_another_key_makes_another_tag_of_a_permit(key):
    assert seal.permit_tag(key, **PERMIT) != seal.permit_tag(KEY, **PERMIT)


def test_a_command_whose_bytes_equal_a_permits_bytes_has_another_tag():
    plain = hashlib.blake2b(key=KEY, digest_size=seal.TAG_BYTES)
    plain.update(struct.pack("<Qq?", 7, 123456789, True))
    assert plain.digest() != seal.permit_tag(KEY, **PERMIT)


def test_a_key_file_is_readable_by_its_owner_only(tmp_path, monkeypatch):
    path = seal.new_key_file(tmp_path / "seal.key")
    monkeypatch.setenv(seal.KEY_FILE_VARIABLE, str(path))
    assert len(seal.read_key()) == seal.KEY_BYTES
    path.chmod(0o644)
    with pytest.raises(seal.SealKeyError, match="mode 644"):
        seal.read_key()


def test_a_missing_or_short_key_file_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv(seal.KEY_FILE_VARIABLE, raising=False)
    with pytest.raises(seal.SealKeyError, match=seal.KEY_FILE_VARIABLE):
        seal.read_key()
    path = tmp_path / "short"
    path.write_bytes(b"x")
    path.chmod(0o600)
    monkeypatch.setenv(seal.KEY_FILE_VARIABLE, str(path))
    with pytest.raises(seal.SealKeyError, match="1 bytes, want 32"):
        seal.read_key()
