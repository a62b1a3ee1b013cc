"""What robots of one task tell each other, as plain values."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from dynamical_interfaces.errors import ErrorCode

ANY_NUMBER = 255


class Phase(IntEnum):
    """Where a robot is in its part; the numbers are those of ``Participation.phase``."""

    UNKNOWN = 0
    GATHERING = 1
    WORKING = 2
    WAITING = 3
    DONE = 4
    FAILED = 5
    CANCELLED = 6


ENDED = (Phase.DONE, Phase.FAILED, Phase.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """How a robot holds itself, for those that mirror it.

    Attributes:
        joints: Joint name -> measured position [rad].
        hand: ``"left"`` or ``"right"``, the hand of the pose, or ``""`` = not told.
        position: Shape (3,), of that hand's frame in the robot's own ``odom`` [m].
        rotation: Shape (3, 3), of that hand's frame.
    """

    joints: dict[str, float] = field(default_factory=dict)
    hand: str = ""
    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One message of one robot about its part in a task.

    Attributes:
        coordination_id: Shared by all robots of the task.
        robot_id: Who speaks.
        execution_id: Of its part; another one means that it has begun anew.
        sequence: Grows with every word of one execution.
        joined: When this part began, by the speaker's clock [s].
        role: One of ``coordination.ROLES``.
        sync_mode: One of ``coordination.SYNC_MODES``.
        min_robots: Fewer do not begin.
        max_robots: More are refused.
        phase: Where it is.
        reached: Barriers it has reached, in order.
        skill_id: Active skill, or ``""``.
        progress: Of its part, 0..1.
        error_code: How it ended.
        error_text: A sentence, or ``""``.
        bearing: For those that mirror it, or ``None``.
    """

    coordination_id: str
    robot_id: str
    execution_id: str
    joined: float
    role: str
    sync_mode: str = "loose"
    sequence: int = 0
    min_robots: int = 2
    max_robots: int = ANY_NUMBER
    phase: Phase = Phase.GATHERING
    reached: tuple[str, ...] = ()
    skill_id: str = ""
    progress: float = 0.0
    error_code: int = ErrorCode.NONE
    error_text: str = ""
    bearing: Bearing | None = None

    @property
    def seniority(self) -> tuple[bool, float, str]:
        """Who has begun has the older right, then who came first, then the smaller name."""
        return self.phase is Phase.GATHERING, self.joined, self.robot_id

    @property
    def ended(self) -> bool:
        """Whether its part is over, however it went."""
        return self.phase in ENDED
