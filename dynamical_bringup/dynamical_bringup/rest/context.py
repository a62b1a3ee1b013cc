"""What the routes share, and the few things every route does."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from dynamical_bringup.rest.gateway import Gateway
from dynamical_bringup.rest.idempotency import IdempotencyStore
from dynamical_bringup.rest.keys import KeyStore
from dynamical_bringup.rest.principal import Principal, Scope
from dynamical_bringup.rest.problems import Problem, invalid
from dynamical_bringup.rest.store import ExecutionStore
from dynamical_bringup.rest.streams import Streams
from dynamical_bringup.rest.tickets import Tickets
from dynamical_interfaces.errors import ErrorCode

T = TypeVar("T")
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="a retry with the same key gets the first answer and moves nothing",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the routes share.

    Attributes:
        gateway: The graph.
        executions: What was asked of the robot.
        keys: Who may call.
        robot_id: The robot of this bridge.
        answer_limit: Longest wait of an invocation for its first action [s].
        version: Of the platform.
        state_dir: Folder where the gate keeps its audit; ``None`` = it is not known here.
        robot_mjcf: The robot's model, to draw it; ``None`` = it is not drawn.
        retries: Requests seen before.
        tickets: One-time tickets for streams.
        streams: What is being streamed.
    """

    gateway: Gateway
    executions: ExecutionStore
    keys: KeyStore
    robot_id: str
    answer_limit: float = 30.0
    version: str = "0.1.0"
    state_dir: Path | None = None
    robot_mjcf: Path | None = None
    retries: IdempotencyStore = field(default_factory=IdempotencyStore)
    tickets: Tickets = field(default_factory=Tickets)
    streams: Streams = field(default_factory=Streams)

    def require_robot(self, robot_id: str) -> None:
        """404 unless it is the robot of this bridge."""
        if robot_id != self.robot_id:
            raise Problem(
                404,
                f"there is no robot {robot_id!r} here; this is {self.robot_id!r}",
                "robot-unknown",
            )


def principal(connection: HTTPConnection) -> Principal:
    """Who is calling; set by the authentication in front of the application."""
    found = connection.scope["state"].get("principal")
    if not isinstance(found, Principal):
        # Reached only if a route was put on the public list by mistake.
        raise Problem(401, "this needs a key", "key-invalid")
    return found


def request_id(request: Request) -> str:
    """The id under which this request stands in the log."""
    return str(request.scope["state"]["request_id"])


def needs(scope: Scope) -> Depends:  # type: ignore[valid-type]
    """A dependency that refuses callers who do not have the scope."""

    async def check(connection: HTTPConnection) -> None:
        require(principal(connection), scope)

    check.scope = scope  # type: ignore[attr-defined]  # read by the test that walks all routes
    return Depends(check)


def require(caller: Principal, scope: Scope) -> None:
    """403 unless the caller has the scope."""
    if not caller.may(scope):
        has = ", ".join(sorted(caller.scopes)) or "nothing"
        raise Problem(403, f"{caller.id} may not do this; it needs {scope.value!r} and has: {has}")


async def once(
    context: Context, request: Request, body: BaseModel, work: Callable[[], Awaitable[T]]
) -> T:
    """Do the work, or give the earlier answer if this is a retry with the same Idempotency-Key.

    Raises:
        Problem: 422 if the key was used for another request; 409 if the answer was lost; 503 if it
            cannot be written down that the request was taken.
    """
    key = request.headers.get("idempotency-key", "")
    if not key:
        return await work()
    caller = principal(request).id
    said = f"{request.url.path}?{request.url.query}\n{body.model_dump_json()}"
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    seen = context.retries.find(caller, key)
    if seen is None:
        answer = asyncio.ensure_future(_kept(context.retries, caller, key, work))
        context.retries.remember(caller, key, fingerprint, answer)
        return await asyncio.shield(answer)
    if seen.fingerprint != fingerprint:
        raise invalid(f"the Idempotency-Key {key!r} was used before for another request")
    if seen.answer is None:
        ago = time.time() - seen.time
        raise Problem(
            409,
            f"the request with the Idempotency-Key {key!r} was taken {ago:.0f} s ago, before the "
            "bridge restarted, and its answer is lost; nothing was done now",
            "answer-lost",
        )
    result: T = await asyncio.shield(seen.answer)
    return result


async def _kept(
    retries: IdempotencyStore, caller: str, key: str, work: Callable[[], Awaitable[T]]
) -> T:
    try:
        await asyncio.to_thread(retries.keep, caller, key)
    except OSError as error:
        retries.forget(caller, key)
        raise Problem(
            503,
            f"nothing was done: it cannot be written down that the request was taken: {error}",
            "retries-unsafe",
            ErrorCode.STORAGE_FULL,
        ) from error
    try:
        return await work()
    except Problem:
        retries.forget(caller, key)
        raise
