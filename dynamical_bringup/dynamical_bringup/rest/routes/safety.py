"""Safety: stop, reset, status, zones, hazards, explanation, audit."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from dynamical_bringup.rest import models
from dynamical_bringup.rest.context import Context, needs, principal
from dynamical_bringup.rest.conversions import (
    SAFETY_STATES,
    explanation_from_msg,
    hazard_from_msg,
    hazard_to_msg,
    hazard_type_from_msg,
    hazard_type_to_msg,
    safety_from_msg,
    seconds,
    zone_from_msg,
    zone_to_msg,
)
from dynamical_bringup.rest.principal import Scope
from dynamical_bringup.rest.problems import documented, graph_unavailable
from dynamical_interfaces.msg import SafetyStatus
from dynamical_interfaces.srv import (
    EditHazards,
    EditSafetyZones,
    EmergencyStop,
    ResetSafety,
    SetSafetyZones,
)
from dynamical_safety import audit
from dynamical_safety.parameters import SafetyGateParameters

Version = Annotated[
    int, Query(ge=0, lt=2**32, description="refuse if another version is in force; 0 = any")
]
ZoneName = Annotated[models.Name, Path(min_length=1)]
HazardId = Annotated[models.Name, Path(min_length=1)]
HazardTypeName = Annotated[models.Name, Path(min_length=1)]
# The gate's own numbers where the site has not set others: they only fill in sentences.
_DEFAULTS = SafetyGateParameters()
_RECOVERY = {
    "none": 0.0,
    "settle": _DEFAULTS.settle_time,
    "resume": _DEFAULTS.resume_delay,
}


def router(context: Context) -> APIRouter:
    """Routes of safety."""
    routes = APIRouter(tags=["safety"])
    gateway = context.gateway

    def require(topic: str) -> Any:
        message = gateway.newest(topic)
        if message is None:
            raise graph_unavailable(f"the safety gate has not published {topic}; see GET /health")
        return message

    @routes.post(
        "/api/v1/safety/stop",
        operation_id="safety_stop",
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.OBSERVE)],
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
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def status() -> models.SafetyStatusBody:
        """What the safety gate is doing, and why."""
        return models.SafetyStatusBody(
            **safety_from_msg(require("safety/status"), now=gateway.now())
        )

    def source(request: Request) -> str:
        return f"rest:{principal(request).id}"

    async def get_zones() -> models.ZoneList:
        """Zones in force."""
        message = require("safety/zones")
        return models.ZoneList.model_construct(
            frame_id=message.header.frame_id,
            version=message.version,
            zones=[models.ZoneBody.model_construct(**zone_from_msg(z)) for z in message.zones],
        )

    async def set_zones(
        body: models.ZoneSet | models.ZoneBody, request: Request, expected_version: Version = 0
    ) -> models.ZonesChanged:
        """One zone is added (or replaces the one of its name); `zones` replaces the whole set."""
        if isinstance(body, models.ZoneBody):
            return await edit_zones(
                request, expected_version, put=[zone_to_msg(body, body.name)], remove=[]
            )
        zones = [zone_to_msg(zone, zone.name) for zone in body.zones]
        answer = await gateway.call(
            "safety/set_zones", SetSafetyZones.Request(source=source(request), zones=zones)
        )
        return models.ZonesChanged(**_changed(answer))

    async def put_zone(
        name: ZoneName, body: models.ZoneRule, request: Request, expected_version: Version = 0
    ) -> models.ZonesChanged:
        """Add a zone, or replace the one of that name."""
        zone = zone_to_msg(body, name)
        return await edit_zones(request, expected_version, put=[zone], remove=[])

    async def delete_zone(
        name: ZoneName, request: Request, expected_version: Version = 0
    ) -> models.ZonesChanged:
        """Remove the zone of that name."""
        return await edit_zones(request, expected_version, put=[], remove=[name])

    async def edit_zones(
        request: Request, expected: int, *, put: list[Any], remove: list[str]
    ) -> models.ZonesChanged:
        answer = await gateway.call(
            "safety/edit_zones",
            EditSafetyZones.Request(
                source=source(request), expected_version=expected, put=put, remove=remove
            ),
        )
        return models.ZonesChanged(**_changed(answer))

    async def get_hazards() -> models.HazardList:
        """Hazards known now, and every type of hazard that is defined."""
        message = require("safety/hazards")
        return models.HazardList.model_construct(
            frame_id=message.header.frame_id,
            version=message.version,
            age_s=gateway.now() - seconds(message.header.stamp),
            hazards=[models.HazardBody(**hazard_from_msg(hazard)) for hazard in message.hazards],
            types=[
                models.HazardTypeBody.model_construct(**hazard_type_from_msg(kind))
                for kind in message.types
            ],
        )

    async def change_hazards(
        body: models.HazardChange | models.PlacedHazard,
        request: Request,
        expected_version: Version = 0,
    ) -> models.HazardsChanged:
        """Place one hazard, or make several changes of hazards and types, all or nothing."""
        if isinstance(body, models.PlacedHazard):
            body = models.HazardChange(put=[body])
        return await edit_hazards(request, expected_version, body)

    async def delete_hazard(
        hazard_id: HazardId, request: Request, expected_version: Version = 0
    ) -> models.HazardsChanged:
        """Remove a hazard that was placed."""
        change = models.HazardChange(remove=[hazard_id])
        return await edit_hazards(request, expected_version, change)

    async def delete_hazard_type(
        name: HazardTypeName, request: Request, expected_version: Version = 0
    ) -> models.HazardsChanged:
        """Remove a type of hazard that was added."""
        change = models.HazardChange(remove_types=[name])
        return await edit_hazards(request, expected_version, change)

    async def edit_hazards(
        request: Request, expected: int, change: models.HazardChange
    ) -> models.HazardsChanged:
        answer = await gateway.call(
            "safety/edit_hazards",
            EditHazards.Request(
                source=source(request),
                expected_version=expected,
                put_types=[hazard_type_to_msg(kind) for kind in change.put_types],
                remove_types=change.remove_types,
                put=[hazard_to_msg(hazard) for hazard in change.put],
                remove=change.remove,
            ),
        )
        return models.HazardsChanged(**_changed(answer))

    async def get_explanation() -> models.Explanation:
        """Why the robot is slow or stopped, in plain words, and what would clear it."""
        message = require("safety/status")
        if message.state == SafetyStatus.STATE_UNKNOWN:
            raise graph_unavailable("the safety gate does not say what state it is in")
        return models.Explanation(
            **explanation_from_msg(message, recovery=_RECOVERY, now=gateway.now())
        )

    def get_audit(last: Annotated[int, Query(ge=0, le=1000)] = 100) -> models.Audit:
        """The newest changes of zones and hazards, stops and resets; is the chain intact?"""
        if context.state_dir is None:
            raise graph_unavailable("the bridge does not know where the gate keeps its audit")
        path = context.state_dir / audit.FILE_NAME
        try:
            broken = audit.verify(path)
            entries = audit.read(path, last=last)
            newest = audit.newest_hash(path)
        except OSError as error:
            raise graph_unavailable(f"the audit {path} cannot be read: {error}") from None
        return models.Audit(
            intact=broken is None,
            broken_line=None if broken is None else broken.line,
            problem=None if broken is None else broken.problem,
            newest_hash=newest,
            entries=[models.AuditEntry.model_construct(**entry) for entry in entries],
        )

    read, administer = (401, 403, 503), (400, 401, 403, 413, 422, 503)
    table: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
        ("GET", "/zones", "get_zones", get_zones),
        ("POST", "/zones", "set_zones", set_zones),
        ("PUT", "/zones/{name}", "put_zone", put_zone),
        ("DELETE", "/zones/{name}", "delete_zone", delete_zone),
        ("GET", "/hazards", "get_hazards", get_hazards),
        ("POST", "/hazards", "change_hazards", change_hazards),
        ("DELETE", "/hazards/types/{name}", "delete_hazard_type", delete_hazard_type),
        ("DELETE", "/hazards/{hazard_id}", "delete_hazard", delete_hazard),
        ("GET", "/explain", "explain_safety", get_explanation),
        ("GET", "/audit", "get_audit", get_audit),
    )
    for prefix, suffix in (("/api/safety", ""), ("/api/v1/safety", "_v1")):
        for method, path, operation, route in table:
            reads = method == "GET"
            routes.add_api_route(
                prefix + path,
                route,
                methods=[method],
                operation_id=operation + suffix,
                responses=documented(*(read if reads else administer)),
                dependencies=[needs(Scope.OBSERVE if reads else Scope.ADMINISTER)],
            )
    return routes


def _changed(answer: Any) -> dict[str, Any]:
    """What the gate answered to a change."""
    return {
        "success": answer.success,
        "error": answer.error_msg or None,
        "error_code": answer.error_code,
        "version": answer.version,
    }
