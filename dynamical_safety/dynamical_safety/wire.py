"""JointCommand and JointState as serialised bytes, read and written without message objects.

A message with 43 named joints costs the generated Python classes about 100 us each way; a tick has
a thousand. Names and sizes hardly ever change, so here they are compared and copied as one block,
and the numbers are NumPy views. Tests hold both directions against the generated classes. Source:
OMG DDS-XTypes 1.3, 7.4.3, plain CDR version 1, little endian; alignment counts from after the
4-byte encapsulation header.
"""

import struct
from collections.abc import Sequence

import numpy as np

from dynamical_safety.admission import Request
from dynamical_safety.errors import WireError
from dynamical_safety.supervision import Joints

HEADER = 4
LITTLE_ENDIAN = b"\x00\x01"
LONGEST = 4096  # elements of an array; more is not a robot but an attack on our time
TAG_BYTES = 16

_STAMP = struct.Struct("<iI")
_COUNT = struct.Struct("<I")
_NUMBERS = struct.Struct("<QQ")
_SCALES = struct.Struct("<ff")


def _align(offset: int, size: int) -> int:
    return HEADER + (offset - HEADER + size - 1) // size * size


def names_block(names: Sequence[str]) -> bytes:
    """Serialised ``string[]``, from its count on, beginning at a multiple of 4."""
    block = bytearray(_COUNT.pack(len(names)))
    for name in names:
        block += bytes(-len(block) % 4)
        text = name.encode() + b"\0"
        block += _COUNT.pack(len(text)) + text
    return bytes(block)


