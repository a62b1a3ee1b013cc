"""Errors of the HTTP side as problem details (RFC 9457).

What never reached the robot is a 4xx or 503 problem; what the robot refused is a 200 answer with
``success: false``, ``error`` and ``error_code``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from dynamical_interfaces.errors import ErrorCode

MEDIA_TYPE = "application/problem+json"
_TYPE_BASE = "urn:dynamical:problem:"


class ProblemDetails(BaseModel):
    """Body of every error answer, RFC 9457 with our extensions."""

    type: str
    title: str
    status: int
    detail: str
    error_code: int = 0
    request_id: str = ""
    errors: list[dict[str, str]] = []


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - named as RFC 9457 names it
    """An error answer raised by a handler.

    Attributes:
        status: HTTP status code.
        detail: One sentence that names the thing, the value and what would be right.
        kind: Last part of the problem's ``type`` URN; empty = from the status.
        error_code: Code of the graph's error table.
        errors: One entry per bad field: ``field`` and ``message``.
        headers: Further answer headers.
    """

    status: int
    detail: str
    kind: str = ""
    error_code: ErrorCode = ErrorCode.NONE
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """The problem as a JSON object."""
        title = HTTPStatus(self.status).phrase
        kind = self.kind or title.lower().replace(" ", "-")
        return {
            "type": _TYPE_BASE + kind,
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "error_code": int(self.error_code),
            "request_id": request_id,
            "errors": [dict(entry) for entry in self.errors],
        }


def graph_unavailable(detail: str) -> Problem:
    """503: the part of the graph that would answer is not there or does not answer."""
    return Problem(
        503,
        detail,
        kind="graph-unavailable",
        error_code=ErrorCode.GRAPH_UNAVAILABLE,
        headers={"Retry-After": "2"},
    )


def invalid(
    detail: str, *, errors: Sequence[Mapping[str, str]] = (), status: int = 422
) -> Problem:
    """422 (or 400): the request cannot be understood."""
    return Problem(
        status,
        detail,
        kind="request-invalid",
        error_code=ErrorCode.REQUEST_INVALID,
        errors=errors,
    )


def response(problem: Problem, request_id: str) -> JSONResponse:
    """The problem as an HTTP answer."""
    return JSONResponse(
        problem.body(request_id),
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=MEDIA_TYPE,
    )


def _request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return response(error, _request_id(request))


async def _on_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    entries = [
        {
            "field": ".".join(str(part) for part in entry["loc"]),
            # A message may quote input that is not encodable (lone surrogates).
            "message": str(entry["msg"]).encode("utf-8", "replace").decode(),
        }
        for entry in error.errors()
    ]
    malformed = any(entry["type"] == "json_invalid" for entry in error.errors())
    what = "; ".join(f"{entry['field']}: {entry['message']}" for entry in entries[:3])
    detail = (
        f"the body is not valid JSON: {what}" if malformed else f"the request is wrong: {what}"
    )
    problem = invalid(detail, errors=entries, status=400 if malformed else 422)
    return response(problem, _request_id(request))


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = str(error.detail)
    kind, code = "", ErrorCode.NONE
    if error.status_code == 404:
        detail = f"there is nothing at {request.url.path}; see /docs for what there is"
    elif error.status_code == 400:
        detail = "the body is not valid UTF-8 JSON"
        kind, code = "request-invalid", ErrorCode.REQUEST_INVALID
    problem = Problem(
        error.status_code, detail, kind=kind, error_code=code, headers=error.headers or {}
    )
    return response(problem, _request_id(request))


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    # The server logs the traceback; the caller gets the kind of the error and an id to ask about.
    detail = f"the bridge failed inside ({type(error).__name__}); see its log"
    return response(Problem(500, detail, error_code=ErrorCode.INTERNAL), _request_id(request))


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` as a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_error)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` argument of a route: these statuses answer with a problem."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in statuses
    }
