"""The HTTP application: routes, errors, documentation, and the guards in front."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from dynamical_bringup.rest import docs, problems
from dynamical_bringup.rest.auditing import Audited, AuditTrail
from dynamical_bringup.rest.auth import HEADER, Authenticator
from dynamical_bringup.rest.context import Context
from dynamical_bringup.rest.guards import Authentication, BodyLimit, RequestLog
from dynamical_bringup.rest.rates import RateLimit, Rates
from dynamical_bringup.rest.routes import (
    access,
    executions,
    follow,
    health,
    live,
    plans,
    robot,
    safety,
    skills,
)
from dynamical_bringup.rest.stops import is_stop

PUBLIC = ("/health", *docs.PATHS, *live.PATHS)
_DESCRIPTION = """Carry out sentences on a humanoid, follow what it does, stop it.

What never reached the robot is a 4xx or 503 problem (RFC 9457, `application/problem+json`); what
the robot refused is a 200 answer with `success: false`, `error` and `error_code`.
"""


def create_app(context: Context) -> FastAPI:
    """The application with all routes; ``guarded`` puts authentication in front."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        context.streams.begin()
        keeper = asyncio.create_task(context.gateway.keep_house(), name="keep_house")
        yield
        keeper.cancel()

    app = FastAPI(
        title="Dynamical",
        version=context.version,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
    )
    problems.install(app)
    for module in (health, robot, executions, follow, plans, skills, safety, live, access):
        app.include_router(module.router(context))
    docs.install(app)
    live.install(app)
    _describe_key(app)
    return app


def guarded(
    app: ASGIApp,
    authenticator: Authenticator,
    *,
    body_limit: int,
    rates: Rates,
    trail: AuditTrail,
) -> ASGIApp:
    """The application behind its guards; this is what a server serves.

    Args:
        app: From ``create_app``.
        authenticator: Knows the callers.
        body_limit: Largest request body [bytes].
        rates: How often a caller may ask.
        trail: Where commands are written down.
    """
    inner = RateLimit(Audited(BodyLimit(app, body_limit), trail), rates, trail)
    return RequestLog(
        Authentication(inner, authenticator, public=PUBLIC, rates=rates, trail=trail)
    )


def _describe_key(app: FastAPI) -> None:
    """Add to the OpenAPI document what the guards do: the key, their answers, the problems."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            components = schema.setdefault("components", {})
            components["securitySchemes"] = {
                "key": {"type": "apiKey", "in": "header", "name": HEADER}
            }
            components.setdefault("schemas", {})["ProblemDetails"] = (
                problems.ProblemDetails.model_json_schema()
            )
            for path, item in schema["paths"].items():
                for method, call in item.items():
                    call["security"] = [] if path in PUBLIC else [{"key": []}]
                    _describe_guards(call, path, method.upper())
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _describe_guards(call: dict[str, Any], path: str, method: str) -> None:
    """Add the answers of the guards to one operation."""
    told = call["responses"]
    statuses = [] if is_stop(method, path) else [429]
    if path not in PUBLIC:
        statuses += [401, 403]
    if method != "GET":
        statuses += [503]
    if "requestBody" in call:
        statuses += [400, 413, 422]
    if "422" in told:
        # FastAPI describes its own form of it; here it is a problem like all others.
        del told["422"]
        statuses += [422]
    for status, described in problems.documented(*statuses).items():
        told.setdefault(str(status), described)
