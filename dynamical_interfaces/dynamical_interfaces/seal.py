"""Authentication tags: proof that the safety gate made a command, and the watchdog a permit.

Keyed BLAKE2b over everything that can move a joint. The key is made anew at every bring-up and reaches
only the gate, its watchdog and the driver, as a file that only their user can read
(``DYNAMICAL_SEAL_KEY_FILE``). A permit's tag is personalised, so that neither passes for the other.
Source: RFC 7693.
"""

import hashlib
import hmac
import os
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

KEY_BYTES = 32
TAG_BYTES = 16
KEY_FILE_VARIABLE = "DYNAMICAL_SEAL_KEY_FILE"

_HEAD = struct.Struct("<QQqIff")
_PERMIT = struct.Struct("<Qq?")
_PERMIT_PERSON = b"permit"  # RFC 7693's "person": another value makes another hash function


class SealKeyError(RuntimeError):
    """The seal key is absent, unreadable by us, readable by others, or of the wrong size."""


def new_key_file(path: Path) -> Path:
    """Write a fresh random key to ``path``, readable by its owner only, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
    return path


def read_key() -> bytes:
    """Read the key named by the environment variable ``DYNAMICAL_SEAL_KEY_FILE``.

    Raises:
        SealKeyError: Naming the file and what is wrong with it.
    """
    name = os.environ.get(KEY_FILE_VARIABLE)
    if not name:
        raise SealKeyError(
            f"environment variable {KEY_FILE_VARIABLE} is not set; it must name the key file that "
            "bring-up made for the safety gate and the driver"
        )
    path = Path(name)
    try:
        mode = path.stat().st_mode
        key = path.read_bytes()
    except OSError as error:
        raise SealKeyError(f"seal key file {path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise SealKeyError(
            f"seal key file {path} has mode {mode & 0o777:o}; others must not read it, want 600"
        )
    if len(key) != KEY_BYTES:
        raise SealKeyError(f"seal key file {path} holds {len(key)} bytes, want {KEY_BYTES}")
    return key


def names_digest(joint_names: Sequence[str]) -> bytes:
    """Digest of the joint order, computed once: it does not change from command to command."""
    return hashlib.blake2b("\0".join(joint_names).encode(), digest_size=16).digest()


def tag(
    key: bytes,
    *,
    sequence: int,
    trajectory_id: int,
    stamp_ns: int,
    names: bytes,
    position: np.ndarray,
    velocity: np.ndarray,
    effort: np.ndarray,
    stiffness_scale: float,
    damping_scale: float,
) -> bytes:
    """Authentication tag of one command.

    Args:
        key: 32 secret bytes.
        sequence: ``JointCommand.sequence``.
        trajectory_id: ``JointCommand.trajectory_id``.
        stamp_ns: ``header.stamp`` [ns].
        names: ``names_digest`` of the joint names.
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].
        effort: Shape (n,) or (0,) [N m].
        stiffness_scale: As in the message.
        damping_scale: As in the message.

    Returns:
        16 bytes.
    """
    state = hashlib.blake2b(key=key, digest_size=TAG_BYTES)
    state.update(
        _HEAD.pack(
            sequence, trajectory_id, stamp_ns, len(position), stiffness_scale, damping_scale
        )
    )
    state.update(names)
    for values in (position, velocity, effort):
        state.update(np.ascontiguousarray(values, dtype="<f8").data)
    return state.digest()


def permit_tag(key: bytes, *, sequence: int, stamp_ns: int, permitted: bool, reason: str) -> bytes:
    """Authentication tag of one permit.

    Args:
        key: 32 secret bytes.
        sequence: ``SafetyPermit.sequence``.
        stamp_ns: ``header.stamp`` [ns].
        permitted: As in the message.
        reason: As in the message.

    Returns:
        16 bytes.
    """
    state = hashlib.blake2b(key=key, digest_size=TAG_BYTES, person=_PERMIT_PERSON)
    state.update(_PERMIT.pack(sequence, stamp_ns, permitted))
    state.update(reason.encode())
    return state.digest()


def matches(expected: bytes, received: bytes) -> bool:
    """Compare two tags in constant time."""
    return hmac.compare_digest(expected, received)
