"""Bodies of zones and hazards."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, FiniteFloat

from dynamical_bringup.rest.models.fields import (
    HazardBehaviour,
    Name,
    Number,
    Outcome,
    Request,
    ZoneApplies,
    ZoneType,
)

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
