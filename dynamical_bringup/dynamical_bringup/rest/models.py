"""Bodies of requests and answers; names and values are those of the public contract."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    model_validator,
)

Role = Literal["leader", "follower", "observer", "independent", "assistant"]
Mode = Literal["autonomous", "direct", "blended", "sequential"]
ActionSpace = Literal["joint_position", "joint_velocity", "cartesian_pose", "hybrid"]
SkillType = Literal["manipulation", "navigation", "perception", "coordination", "locomotion"]
SkillLifecycle = Literal["draft", "validated", "deployed", "deprecated"]
ExecutionStatus = Literal["pending", "running", "completed", "failed", "timeout", "cancelled"]
ZoneType = Literal["keep_out", "stop", "slow", "allow", "limit"]
ZoneApplies = Literal["default", "robot", "people", "both"]
HazardBehaviour = Literal["stop", "slow", "avoid", "inform"]

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


def _sendable(text: str) -> str:
    # A ROS string ends at NUL and is UTF-8: either would be cut or refused far from here.
    if _UNSENDABLE.search(text):
        raise ValueError("the text holds a NUL character or half a surrogate pair")
    return text


def _finite(parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
    json.dumps(parameters, allow_nan=False)
    return parameters


Text = Annotated[str, AfterValidator(_sendable)]
Name = Annotated[str, AfterValidator(_sendable), Field(max_length=200)]
Number = Annotated[FiniteFloat, Field(ge=-1e6, le=1e6)]
Parameters = Annotated[dict[str, JsonValue], AfterValidator(_finite)]
Timeout = Annotated[FiniteFloat, Field(gt=0.0, le=3600.0)]


class Request(BaseModel):
    """A request body; a field that is not in the contract is an error, so that a typo is seen."""

    model_config = ConfigDict(extra="forbid")


class InvokeSkillRequest(Request):
    """Carry out a sentence, or named skills."""

    robot_id: Name = Field("", description="empty = the robot of this bridge")
    role: Role = "independent"
    goal: Text = ""
    task_description: Text = ""
    coordination_id: Name | None = None
    skill_ids: list[Name] = Field([], max_length=64)
    joint_positions: list[Number] = Field([], max_length=256, description="[rad]")
    ee_position: list[Number] = Field([], description="x, y, z in odom [m]")
    mode: Mode = "autonomous"
    action_space: ActionSpace = "joint_position"
    max_skills: int = Field(3, ge=1, le=64)
    parameters: Parameters = {}
    timeout: Timeout = Field(120.0, description="[s]")

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value is not None}
        return data

    @model_validator(mode="after")
    def _says_what_to_do(self) -> "InvokeSkillRequest":
        if not (self.goal.strip() or self.task_description.strip() or self.skill_ids):
            raise ValueError("one of goal, task_description and skill_ids must be given")
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
    parameters: Parameters = {}
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


class ExecutionStarted(BaseModel):
    """Answer to a request to execute."""

    execution_id: str
    robot_id: str
    skill_id: str
    status: ExecutionStatus
    success: bool
    error_message: str | None
    error_code: int


class SkillParameterBody(Request):
    """One parameter of a skill."""

    name: Name
    type: Literal["track", "place", "side", "float", "string", "bool"]
    unit: Name = ""
    default_value: Text = ""
    description: Text = ""


class CoordinationBody(Request):
    """How a skill takes part in work of several robots."""

    supported_roles: list[Role] = ["independent"]
    requires_leader: bool = False
    sync_mode: Literal["none", "loose", "strict", "realtime"] = "none"
    min_robots: int = Field(default=1, ge=1, le=255)
    max_robots: int = Field(default=1, ge=1, le=255)


class SkillBody(Request):
    """What a skill is, what it needs and what it promises."""

    id: Name = Field(min_length=1)
    version: Name = "0.1.0"
    description: Text = ""
    examples: list[Text] = []
    skill_type: SkillType = "manipulation"
    status: SkillLifecycle = "draft"
    parameters: list[SkillParameterBody] = []
    preconditions: list[Name] = []
    postconditions: list[Name] = []
    required_capabilities: list[Name] = []
    estimated_duration: float = Field(0.0, ge=0.0, le=86400.0, description="[s]")
    coordination: CoordinationBody = Field(default_factory=CoordinationBody)


class SkillList(BaseModel):
    """The library."""

    skills: list[SkillBody]
    total: int


class Outcome(BaseModel):
    """What the robot answered to a request that changes something."""

    success: bool
    error: str | None = None
    error_code: int = 0


class SkillRegistered(Outcome):
    """Answer to the registration of a skill."""

    skill_id: str


class SkillSearchRequest(Request):
    """Which skills fit a task?"""

    task_description: Text = ""
    task_embedding: list[Number] | None = Field(None, max_length=4096)
    required_skill_types: list[SkillType] = []
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


class RobotStatus(BaseModel):
    """What the robot is doing."""

    robot_id: str
    status: Literal["idle", "busy", "stopped", "offline"]
    health: Literal["healthy", "degraded", "unhealthy"]
    active_execution_id: str | None
    safety_state: str
    speed_scale: float | None
    human_distance: float | None = Field(description="[m]; null = nobody seen")
    workspace_id: str | None
    position: list[float] | None = Field(description="x, y, z in odom [m]")
    joints: int
    age_s: float | None = Field(description="age of the newest safety status [s]")


class Capabilities(BaseModel):
    """What the robot can do."""

    robot_id: str
    skills: list[str]
    skill_types: list[str]
    capabilities: list[str]
    roles: list[str]
    joint_names: list[str]
    modes: list[str]
    action_spaces: list[str]


class TrackBody(BaseModel):
    """One thing perception follows."""

    id: int
    class_id: str
    color: str
    motion: Literal["unknown", "static", "movable", "agent"]
    position: list[float]
    orientation: list[float]
    size: list[float]
    velocity: list[float]
    confidence: float
    source_cameras: list[str]


class TrackList(BaseModel):
    """What perception sees."""

    frame_id: str
    age_s: float
    tracks: list[TrackBody]


Vertex = Annotated[list[Number], Field(min_length=2, max_length=2)]


class ZoneRule(Request):
    """A floor polygon with a height range and a rule, for robot links, people or both."""

    zone_type: ZoneType
    coordinates: list[Vertex] = Field(min_length=3, max_length=256, description="x, y in odom [m]")
    height_min: Number = Field(0.0, description="[m]")
    height_max: Number = Field(3.0, description="[m]")
    speed_scale: float = Field(0.25, ge=0.0, le=1.0, description="for slow zones")
    speed_limit: float = Field(0.25, ge=0.0, le=100.0, description="for limit zones [m/s]")
    applies_to: ZoneApplies = Field(
        "default", description="default: robot for keep_out and allow, people for the others"
    )


class ZoneBody(ZoneRule):
    """A zone with its name."""

    name: Name = Field(min_length=1)


class ZoneSet(Request):
    """The whole new set of zones."""

    zones: list[ZoneBody] = Field(max_length=256)


class ZoneList(BaseModel):
    """Zones in force."""

    frame_id: str
    version: int
    zones: list[ZoneBody]


class ZonesChanged(Outcome):
    """Answer to a change of zones."""

    version: int


class HazardBody(BaseModel):
    """Something that asks for care."""

    id: str
    hazard_type: str
    position: list[float]
    size: list[float]
    severity: float
    behaviour: str
    speed_factor: float
    clearance: float
    confidence: float


class HazardTypeBody(Request):
    """What a kind of hazard asks for."""

    name: Name = Field(min_length=1, description="capitals, digits and _")
    severity: float = Field(ge=0.0, le=1.0)
    behaviour: HazardBehaviour
    speed_factor: float = Field(1.0, ge=0.0, le=1.0, description="for slow")
    clearance: float = Field(0.0, ge=0.0, le=100.0, description="distance to keep [m]")
    built_in: bool = Field(default=False, description="cannot be changed; ignored in requests")


class HazardList(BaseModel):
    """Hazards known now."""

    frame_id: str
    version: int
    age_s: float | None
    hazards: list[HazardBody]
    types: list[HazardTypeBody]


Triple = Annotated[list[Number], Field(min_length=3, max_length=3)]
Extent = Annotated[FiniteFloat, Field(ge=0.0, le=1000.0)]


class PlacedHazard(Request):
    """A hazard to place; without a behaviour it asks for what its type asks for."""

    id: Name = Field(min_length=1)
    hazard_type: Name = Field(min_length=1)
    position: Triple = Field(description="centre x, y, z in odom [m]")
    size: Annotated[list[Extent], Field(min_length=3, max_length=3)] = Field(
        [0.0, 0.0, 0.0], description="extent along x, y, z [m]"
    )
    severity: float = Field(0.0, ge=0.0, le=1.0)
    behaviour: HazardBehaviour | Literal[""] = ""
    speed_factor: float = Field(1.0, ge=0.0, le=1.0)
    clearance: float = Field(0.0, ge=0.0, le=100.0)
    confidence: float = Field(1.0, ge=0.0, le=1.0)


class HazardChange(Request):
    """Several changes of hazards and their types at once: all or nothing."""

    put: list[PlacedHazard] = Field(default=[], max_length=256)
    remove: list[Name] = Field(default=[], max_length=256)
    put_types: list[HazardTypeBody] = Field(default=[], max_length=256)
    remove_types: list[Name] = Field(default=[], max_length=256)


class HazardsChanged(Outcome):
    """Answer to a change of hazards."""

    version: int


class ExplanationPoint(BaseModel):
    """One reason of the gate, in plain words."""

    code: int
    code_name: str
    cause: str
    subject: str
    text: str
    means: str
    figures: str
    clears: str
    recovery: str
    needs_reset: bool


class Explanation(BaseModel):
    """Why the robot is slow or stopped, and what would clear it."""

    state: str
    speed_scale: float
    age_s: float
    summary: str
    points: list[ExplanationPoint]
    next_step: str


class AuditEntry(BaseModel):
    """One change of zones or hazards, one stop or one reset."""

    sequence: int | None = None
    time: str = ""
    source: str = ""
    action: str = ""
    version: int = 0
    before: JsonValue = None
    after: JsonValue = None
    hash: str = ""


class Audit(BaseModel):
    """The newest entries, and whether the whole chain holds."""

    intact: bool
    broken_line: int | None
    problem: str | None
    newest_hash: str
    entries: list[AuditEntry]


class StopRequest(Request):
    """Stop the robot now."""

    reason: Text = Field(default="", max_length=1000)
    stop_category: Literal[0, 1] = Field(
        default=1, description="IEC 60204-1: 1 = brake, then hold; 0 = take the drive torque away"
    )


class SafetyReasonBody(BaseModel):
    """Why the gate is in its state."""

    code: int
    subject: str
    value: float | None
    limit: float | None
    text: str


class ForecastVoteBody(BaseModel):
    """What one voter of the forecast ensemble says."""

    model: str
    state: Literal["unknown", "calm", "alarm", "missing"]
    weight: float
    probability: float | None
    age: float | None


class SafetyStatusBody(BaseModel):
    """What the safety gate is doing."""

    state: str
    stop_category: int | None
    reset_required: bool
    reasons: list[SafetyReasonBody]
    speed_scale: float
    human_distance: float | None
    nearest_link: str
    protective_distance: float | None = Field(description="distance to be kept now [m]")
    contact_force: float | None = Field(description="predicted, if the motion met a person [N]")
    contact_force_limit: float | None = Field(description="what ISO/TS 15066 permits there [N]")
    active_constraints: list[str]
    votes: list[ForecastVoteBody]
    age_s: float
    joint_state_age: float | None
    command_age: float | None
    tracks_age: float | None
    forecast_age: float | None
    supervision_age: float | None
    ticks: int
    late_ticks: int
    refused_commands: int
    tick_compute_p50: float
    tick_compute_p99: float
    tick_compute_p999: float
    lateness_p99: float


class ResetResponse(Outcome):
    """Answer to a reset of the safety gate."""

    state: str


class ComponentHealth(BaseModel):
    """Health of one node."""

    name: str
    level: Literal["ok", "warn", "error", "stale", "missing"]
    message: str
    age_s: float | None
    advice: str
    entries: dict[str, str]


class LoopHealth(BaseModel):
    """How well a periodic loop keeps its time."""

    loop: str
    tier: str
    rate: float
    period: float
    lateness_p99: float
    compute_p50: float
    compute_p99: float
    late_ticks: int
    slips: int
    real_time_factor: float | None
    age_s: float


class Health(BaseModel):
    """Health of the platform."""

    status: Literal["healthy", "degraded", "unhealthy"]
    robot_id: str
    reasons: list[str]
    advice: list[str]
    safety_state: str
    safety_age_s: float | None
    components: list[ComponentHealth]
    loops: list[LoopHealth]
    transport: dict[str, str]
    uptime_s: float
    version: str
