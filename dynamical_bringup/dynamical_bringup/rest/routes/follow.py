"""Follow one execution as it goes: server-sent events, and the same over a WebSocket.

What is sent is always the whole newest state, so that a follower who missed something, or comes
back, needs nothing from before.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocketDisconnect

from dynamical_bringup.rest import problems
from dynamical_bringup.rest.context import Context, needs, principal, require
from dynamical_bringup.rest.principal import Principal, Scope
from dynamical_bringup.rest.problems import Problem, documented
from dynamical_bringup.rest.routes.executions import execution_body, find_execution
from dynamical_bringup.rest.store import Execution
from dynamical_bringup.rest.streams import event

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=32)]
# Close codes of WebSockets, RFC 6455 section 7.4.1.
NORMAL, GOING_AWAY = 1000, 1001


def router(context: Context) -> APIRouter:
    """Streams of executions."""
    routes = APIRouter(prefix="/api/v1/skills/executions", tags=["executions"])
    streams = context.streams

    @routes.get(
        "/{execution_id}/events",
        operation_id="execution_events",
        response_class=StreamingResponse,
        responses={
            **documented(401, 403, 404, 503),
            200: {"description": "Server-sent events", "content": {"text/event-stream": {}}},
            204: {"description": "It is over, and the caller has been told"},
        },
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def events(
        execution_id: str, request: Request, last_event_id: LastEventId = None
    ) -> Response:
        """Progress as server-sent events: `progress` at every change, `end` once, then nothing.

        The data of an event is the execution as `GET .../{execution_id}` gives it. A web page,
        whose `EventSource` sends no headers, asks for a ticket first (`POST /api/v1/tickets`) and
        puts it into the URL: `?ticket=...`.
        """
        execution = find_execution(context, execution_id)
        if execution.is_over and last_event_id == str(execution.revision):
            # An EventSource comes back after every end unless it is told not to.
            return Response(status_code=204)
        streams.require_room()
        return StreamingResponse(
            _events(execution, principal(request)), media_type="text/event-stream"
        )

    async def _events(execution: Execution, caller: Principal) -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        async for told in streams.follow(execution, caller):
            if told is None:
                yield ": still here\n\n"
            else:
                yield event(told[0], execution_body(execution), number=told[1])

    @routes.websocket("/{execution_id}/stream")
    async def stream(websocket: WebSocket, execution_id: str) -> None:
        """Progress as JSON messages `{event, revision, execution}`; closed after the end."""
        try:
            caller = principal(websocket)
            require(caller, Scope.OBSERVE)
            execution = find_execution(context, execution_id)
            streams.require_room()
        except Problem as problem:
            identity = websocket.scope["state"]["request_id"]
            await websocket.send_denial_response(problems.response(problem, identity))
            return
        await websocket.accept()
        sender = asyncio.ensure_future(_send(websocket, execution, caller))
        listener = asyncio.ensure_future(_listen(websocket))
        try:
            await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sender, listener):
                task.cancel()
            await asyncio.gather(sender, listener, return_exceptions=True)

    async def _send(websocket: WebSocket, execution: Execution, caller: Principal) -> None:
        over = False
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            async for told in streams.follow(execution, caller):
                # Signs of life are the protocol's own here.
                if told is not None:
                    await websocket.send_json(_message(*told, execution))
                    over = told[0] == "end"
            await websocket.close(NORMAL if over else GOING_AWAY)

    return routes


def _message(name: str, revision: int, execution: Execution) -> dict[str, Any]:
    return {"event": name, "revision": revision, "execution": execution_body(execution)}


async def _listen(websocket: WebSocket) -> None:
    """Until the other end has gone; what it says is of no interest."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