class _Names:
    """The names that are expected, ready to be compared as one block.

    Padding between strings is whatever lay in the sender's memory, so it is masked out.
    """

    __slots__ = ("block", "mask", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.block = np.frombuffer(names_block(names), np.uint8)
        self.mask = np.full(len(self.block), 0xFF, np.uint8)
        at = 4
        for name in names:
            padding = -at % 4
            self.mask[at : at + padding] = 0
            at += padding + 4 + len(name.encode()) + 1

    def begin(self, raw: bytes, at: int) -> bool:
        """Whether just these names stand at that place."""
        size = len(self.block)
        if at + size > len(raw):
            return False
        difference = np.frombuffer(raw, np.uint8, size, at) ^ self.block
        return not (difference & self.mask).any()


class _Cursor:
    """Reads one serialised message from front to back."""

    __slots__ = ("at", "raw")

    def __init__(self, raw: bytes) -> None:
        if raw[:2] != LITTLE_ENDIAN:
            raise WireError(f"is not little-endian CDR: begins with {raw[:4].hex()}")
        self.raw = raw
        self.at = HEADER

    def stamp(self) -> float:
        seconds, nanoseconds = _STAMP.unpack_from(self.raw, self.at)
        self.at += 8
        return float(seconds + nanoseconds * 1e-9)

    def count(self) -> int:
        self.at = _align(self.at, 4)
        value: int = _COUNT.unpack_from(self.raw, self.at)[0]
        self.at += 4
        return value

    def text(self) -> str:
        size = self.count()
        begin = self.at
        self.at += size
        if self.at > len(self.raw):
            raise WireError("ends within a string")
        return self.raw[begin : self.at - 1].decode(errors="replace")

    def names(self, expected: _Names) -> tuple[str, ...]:
        self.at = _align(self.at, 4)
        if expected.begin(self.raw, self.at):
            self.at += len(expected.block)
            return expected.names
        size = self.count()
        if size > LONGEST:
            raise WireError(f"names {size} joints")
        return tuple(self.text() for _ in range(size))

    def doubles(self) -> np.ndarray:
        size = self.count()
        if size == 0:
            return np.empty(0)
        self.at = _align(self.at, 8)
        if size > LONGEST or self.at + 8 * size > len(self.raw):
            raise WireError(f"ends within an array of {size} numbers")
        values = np.frombuffer(self.raw, "<f8", size, self.at)
        self.at += 8 * size
        return values


class RequestDecoder:
    """Serialised JointCommand -> Request.

    Args:
        names: The robot's joints; a command that names just these is read fastest.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = _Names(names)

    def __call__(self, raw: bytes) -> Request:
        """Read one command; nothing about its values is checked.

        Raises:
            WireError: If the bytes are no JointCommand.
        """
        try:
            cursor = _Cursor(raw)
            stamp = cursor.stamp()
            cursor.text()
            cursor.at = _align(cursor.at, 8)
            sequence, trajectory_id = _NUMBERS.unpack_from(raw, cursor.at)
            cursor.at += 16
            source = cursor.text()
            cursor.at = _align(cursor.at, 4) + _STAMP.size
            names = cursor.names(self._names)
            position, velocity, effort = cursor.doubles(), cursor.doubles(), cursor.doubles()
            stiffness, damping = _SCALES.unpack_from(raw, _align(cursor.at, 4))
        except struct.error as error:
            raise WireError(f"ends too early: {error}") from error
        return Request(
            stamp, sequence, trajectory_id, source, names, position, velocity, effort, stiffness,
            damping,
        )  # fmt: skip


class JointsDecoder:
    """Serialised sensor_msgs/JointState -> Joints, in robot joint order.

    Args:
        names: The robot's joints.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = _Names(names)

    def __call__(self, raw: bytes) -> Joints:
        """Read one set of joint states.

        Raises:
            WireError: If the bytes are no JointState, or do not hold every joint of the robot.
        """
        try:
            cursor = _Cursor(raw)
            stamp = cursor.stamp()
            cursor.text()
            names = cursor.names(self._names)
            columns = [cursor.doubles(), cursor.doubles(), cursor.doubles()]
        except struct.error as error:
            raise WireError(f"ends too early: {error}") from error
        for index, values in enumerate(columns):
            if values.size == 0 and index > 0:
                # A robot need not measure effort; that it does not must not look like no force.
                columns[index] = np.full(len(names), np.nan if index == 2 else 0.0)
            elif values.size != len(names):
                raise WireError(f"has {values.size} values for {len(names)} joints")
        expected = self._names.names
        if names != expected:
            missing = set(expected) - set(names)
            if missing:
                raise WireError(f"lacks joint {min(missing)!r}")
            order = [names.index(name) for name in expected]
            columns = [values[order] for values in columns]
        return Joints(stamp, *columns)


class CommandEncoder:
    """Safe command -> serialised JointCommand, in one buffer that is used again and again.

    Args:
        names: The robot's joints.
        source: Who makes the commands.
    """

    def __init__(self, names: tuple[str, ...], *, source: str) -> None:
        count = len(names)
        buffer = bytearray(HEADER + 8)
        buffer[:2] = LITTLE_ENDIAN
        buffer += _COUNT.pack(1) + b"\0"
        self._numbers = self._pad(buffer, 8)
        buffer += bytes(16)
        text = source.encode() + b"\0"
        buffer += _COUNT.pack(len(text)) + text
        self._request = self._pad(buffer, 4)
        buffer += bytes(_STAMP.size) + names_block(names)
        starts = []
        for _ in range(3):
            self._pad(buffer, 4)
            buffer += _COUNT.pack(count)
            starts.append(self._pad(buffer, 8))
            buffer += bytes(8 * count)
        self._scales = len(buffer)
        buffer += bytes(8) + _COUNT.pack(TAG_BYTES)
        self._tag = len(buffer)
        buffer += bytes(TAG_BYTES)
        self._buffer = buffer
        self.position, self.velocity, self.effort = (
            np.frombuffer(buffer, "<f8", count, start) for start in starts
        )

    def __call__(
        self,
        *,
        stamp_ns: int,
        sequence: int,
        trajectory_id: int,
        request_stamp: float,
        stiffness_scale: float,
        damping_scale: float,
        tag: bytes,
    ) -> bytes:
        """Serialise one command; its arrays are ``position``, ``velocity`` and ``effort``."""
        buffer = self._buffer
        request_ns = round(request_stamp * 1e9)
        _STAMP.pack_into(buffer, self._request, *divmod(request_ns, 1_000_000_000))
        _STAMP.pack_into(buffer, HEADER, *divmod(stamp_ns, 1_000_000_000))
        _NUMBERS.pack_into(buffer, self._numbers, sequence, trajectory_id)
        _SCALES.pack_into(buffer, self._scales, stiffness_scale, damping_scale)
        buffer[self._tag :] = tag
        return bytes(buffer)

    @staticmethod
    def _pad(buffer: bytearray, size: int) -> int:
        buffer += bytes(_align(len(buffer), size) - len(buffer))
        return len(buffer)
