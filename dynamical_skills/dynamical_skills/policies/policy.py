"""What a skill sees and what it answers: observations in, joint trajectories out.

Units are SI, positions in the frame ``odom``, joint arrays in robot joint order unless joints are named.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.teamwork.word import Bearing


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject:
    """One track, as perception published it.

    Attributes:
        id: Track id.
        class_id: ``"cup"``, ``"shelf"``, ``"person"`` ...
        color: Colour name measured from pixels, or ``""``.
        position: Shape (3,), centre [m].
        size: Shape (3,), full axis-aligned extent [m].
        velocity: Shape (3,) [m/s].
        deviation: Shape (3,), standard deviation of the position [m].
        confidence: 0..1.
        stamp: When its newest pixels were taken, ROS time [s].
    """

    id: int
    class_id: str
    color: str
    position: np.ndarray
    size: np.ndarray
    velocity: np.ndarray
    deviation: np.ndarray
    confidence: float
    stamp: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything a skill may use: measured joints and what perception published.

    Attributes:
        time: ROS time [s].
        joint_position: Shape (n,) [rad].
        joint_velocity: Shape (n,) [rad/s].
        objects: Tracks.
    """

    time: float
    joint_position: np.ndarray
    joint_velocity: np.ndarray
    objects: tuple[SeenObject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """Joint motion sampled at a fixed period; the first sample is where the robot is now.

    Attributes:
        joint_names: m joints it owns; all others hold.
        period: Time between samples [s].
        position: Shape (k, m) [rad].
        velocity: Shape (k, m) [rad/s]; zero in the last row.
        gripper: Shape (k,), share by which the active hand is closed, or empty.
        goal: Shape (3,), where the active hand shall be at the end [m], or ``None``.
        hand: Frame of the active hand (``"left"`` or ``"right"``), or ``""``.
        phase: What it does, in a word: ``"approach"``, ``"close"`` ...
        settle: Time to wait after its end before the next observation is taken [s].
    """

    joint_names: tuple[str, ...]
    period: float
    position: np.ndarray
    velocity: np.ndarray
    gripper: np.ndarray = field(default_factory=lambda: np.empty(0))
    goal: np.ndarray | None = None
    hand: str = ""
    phase: str = "moving"
    settle: float = 0.0

    @property
    def duration(self) -> float:
        """Time from first to last sample [s]."""
        return self.period * (len(self.position) - 1)


class Team(Protocol):
    """The other robots of a task, as a skill sees them; none of these calls waits.

    All raise ``CoordinationError`` once the task cannot go on: the leader is lost, for one.
    """

    def reach(self, barrier: str) -> None:
        """Tell the others that this robot has come so far, e.g. ``"hand_over:offered"``."""

    def met(self, barrier: str) -> bool:
        """Whether another robot has come so far."""

    def leader_bearing(self) -> Bearing | None:
        """How the leader holds itself, or ``None`` if it does not tell or this robot leads."""

    def leader_done(self) -> bool:
        """Whether the leader's part has come to a good end."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """What the robot remembers between the skills of one plan.

    Attributes:
        held: Side (``"left"``, ``"right"``) -> the object as last seen before that hand closed on it.
        side: Arm chosen for the current object, or ``""``.
        results: Measured results, by name, for the caller.
        team: The other robots of the task, or ``None`` where there are none.
    """

    held: dict[str, SeenObject] = field(default_factory=dict)
    side: str = ""
    results: dict[str, Any] = field(default_factory=dict)
    team: Team | None = None


class SkillError(Exception):
    """A skill cannot go on; carries the error code and a sentence that names the thing."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Check:
    """Outcome of a pre- or post-condition: whether it holds, and a sentence saying what was measured."""

    holds: bool
    text: str


class Skill(ABC):
    """One executable skill. Instances are made once and keep no state between executions."""

    id: str

    @abstractmethod
    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """Yield trajectories; each ``yield`` answers the observation made after that motion settled.

        Args:
            first: What is seen at the start.
            parameters: The step's parameters. ``"object"`` and ``"target"`` are mappings with any of
                ``"class_id"``, ``"color"``, ``"id"``, ``"position"``; others as in the descriptor.
            memory: Kept over the skills of one plan; skills may change it.

        Raises:
            SkillError: If the motion is impossible or an object is not seen.
        """

    def accompany(
        self,
        motion: Trajectory,
        seen: Observation,
        parameters: Mapping[str, Any],
        memory: Memory,
    ) -> Trajectory:
        """What this skill's own joints do while others move by ``motion``; for skills that follow.

        Asked in a blend instead of ``run``, once for each motion of the others: the skill's action
        distribution, given theirs.

        Args:
            motion: Of the other skills of the blend, as long as it takes; begins now.
            seen: What is seen now.
            parameters: As in ``run``.
            memory: As in ``run``.

        Returns:
            As many samples as ``motion`` has, at its period.

        Raises:
            SkillError: PLANNING_FAILED if the skill cannot go along with that motion.
        """
        del motion, seen, parameters, memory
        raise SkillError(
            ErrorCode.PLANNING_FAILED, f"skill {self.id!r} cannot accompany another skill's motion"
        )
