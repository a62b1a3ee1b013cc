"""The HTTP application: routes, errors, documentation, and the guards in front."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from dynamical_bringup.rest import docs, problems
from dynamical_bringup.rest.auth import HEADER, Authenticator
from dynamical_bringup.rest.context import Context
from dynamical_bringup.rest.guards import Authentication, BodyLimit, RequestLog
from dynamical_bringup.rest.routes import executions, health, live, robot, safety, skills

PUBLIC = ("/health", *docs.PATHS, *live.PATHS)
_DESCRIPTION = """Carry out sentences on a humanoid, follow what it does, stop it.

What never reached the robot is a 4xx or 503 problem (RFC 9457, `application/problem+json`); what
the robot refused is a 200 answer with `success: false`, `error` and `error_code`.
"""


def create_app(context: Context) -> FastAPI:
    """The application with all routes; ``guarded`` puts authentication in front."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
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
    for module in (health, robot, executions, skills, safety, live):
        app.include_router(module.router(context))
    docs.install(app)
    live.install(app)
    _describe_key(app)
    return app


def guarded(app: ASGIApp, authenticator: Authenticator, *, body_limit: int) -> ASGIApp:
    """The application behind its guards; this is what a server serves.

    Args:
        app: From ``create_app``.
        authenticator: Knows the callers.
        body_limit: Largest request body [bytes].
    """
    return RequestLog(Authentication(BodyLimit(app, body_limit), authenticator, PUBLIC))


def _describe_key(app: FastAPI) -> None:
    """Add to the OpenAPI document what the guards do: the key, and the shape of problems."""
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
                for call in item.values():
                    call["security"] = [] if path in PUBLIC else [{"key": []}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
