"""What goes into the orchestrator and what comes out: request, plan, steps, result.

Durations in milliseconds where the name ends in ``_ms``, positions in the frame ``odom`` [m].
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from dynamical_interfaces.errors import ErrorCode


class AssignmentStrategy(StrEnum):
    """How a robot is chosen for a task."""

    NEAREST = "NEAREST"
    LEAST_BUSY = "LEAST_BUSY"
    CAPABILITY = "CAPABILITY"
    ROUND_ROBIN = "ROUND_ROBIN"
    EXPLICIT = "EXPLICIT"


class ExecutionTier(IntEnum):
    """Which tier a step runs in; the numbers are those of ``SkillStep.tier``."""

    REALTIME = 0
    CONTROL = 1
    PLANNING = 2
    BACKGROUND = 3


class PlanStatus(StrEnum):
    """Life of a plan."""

    PLANNED = "planned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    """Life of a step."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


# What these promise is so: steps that depend on them may begin, and a resumed plan leaves them out.
DONE = (StepStatus.COMPLETED, StepStatus.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationRequest:
    """A task to plan.

    Attributes:
        task_description: A sentence; may be empty if ``skill_ids`` are given.
        skill_ids: These skills in this order, instead of decomposing and routing a sentence.
        mode: ``autonomous``, ``direct``, ``sequential``; ``blended``: ``skill_ids`` all together.
        robot_id: Robot wanted, or ``None`` to have one assigned.
        workspace_id: Workspace, or ``None`` for the robot's own.
        target_position: x, y, z [m] in ``odom``, or ``None``.
        required_capabilities: Capabilities the robot must have.
        assignment_strategy: How the robot is chosen.
        tier: Tier of the steps.
        max_skills_per_step: Candidates kept per step.
        parameters: Given to the skill of every step, over what the sentence says.
    """

    task_description: str = ""
    skill_ids: tuple[str, ...] = ()
    mode: str = "autonomous"
    robot_id: str | None = None
    workspace_id: str | None = None
    target_position: tuple[float, float, float] | None = None
    required_capabilities: tuple[str, ...] = ()
    assignment_strategy: AssignmentStrategy = AssignmentStrategy.NEAREST
    tier: ExecutionTier = ExecutionTier.CONTROL
    max_skills_per_step: int = 3
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillStep:
    """One step of a plan.

    Attributes:
        step_id: Unique within the plan, from 1.
        task: The sub-task in words.
        skill_ids: Chosen skills, best first; the others may take the first one's place.
        weights: One per skill, sum 1.
        blended: All ``skill_ids`` are carried out as one motion instead, mixed by weight.
        robot_id: Who executes.
        workspace_id: Where; ``""`` = nowhere special.
        location_params: Parameters of the skill, adapted to the workspace; of a blended step by
            skill id.
        tier: Tier it runs in.
        joint_groups: Joints that are its own meanwhile, see ``ownership``; empty = all.
        depends_on: Steps that must have succeeded first.
        estimated_duration_ms: Expected duration [ms].
        deadline_ms: From the start of the step [ms]; 0 = none.
        status: Where in its life the step is.
        status_text: Why it failed or was skipped, or ``""``.
    """

    step_id: int
    task: str
    skill_ids: tuple[str, ...]
    weights: tuple[float, ...]
    robot_id: str
    blended: bool = False
    joint_groups: tuple[str, ...] = ()
    workspace_id: str = ""
    location_params: dict[str, Any] = field(default_factory=dict)
    tier: ExecutionTier = ExecutionTier.CONTROL
    depends_on: tuple[int, ...] = ()
    estimated_duration_ms: float = 0.0
    deadline_ms: float = 0.0
    status: StepStatus = StepStatus.PENDING
    status_text: str = ""

    def parameters_of(self, skill_id: str) -> dict[str, Any]:
        """Parameters of one of its skills."""
        if not self.blended:
            return self.location_params
        return dict(self.location_params.get(skill_id) or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillExecutionPlan:
    """What will be done, by whom and in which order.

    Attributes:
        plan_id: Unique.
        task_description: The sentence, or the skill ids joined by commas.
        steps: In the order of execution.
        total_estimated_duration_ms: Of the longest way through the steps [ms].
        status: Where in its life the plan is.
        execution_id: Newest execution of it, or ``""``.
        error_code: Why it ended, ``ErrorCode.NONE`` for success.
        error_message: The same as a sentence, or ``""``.
    """

    plan_id: str
    task_description: str
    steps: tuple[SkillStep, ...]
    total_estimated_duration_ms: float
    status: PlanStatus = PlanStatus.PLANNED
    execution_id: str = ""
    error_code: int = ErrorCode.NONE
    error_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationResult:
    """The orchestrator's answer.

    Attributes:
        success: Whether there is a plan.
        plan: The plan, or ``None``.
        error_code: ``ErrorCode.NONE`` on success.
        error_message: A sentence, or ``""``.
        orchestration_time_ms: Time it took [ms].
    """

    success: bool
    plan: SkillExecutionPlan | None = None
    error_code: ErrorCode = ErrorCode.NONE
    error_message: str = ""
    orchestration_time_ms: float = 0.0
