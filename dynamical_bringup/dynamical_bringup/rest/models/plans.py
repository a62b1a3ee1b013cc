"""Bodies of plans."""

from typing import Literal

from pydantic import BaseModel, Field, JsonValue, model_validator

from dynamical_bringup.rest.models.fields import Mode, Name, Number, Parameters, Request, Text

AssignmentStrategy = Literal["NEAREST", "LEAST_BUSY", "CAPABILITY", "ROUND_ROBIN", "EXPLICIT"]
PlanLifecycle = Literal["planned", "running", "completed", "failed", "cancelled"]
StepLifecycle = Literal["pending", "running", "completed", "failed", "skipped", "cancelled"]
TierName = Literal["REALTIME", "CONTROL", "PLANNING", "BACKGROUND"]


class PlanRequest(Request):
    """Plan a sentence, or named skills; nothing moves."""

    task_description: Text = ""
    skill_ids: list[Name] = Field([], max_length=64)
    mode: Mode = "autonomous"
    robot_id: Name = Field("", description="empty = assigned")
    workspace_id: Name = Field("", description="empty = the robot's own")
    target_position: list[Number] = Field([], description="x, y, z in odom [m]")
    required_capabilities: list[Name] = Field([], max_length=64)
    assignment_strategy: AssignmentStrategy = "NEAREST"
    tier: TierName = "CONTROL"
    max_skills_per_step: int = Field(3, ge=1, le=64)
    parameters: Parameters = Field({})

    @model_validator(mode="after")
    def _says_what_to_plan(self) -> "PlanRequest":
        if not (self.task_description.strip() or self.skill_ids):
            raise ValueError("one of task_description, skill_ids must be given")
        if len(self.target_position) not in (0, 3):
            raise ValueError(
                f"target_position has {len(self.target_position)} values; it takes x, y, z"
            )
        return self


class PlanStepBody(BaseModel):
    """One step of a plan."""

    step_id: int
    task: str
    skill_ids: list[str] = Field(description="best first; of a blended step all of them")
    weights: list[float]
    blended: bool
    robot_id: str
    workspace_id: str
    location_params: dict[str, JsonValue]
    joint_groups: list[str]
    tier: TierName
    depends_on: list[int]
    estimated_duration_ms: float
    deadline_ms: float = Field(description="0 = none")
    status: StepLifecycle
    status_text: str


class PlanBody(BaseModel):
    """What will be done, by whom and in which order, and how far it is."""

    plan_id: str
    task_description: str
    status: PlanLifecycle
    execution_id: str
    steps: list[PlanStepBody]
    total_estimated_duration_ms: float
    error_code: int
    error: str | None


class PlanMade(BaseModel):
    """A plan, or why there is none."""

    success: bool
    plan: PlanBody | None = None
    error: str | None = None
    error_code: int = 0
    orchestration_time_ms: float


class PlanList(BaseModel):
    """Plans that were begun, the one changed last first."""

    plans: list[PlanBody]
