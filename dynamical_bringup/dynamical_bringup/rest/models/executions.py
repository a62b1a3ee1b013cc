"""Bodies of invocations and executions."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dynamical_bringup.rest.models.fields import (
    ActionSpace,
    ExecutionStatus,
    Mode,
    Name,
    Number,
    Parameters,
    Request,
    Role,
    Text,
    Timeout,
)


class InvokeSkillRequest(Request):
    """Carry out a sentence, or named skills."""

    robot_id: Name = Field("", description="empty = the robot of this bridge")
    role: Role = "independent"
    goal: Text = ""
    task_description: Text = ""
    coordination_id: Name | None = None
    skill_ids: list[Name] = Field([], max_length=64)
    plan_id: Name = Field("", description="carry on this plan; empty = make one")
    joint_positions: list[Number] = Field([], max_length=256, description="[rad]")
    ee_position: list[Number] = Field([], description="x, y, z in odom [m]")
    mode: Mode = "autonomous"
    action_space: ActionSpace = "joint_position"
    max_skills: int = Field(3, ge=1, le=64)
    parameters: Parameters = Field({})
    timeout: Timeout = Field(120.0, description="[s]")

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value is not None}
        return data

    @model_validator(mode="after")
    def _says_what_to_do(self) -> "InvokeSkillRequest":
        said = self.goal.strip() or self.task_description.strip()
        if not (said or self.skill_ids or self.plan_id):
            raise ValueError("one of goal, task_description, skill_ids, plan_id must be given")
        if len(self.ee_position) not in (0, 3):
            raise ValueError(f"ee_position has {len(self.ee_position)} values; it takes x, y, z")
        return self


class SkillActionBody(BaseModel):
    """One action that passed the safety gate."""

    skill_id: str
    joint_positions: list[float]
    gripper_action: float
    confidence: float


class InvokeSkillResponse(BaseModel):
    """What became of an invocation so far; follow ``execution_id`` for the rest."""

    success: bool
    request_id: str
    execution_id: str
    robot_id: str
    role: str
    goal: str
    coordination_id: str | None
    actions: list[SkillActionBody]
    skill_ids_used: list[str]
    blend_weights: list[float]
    safety_status: str
    total_time_ms: float
    status: ExecutionStatus
    error: str | None
    error_code: int
    result_data: dict[str, Any]


class InvokerStats(BaseModel):
    """Counts and times since the bridge started."""

    total_invocations: int
    successful_invocations: int
    failed_invocations: int
    cancelled_invocations: int
    active_invocations: int
    success_rate: float
    time_to_first_action_ms: dict[str, float | None]
    avg_total_time_ms: float | None
    by_skill: dict[str, int]
    uptime_s: float


class ExecuteSkillRequest(Request):
    """Execute one skill, as SwarmBrain asks for it."""

    model_config = ConfigDict(extra="ignore")

    robot_id: Name = ""
    skill_id: Name = Field(min_length=1, description="a skill, or skill:role")
    parameters: Parameters = Field({})
    timeout: Timeout = Field(120.0, description="[s]")
    role: Role | None = None
    coordination_group_id: Name | None = None


class ExecutionBody(BaseModel):
    """One execution, now or at its end."""

    execution_id: str
    robot_id: str
    skill_id: str
    status: ExecutionStatus
    success: bool
    start_time: str
    end_time: str | None
    duration: float | None
    error_message: str | None
    error_code: int
    result_data: dict[str, Any]


class ExecutionList(BaseModel):
    """Executions, newest first."""

    executions: list[ExecutionBody]
    total: int


class ExecutionStarted(BaseModel):
    """Answer to a request to execute."""

    execution_id: str
    robot_id: str
    skill_id: str
    status: ExecutionStatus
    success: bool
    error_message: str | None
    error_code: int
