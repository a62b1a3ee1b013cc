"""Where an execution is, and how it ended."""

from dataclasses import dataclass, field
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.policies.policy import Trajectory


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where an execution is; changed in place, told to the listener at every change.

    Attributes:
        phase: ``planning``, ``checking``, ``waiting``, ``done``, or what the motion is doing.
        skill_id: Active skill, or ``""``; of several the one that was heard of last.
        step: Its step, by its place in the plan from 1; 0 = none yet.
        step_count: Steps in the plan.
        fraction: Share of the whole done, 0..1.
        remaining: Motion time left [s].
        trajectory: Active motion, or ``None``.
    """

    phase: str = "planning"
    skill_id: str = ""
    step: int = 0
    step_count: int = 0
    fraction: float = 0.0
    remaining: float = 0.0
    trajectory: Trajectory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an execution ended; ``code`` is ``NONE`` on success."""

    code: int = ErrorCode.NONE
    text: str = ""
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether everything was done and seen to be so."""
        return self.code == ErrorCode.NONE
