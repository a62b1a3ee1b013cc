"""What was recorded of one fault, as plain values. ``at`` is CLOCK_MONOTONIC of the recorder [s]."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the gate said: its state, and codes and sentences of its reasons."""

    at: float
    stamp: float
    state: str
    reset_required: bool
    ticks: int
    reasons: tuple[tuple[int, str], ...]
    speed_scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPoint:
    """One command on the topic safe_command; positions and velocities of shape (n,) [rad, rad/s]."""

    at: float
    stamp: float
    sequence: int
    source: str
    position: np.ndarray
    velocity: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Joints:
    """True joint positions and velocities, shape (n,) [rad, rad/s]."""

    at: float
    stamp: float
    position: np.ndarray
    velocity: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """State of the simulation: exact distance of the person [m]; inf = absent."""

    at: float
    time: float
    distance: float
    qpos: np.ndarray


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was recorded, oldest first."""

    words: list[Word] = field(default_factory=list)
    set_points: list[SetPoint] = field(default_factory=list)
    joints: list[Joints] = field(default_factory=list)
    rooms: list[Room] = field(default_factory=list)
