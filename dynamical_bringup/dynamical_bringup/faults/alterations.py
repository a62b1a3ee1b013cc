"""What a faulty transport, sensor or model does to messages that pass by. Pure.

A mode either changes when messages come (``Transport``) or what they say (``CONTENT``). Message
objects are only touched by field name, so that this needs no ROS.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

FAITHFUL = "faithful"
STAMP_AT = 4  # of header.stamp in a serialised message whose first field is a header

Change = Callable[[Any, float, np.random.Generator], Any]


class Transport:
    """When messages come: decides for each message what is sent on now.

    Args:
        mode: "faithful", "silent", "drop" (value = share lost), "delay" (value [s]), "duplicate"
            (value = copies), "reorder" (value = messages in a batch, sent backwards), "replay"
            (value = age of what is sent instead [s]), "freeze" (the first is sent again and again,
            with the stamps of those it stands for).
        value: See mode.
        seed: Of what is lost.
    """

    MODES = (
        FAITHFUL, "silent", "drop", "delay", "duplicate", "reorder", "replay", "freeze",
    )  # fmt: skip

    def __init__(self, mode: str = FAITHFUL, value: float = 0.0, *, seed: int = 1) -> None:
        if mode not in self.MODES:
            raise ValueError(f"transport mode is {mode!r}; there are {', '.join(self.MODES)}")
        self.mode, self.value = mode, value
        self._random = np.random.default_rng(seed)
        self._kept: deque[tuple[float, bytes]] = deque()
        self._first: bytes | None = None

    def pass_on(self, raw: bytes, now: float) -> list[bytes]:
        """What is sent on when a message comes.

        Args:
            raw: The message, serialised.
            now: Monotonic time [s].
        """
        mode = self.mode
        if mode == "silent" or (mode == "drop" and self._random.random() < self.value):
            return []
        if mode == "duplicate":
            return [raw] * (1 + int(self.value))
        if mode == "freeze":
            return [self._frozen(raw)]
        if mode == "reorder":
            self._kept.append((now, raw))
            if len(self._kept) < int(self.value):
                return []
            batch = [kept for _, kept in self._kept][::-1]
            self._kept.clear()
            return batch
        if mode in ("delay", "replay"):
            self._kept.append((now, raw))
            return self._due(now)
        return [raw]

    def _due(self, now: float) -> list[bytes]:
        due = []
        while self._kept and now - self._kept[0][0] >= self.value:
            due.append(self._kept.popleft()[1])
        return due

    def _frozen(self, raw: bytes) -> bytes:
        if self._first is None:
            self._first = raw
        return self._first[:STAMP_AT] + raw[STAMP_AT : STAMP_AT + 8] + self._first[STAMP_AT + 8 :]


def black(raw: bytes) -> bytes:
    """A picture whose later nine tenths are black; its head with sizes and stamp stays."""
    head = min(len(raw), 256)
    return raw[:head] + bytes(len(raw) - head)


def _put(message: Any, name: str, values: np.ndarray) -> Any:
    setattr(message, name, [float(value) for value in values])
    return message


def _first_becomes(number: float) -> Change:
    def change(message: Any, value: float, random: np.random.Generator) -> Any:
        position = np.array(message.position)
        position[int(value) % len(position)] = number
        return _put(message, "position", position)

    return change


def _too_short(message: Any, value: float, random: np.random.Generator) -> Any:
    return _put(message, "position", np.array(message.position)[:-1])


def _unknown_joint(message: Any, value: float, random: np.random.Generator) -> Any:
    field = "joint_names" if hasattr(message, "joint_names") else "name"
    names = list(getattr(message, field))
    names[int(value) % len(names)] = "tail_joint"
    setattr(message, field, names)
    return message


def _leap(message: Any, value: float, random: np.random.Generator) -> Any:
    return _put(message, "position", np.array(message.position) + value)


def _fast(message: Any, value: float, random: np.random.Generator) -> Any:
    return _put(message, "velocity", np.full(len(message.position), value))


def _strong(message: Any, value: float, random: np.random.Generator) -> Any:
    return _put(message, "effort", np.full(len(message.position), value))


def _old(message: Any, value: float, random: np.random.Generator) -> Any:
    return _shift(message, -value)


def _ahead(message: Any, value: float, random: np.random.Generator) -> Any:
    return _shift(message, value)


def _shift(message: Any, seconds: float) -> Any:
    stamp = message.header.stamp
    nanoseconds = stamp.sec * 10**9 + stamp.nanosec + round(seconds * 1e9)
    stamp.sec, stamp.nanosec = divmod(max(0, nanoseconds), 10**9)
    return message


def _noisy(message: Any, value: float, random: np.random.Generator) -> Any:
    position = np.array(message.position)
    return _put(message, "position", position + random.normal(0.0, value, len(position)))


def _no_people(message: Any, value: float, random: np.random.Generator) -> Any:
    message.tracks = [track for track in message.tracks if track.class_id != "person"]
    return message


def _calm(message: Any, value: float, random: np.random.Generator) -> Any:
    message.collision_probability = [0.0] * len(message.collision_probability)
    message.separation = [math.inf] * len(message.separation)
    return message


def _alarmed(message: Any, value: float, random: np.random.Generator) -> Any:
    message.collision_probability = [1.0] * len(message.collision_probability)
    message.separation = [0.0] * len(message.separation)
    return message


class OneJoint:
    """An encoder fault of one joint: "stuck" at its first value, or "biased" by a number [rad].

    A stuck encoder also measures no speed; a biased one still does.
    """

    def __init__(self, mode: str, joint: str) -> None:
        self._mode, self._joint = mode, joint
        self._stuck: float | None = None

    def __call__(self, message: Any, value: float, random: np.random.Generator) -> Any:
        """Change one message."""
        index = list(message.name).index(self._joint)
        position, velocity = np.array(message.position), np.array(message.velocity)
        if self._mode == "biased":
            position[index] += value
        else:
            self._stuck = float(position[index]) if self._stuck is None else self._stuck
            position[index], velocity[index] = self._stuck, 0.0
        _put(message, "velocity", velocity)
        return _put(message, "position", position)


MOVING_JOINT = "right_elbow_joint"  # moves in every wave
CONTENT: dict[str, Callable[[], Change]] = {
    "nan": lambda: _first_becomes(math.nan),
    "infinite": lambda: _first_becomes(math.inf),
    "huge": lambda: _first_becomes(1e12),
    "too short": lambda: _too_short,
    "unknown joint": lambda: _unknown_joint,
    "leap": lambda: _leap,
    "fast": lambda: _fast,
    "strong": lambda: _strong,
    "old stamp": lambda: _old,
    "stamp ahead": lambda: _ahead,
    "noisy": lambda: _noisy,
    "stuck": lambda: OneJoint("stuck", MOVING_JOINT),
    "biased": lambda: OneJoint("biased", MOVING_JOINT),
    "no people": lambda: _no_people,
    "calm": lambda: _calm,
    "alarmed": lambda: _alarmed,
}
