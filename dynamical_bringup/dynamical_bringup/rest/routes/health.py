"""Health of the platform, for people, load balancers and the command line alike."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from dynamical_bringup.rest import health, models
from dynamical_bringup.rest.context import Context
from dynamical_bringup.rest.conversions import loop_from_msg
from dynamical_interfaces import graph


def platform_health(context: Context) -> dict[str, Any]:
    """The whole table, as ``models.Health`` describes it."""
    gateway = context.gateway
    now, uptime = gateway.now(), gateway.uptime()
    loops = [loop_from_msg(timing, now=now) for timing in gateway.timings()]
    present = gateway.present()
    names = [*graph.CORE_NODES]
    names += [name for name in graph.NODES if name not in names and name in present]
    components = [
        health.component(
            name,
            report=gateway.report(name),
            present=name in present,
            now=now,
            uptime=uptime,
        )
        for name in names
    ]
    return {
        **health.summarize(components, safety=gateway.safety(), now=now),
        "robot_id": context.robot_id,
        "components": components,
        "loops": loops,
        # Said openly: the DDS of this release has no encryption; bind REST to loopback or put TLS
        # before it.
        "transport": {"rest": "http", "dds": "plaintext"},
        "uptime_s": uptime,
        "version": context.version,
    }


def router(context: Context) -> APIRouter:
    """The health route; it needs no key."""
    routes = APIRouter(tags=["health"])

    @routes.get(
        "/health",
        operation_id="health",
        response_model=models.Health,
        responses={503: {"model": models.Health, "description": "The platform cannot work"}},
    )
    async def read_health() -> JSONResponse:
        """200 when healthy or degraded, else 503; always the whole table, with what to do."""
        body = platform_health(context)
        return JSONResponse(body, status_code=503 if body["status"] == "unhealthy" else 200)

    return routes
