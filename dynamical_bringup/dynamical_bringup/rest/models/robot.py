"""Bodies of what the robot does, can and sees."""

from typing import Literal

from pydantic import BaseModel, Field


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
