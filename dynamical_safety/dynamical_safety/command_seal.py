"""Serialised safe commands, read only as far as it takes to know that the gate made them."""

import struct

from dynamical_interfaces import seal
from dynamical_safety.errors import WireError
from dynamical_safety.wire import HEADER, TAG_BYTES, RequestDecoder

_STAMP = struct.Struct("<iI")


class CommandSeal:
    """Checks the seal of safe commands.

    Joint names are learnt from the first authentic command: they are under the seal themselves.

    Args:
        key: Secret shared with the gate.

    Attributes:
        refused: Commands that were not authentic.
    """

    def __init__(self, key: bytes) -> None:
        self.refused = 0
        self._key = key
        self._names: tuple[str, ...] = ()
        self._digest = seal.names_digest(())
        self._decode = RequestDecoder(())

    def read(self, raw: bytes) -> tuple[int, int] | None:
        """Sequence and stamp [ns] of a serialised JointCommand, or ``None`` if it is not the gate's."""
        try:
            command = self._decode(raw)
        except WireError:
            self.refused += 1
            return None
        known = command.names == self._names
        digest = self._digest if known else seal.names_digest(command.names)
        seconds, nanoseconds = _STAMP.unpack_from(raw, HEADER)
        stamp_ns = seconds * 1_000_000_000 + nanoseconds
        expected = seal.tag(
            self._key,
            sequence=command.sequence,
            trajectory_id=command.trajectory_id,
            stamp_ns=stamp_ns,
            names=digest,
            position=command.position,
            velocity=command.velocity,
            effort=command.effort,
            stiffness_scale=command.stiffness_scale,
            damping_scale=command.damping_scale,
        )
        if not seal.matches(expected, raw[-TAG_BYTES:]):
            self.refused += 1
            return None
        if not known:
            self._names, self._digest = command.names, digest
            self._decode = RequestDecoder(command.names)
        return command.sequence, stamp_ns
