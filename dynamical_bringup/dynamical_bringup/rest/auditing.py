"""Who commanded what over REST, and what became of it: the guard that writes the bridge's audit.

The file is a chain like the safety gate's (``dynamical_safety.audit``), in a folder of its own as two
processes must not write one chain. A command is written down before it is carried out and again
when it is answered. What is never written: keys, bodies, query strings.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dynamical_bringup.rest.problems import Problem, response
from dynamical_bringup.rest.stops import is_stop
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.audit import FILE_NAME, AuditLog

FOLDER = "rest"
_READS = ("GET", "HEAD", "OPTIONS")
# Reading these is worth a line of its own.
_CONFIDENTIAL = ("/api/v1/keys", "/api/v1/audit")
_LONGEST_PATH = 200
# Refusals of callers without a key are written once in a while, or they could fill the disk.
_REFUSALS_PER_MINUTE = 60


def audit_path(state_dir: Path) -> Path:
    """The bridge's audit."""
    return state_dir / FOLDER / FILE_NAME


def is_command(method: str, path: str) -> bool:
    """Whether a request stands in the audit."""
    return method not in _READS or path in _CONFIDENTIAL


class AuditTrail:
    """Writes the audit.

    Args:
        state_dir: Folder of the platform's state; ``None`` = nothing is kept.
        on_problem: Called with what went wrong with the last entry, or nothing, when that changes.
        clock: Seconds since 1970 [s].
    """

    def __init__(
        self,
        state_dir: Path | None,
        *,
        on_problem: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = AuditLog(None if state_dir is None else state_dir / FOLDER)
        self._on_problem = on_problem
        self._clock = clock
        self._problem = ""
        self._minute = 0
        self._refusals = 0

    async def write(self, scope: Scope, decision: str, **more: Any) -> str:
        """One entry about a request; returns what went wrong, or nothing."""
        caller = scope["state"].get("principal")
        entry = {
            "decision": decision,
            "request_id": scope["state"]["request_id"],
            "address": scope["client"][0] if scope.get("client") else "",
            **more,
        }
        # The disk may take its time; the loop has others to serve meanwhile.
        problem = await asyncio.to_thread(
            self._log.append,
            f"{scope.get('method', 'GET')} {scope['path'][:_LONGEST_PATH]}",
            source=caller.id if caller else "nobody",
            now=self._clock(),
            after=entry,
        )
        if problem != self._problem:
            self._problem = problem
            self._on_problem(problem)
        return problem

    async def deny(self, scope: Scope, status: int) -> None:
        """Write down that a command was turned away before it reached the application."""
        minute = int(self._clock() / 60.0)
        if minute != self._minute:
            self._minute, self._refusals = minute, 0
        self._refusals += 1
        if self._refusals <= _REFUSALS_PER_MINUTE and is_command(
            scope.get("method", "GET"), scope["path"]
        ):
            await self.write(scope, "denied", outcome=status)


def note(scope: Scope, **facts: Any) -> None:
    """Facts that a handler adds to the entry of its request: ids and codes, nothing of a body."""
    scope["state"].setdefault("audit", {}).update(facts)


class Audited:
    """Lets a command through once it is written down.

    If it cannot be written the command is refused with 503, except a stop: that passes, and the
    node's diagnostics say that the audit has a gap.
    """

    def __init__(self, app: ASGIApp, trail: AuditTrail) -> None:
        self._app = app
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not is_command(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        problem = await self._trail.write(scope, "asked")
        if problem and not is_stop(scope["method"], scope["path"]):
            refusal = Problem(
                503,
                f"the command was not carried out because it cannot be audited: {problem}",
                "audit-unavailable",
                ErrorCode.STORAGE_FULL,
                headers={"Retry-After": "10"},
            )
            await response(refusal, scope["state"]["request_id"])(scope, receive, send)
            return
        status, began = 500, time.monotonic()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            facts = scope["state"].get("audit", {})
            # Written down even if the caller has gone meanwhile.
            await asyncio.shield(
                self._trail.write(
                    scope,
                    "denied" if status in (401, 403) else "allowed",
                    outcome=status,
                    milliseconds=round(1e3 * (time.monotonic() - began), 1),
                    **facts,
                )
            )
