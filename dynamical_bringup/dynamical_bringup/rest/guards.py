"""What stands in front of the application: request ids and log lines, who is calling, body size.

Plain ASGI, outermost first: everything the application answers, its own failures included, passes
here. Deny by default: a path that is not on the public list needs a key, whether it exists or not.
"""

import logging
import re
import time
import uuid
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dynamical_bringup.rest.auditing import AuditTrail
from dynamical_bringup.rest.auth import HEADER, Authenticator
from dynamical_bringup.rest.problems import Problem, response
from dynamical_bringup.rest.rates import Rates, too_many
from dynamical_bringup.rest.tickets import PARAMETER, STREAMS
from dynamical_interfaces.errors import ErrorCode

LOG = logging.getLogger("dynamical.rest")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# An oversized body is read to its end, up to here, so that the caller gets the answer and not a
# reset.
_DRAIN_LIMIT = 16 * 1024 * 1024


class RequestLog:
    """Gives each request an id, sends it back, and writes one line without secrets or bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        began = time.monotonic()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "websocket.accept":
                status = 101
            elif message["type"].endswith("response.start"):
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            caller = state.get("principal")
            # Reads come several times a second from whoever follows an execution.
            method = scope.get("method", "WEBSOCKET")
            level = logging.DEBUG if method == "GET" and status < 400 else logging.INFO
            LOG.log(
                level,
                "%s %s -> %d in %.1f ms for %s (%s)",
                method,
                scope["path"].encode("ascii", "backslashreplace").decode(),
                status,
                1e3 * (time.monotonic() - began),
                caller.id if caller else "nobody",
                request_id,
            )


class Authentication:
    """Lets known callers through; everybody to the public paths alone.

    Args:
        app: What comes behind.
        authenticator: Knows the callers.
        public: Paths that need no key.
        rates: Counts wrong keys.
        trail: Where refused commands are written down.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        *,
        public: Iterable[str],
        rates: Rates,
        trail: AuditTrail,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._public = frozenset(public)
        self._rates = rates
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        ticket = self._ticket(scope)
        caller = (
            self._authenticator.redeem(ticket)
            if ticket
            else self._authenticator.identify(
                key=headers.get(HEADER, ""), peer=peer, from_browser="origin" in headers
            )
        )
        scope["state"]["principal"] = caller
        if caller is not None or scope["path"] in self._public:
            await self._app(scope, receive, send)
            return
        wait = self._rates.refuse_failure(peer)
        if wait:
            problem = too_many(wait, f"{peer}, without a valid key,")
        elif ticket:
            problem = Problem(
                401,
                "the ticket is not valid: it opens one stream, once, within 30 s",
                "ticket-invalid",
                ErrorCode.KEY_INVALID,
            )
        else:
            sent = "is not valid" if HEADER in headers else "is missing"
            problem = Problem(
                401,
                f"the header {HEADER} {sent}; the key is in the file api_key of the run's folder",
                "key-invalid",
                ErrorCode.KEY_INVALID,
                headers={"WWW-Authenticate": f'ApiKey header="{HEADER}"'},
            )
        await self._trail.deny(scope, problem.status)
        await response(problem, scope["state"]["request_id"])(scope, receive, send)

    @staticmethod
    def _ticket(scope: Scope) -> str:
        """The ticket in the URL of a stream; elsewhere there are none."""
        reads = scope["type"] == "websocket" or scope["method"] == "GET"
        if not reads or not STREAMS.fullmatch(scope["path"]):
            return ""
        return QueryParams(scope["query_string"]).get(PARAMETER, "")


class BodyLimit:
    """Reads the body before the application does and refuses one that is too large."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "content-length" not in headers and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        parts: list[bytes] = []
        size, more = 0, True
        while more and size <= _DRAIN_LIMIT:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            part = message.get("body", b"")
            size += len(part)
            if size <= self._limit:
                parts.append(part)
            more = message.get("more_body", False)
        if size > self._limit:
            problem = Problem(
                413,
                f"the body has more than {self._limit} bytes, which is the limit",
                "body-too-large",
                ErrorCode.REQUEST_INVALID,
                headers={"Connection": "close"} if more else {},
            )
            await response(problem, scope["state"]["request_id"])(scope, receive, send)
            return
        await self._app(scope, _replay(b"".join(parts), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
