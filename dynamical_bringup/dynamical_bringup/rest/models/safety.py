"""Bodies of the safety gate: its state, its reasons, stop and reset."""

from typing import Literal

from pydantic import BaseModel, Field

from dynamical_bringup.rest.models.fields import Outcome, Request, Text


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
