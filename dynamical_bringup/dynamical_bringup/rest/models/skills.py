"""Bodies of the skill library."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from dynamical_bringup.rest.models.fields import (
    Name,
    Number,
    Outcome,
    Request,
    Role,
    SkillLifecycle,
    SkillType,
    Text,
)


class SkillParameterBody(Request):
    """One parameter of a skill."""

    name: Name
    type: Literal["track", "place", "side", "float", "string", "bool"]
    unit: Name = ""
    default_value: Text = ""
    description: Text = ""


class CoordinationBody(Request):
    """How a skill takes part in work of several robots."""

    supported_roles: list[Role] = Field(default=["independent"])
    requires_leader: bool = False
    sync_mode: Literal["none", "loose", "strict", "realtime"] = "none"
    min_robots: int = Field(default=1, ge=1, le=255)
    max_robots: int = Field(default=1, ge=1, le=255)


class SkillBody(Request):
    """What a skill is, what it needs and what it promises."""

    id: Name = Field(min_length=1)
    version: Name = "0.1.0"
    description: Text = ""
    examples: list[Text] = Field([])
    skill_type: SkillType = "manipulation"
    status: SkillLifecycle = "draft"
    parameters: list[SkillParameterBody] = Field([])
    preconditions: list[Name] = Field([])
    postconditions: list[Name] = Field([])
    required_capabilities: list[Name] = Field([])
    joint_groups: list[Name] = Field([], description="joints it moves; empty = all")
    estimated_duration: float = Field(0.0, ge=0.0, le=86400.0, description="[s]")
    coordination: CoordinationBody = Field(default_factory=CoordinationBody)


class SkillList(BaseModel):
    """The library."""

    skills: list[SkillBody]
    total: int


class SkillRegistered(Outcome):
    """Answer to the registration of a skill."""

    skill_id: str


class SkillSearchRequest(Request):
    """Which skills fit a task?"""

    task_description: Text = ""
    task_embedding: list[Number] | None = Field(None, max_length=4096)
    required_skill_types: list[SkillType] = Field([])
    max_skills: int = Field(5, ge=1, le=64)
    device_id: Name = ""

    @model_validator(mode="after")
    def _says_which_task(self) -> "SkillSearchRequest":
        if not (self.task_description.strip() or self.task_embedding):
            raise ValueError("one of task_description and task_embedding must be given")
        return self


class SkillMatch(BaseModel):
    """One skill that fits."""

    skill_id: str
    weight: float
    similarity: float


class SkillSearchResponse(Outcome):
    """Skills that fit a task, best first."""

    skills: list[SkillMatch]
    routing_time_ms: float


class DeployRequest(Request):
    """Make skills available on devices."""

    skill_ids: list[Name] = Field(min_length=1, max_length=256)
    device_ids: list[Name] = Field([], max_length=256)


class DeployResponse(Outcome):
    """Which skill is on which device now."""

    deployed: list[str]
