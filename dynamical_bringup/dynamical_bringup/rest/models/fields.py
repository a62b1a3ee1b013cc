"""What the bodies share: names and values of the public contract, and the types of fields."""

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, JsonValue

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


class Outcome(BaseModel):
    """What the robot answered to a request that changes something."""

    success: bool
    error: str | None = None
    error_code: int = 0


class Page(BaseModel):
    """Which part of a list."""

    limit: int = Field(100, ge=1, le=1000, description="at most so many")
    offset: int = Field(0, ge=0, le=1_000_000, description="leave out so many before")
