"""Safety: stop, reset, status, zones, hazards."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request

from dynamical_bringup.rest import models
from dynamical_bringup.rest.auth import Scope
from dynamical_bringup.rest.context import Context, needs, principal
from dynamical_bringup.rest.conversions import (
    SAFETY_STATES,
    hazard_from_msg,
    safety_from_msg,
    seconds,
    zone_from_msg,
    zone_to_msg,
)
from dynamical_bringup.rest.problems import documented, graph_unavailable
from dynamical_interfaces.srv import EmergencyStop, ResetSafety, SetSafetyZones


def router(context: Context) -> APIRouter:
    """Routes of safety."""
    routes = APIRouter(tags=["safety"])
    gateway = context.gateway
    # A new zone is the current set plus one: two at once would lose one of them.
    zones_change = asyncio.Lock()

    def require(topic: str) -> Any:
        message = gateway.newest(topic)
        if message is None:
            raise graph_unavailable(f"the safety gate has not published {topic}; see GET /health")
        return message

    @routes.post(
        "/api/v1/safety/stop",
        operation_id="safety_stop",
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.STOP)],
    )
    async def stop(request: Request, body: models.StopRequest | None = None) -> models.Outcome:
        """Stop the robot now. It stays stopped until `reset`."""
        asked = body or models.StopRequest()
        answer = await gateway.call(
            "safety/stop",
            EmergencyStop.Request(
                source=f"rest:{principal(request).id}",
                reason=asked.reason or "stop requested over REST",
                stop_category=asked.stop_category,
            ),
        )
        return models.Outcome(
            success=answer.success, error=None if answer.success else answer.message
        )

    @routes.post(
        "/api/v1/safety/reset",
        operation_id="safety_reset",
        responses=documented(401, 403, 503),
        dependencies=[needs(Scope.ADMINISTER)],
    )
    async def reset(request: Request) -> models.ResetResponse:
        """Leave a stop; refused while its cause persists."""
        asked = ResetSafety.Request(source=f"rest:{principal(request).id}")
        answer = await gateway.call("safety/reset", asked)
        return models.ResetResponse(
            success=answer.success,
            error=answer.error_msg or None,
            error_code=answer.error_code,
            state=SAFETY_STATES.get(answer.state, "UNKNOWN"),
        )

    @routes.get(
        "/api/v1/safety/status",
        operation_id="safety_status",
        responses=documented(401, 403, 503),
        dependencies=[needs(Scope.READ)],
    )
    async def status() -> models.SafetyStatusBody:
        """What the safety gate is doing, and why."""
        return models.SafetyStatusBody(
            **safety_from_msg(require("safety/status"), now=gateway.now())
        )

    async def get_zones() -> models.ZoneList:
        """Zones in force."""
        message = require("safety/zones")
        return models.ZoneList.model_construct(
            frame_id=message.header.frame_id,
            version=message.version,
            zones=[models.ZoneBody.model_construct(**zone_from_msg(z)) for z in message.zones],
        )

    async def set_zones(
        body: models.ZoneSet | models.ZoneBody, request: Request
    ) -> models.ZonesChanged:
        """One zone is added (or replaces the one of its name); `zones` replaces the whole set."""
        async with zones_change:
            if isinstance(body, models.ZoneSet):
                zones = [zone_to_msg(zone) for zone in body.zones]
            else:
                zones = [z for z in require("safety/zones").zones if z.name != body.name]
                zones.append(zone_to_msg(body))
            answer = await gateway.call(
                "safety/set_zones",
                SetSafetyZones.Request(source=f"rest:{principal(request).id}", zones=zones),
            )
        return models.ZonesChanged(
            success=answer.success,
            error=answer.error_msg or None,
            error_code=answer.error_code,
            version=answer.version,
        )

    async def get_hazards() -> models.HazardList:
        """Hazards known now."""
        message = require("safety/hazards")
        return models.HazardList(
            frame_id=message.header.frame_id,
            age_s=gateway.now() - seconds(message.header.stamp),
            hazards=[models.HazardBody(**hazard_from_msg(hazard)) for hazard in message.hazards],
        )

    for prefix, suffix in (("/api/safety", ""), ("/api/v1/safety", "_v1")):
        routes.add_api_route(
            f"{prefix}/zones",
            get_zones,
            methods=["GET"],
            operation_id=f"get_zones{suffix}",
            responses=documented(401, 403, 503),
            dependencies=[needs(Scope.READ)],
        )
        routes.add_api_route(
            f"{prefix}/zones",
            set_zones,
            methods=["POST"],
            operation_id=f"set_zones{suffix}",
            responses=documented(400, 401, 403, 413, 422, 503),
            dependencies=[needs(Scope.ADMINISTER)],
        )
        routes.add_api_route(
            f"{prefix}/hazards",
            get_hazards,
            methods=["GET"],
            operation_id=f"get_hazards{suffix}",
            responses=documented(401, 403, 503),
            dependencies=[needs(Scope.READ)],
        )
    return routes
