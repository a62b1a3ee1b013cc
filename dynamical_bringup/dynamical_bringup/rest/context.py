"""What the routes share, and the few things every route does."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel

from dynamical_bringup.rest.auth import Principal, Scope
from dynamical_bringup.rest.gateway import Gateway
from dynamical_bringup.rest.problems import Problem, invalid
from dynamical_bringup.rest.store import ExecutionStore, IdempotencyStore, Remembered

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the routes share.

    Attributes:
        gateway: The graph.
        executions: What was asked of the robot.
        robot_id: The robot of this bridge.
        answer_limit: Longest wait of an invocation for its first action [s].
        version: Of the platform.
        state_dir: Folder where the gate keeps its audit; ``None`` = it is not known here.
        robot_mjcf: The robot's model, to draw it; ``None`` = it is not drawn.
    """

    gateway: Gateway
    executions: ExecutionStore
    robot_id: str
    answer_limit: float = 30.0
    version: str = "0.1.0"
    state_dir: Path | None = None
    robot_mjcf: Path | None = None
    retries: IdempotencyStore = field(default_factory=IdempotencyStore)

    def require_robot(self, robot_id: str) -> None:
        """404 unless it is the robot of this bridge."""
        if robot_id != self.robot_id:
            raise Problem(
                404,
                f"there is no robot {robot_id!r} here; this is {self.robot_id!r}",
                "robot-unknown",
            )


def principal(request: Request) -> Principal:
    """Who is calling; set by the authentication in front of the application."""
    found = request.scope["state"].get("principal")
    if not isinstance(found, Principal):
        # Reached only if a route was put on the public list by mistake.
        raise Problem(401, "this needs a key", "key-invalid")
    return found


def request_id(request: Request) -> str:
    """The id under which this request stands in the log."""
    return str(request.scope["state"]["request_id"])


def needs(scope: Scope) -> Depends:  # type: ignore[valid-type]
    """A dependency that refuses callers whose role does not cover the scope."""

    async def check(request: Request) -> None:
        caller = principal(request)
        if not caller.may(scope):
            raise Problem(
                403, f"the role {caller.role!r} may not do this; it needs {scope.value!r}"
            )

    check.scope = scope  # type: ignore[attr-defined]  # read by the test that walks all routes
    return Depends(check)


async def once(
    context: Context, request: Request, body: BaseModel, work: Callable[[], Awaitable[T]]
) -> T:
    """Do the work, or give the earlier answer if this is a retry with the same Idempotency-Key."""
    key = request.headers.get("idempotency-key", "")
    if not key:
        return await work()
    if len(key) > 255:
        raise invalid(f"the Idempotency-Key has {len(key)} characters; 255 are allowed")
    caller = principal(request).id
    said = f"{request.url.path}?{request.url.query}\n{body.model_dump_json()}"
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    seen = context.retries.find(caller, key)
    if seen is None:
        answer = asyncio.ensure_future(work())
        context.retries.remember(caller, key, Remembered(fingerprint, answer))
        try:
            return await asyncio.shield(answer)
        except Problem:
            context.retries.forget(caller, key)
            raise
    if seen.fingerprint != fingerprint:
        raise invalid(f"the Idempotency-Key {key!r} was used before for another request")
    result: T = await asyncio.shield(seen.answer)
    return result
