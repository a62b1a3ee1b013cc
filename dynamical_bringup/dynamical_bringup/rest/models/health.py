"""Bodies of the health of the platform."""

from typing import Literal

from pydantic import BaseModel


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
