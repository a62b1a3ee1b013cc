"""Executions: start one skill, follow it, cancel it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from dynamical_bringup.rest import models
from dynamical_bringup.rest.auth import Scope
from dynamical_bringup.rest.context import Context, needs, once, request_id
from dynamical_bringup.rest.conversions import goal_from_execute
from dynamical_bringup.rest.problems import Problem, documented
from dynamical_bringup.rest.store import CANCELLED, Execution, iso
from dynamical_interfaces.errors import ErrorCode


def execution_body(execution: Execution) -> dict[str, Any]:
    """An execution as the outside sees it."""
    used = execution.skill_ids_used
    return {
        "execution_id": execution.id,
        "robot_id": execution.robot_id,
        "skill_id": execution.skill_id or (used[0] if used else ""),
        "status": execution.status,
        "success": execution.success,
        "start_time": iso(execution.started),
        "end_time": None if execution.end_time is None else iso(execution.end_time),
        "duration": (
            None if execution.end_time is None else execution.end_time - execution.started
        ),
        "error_message": execution.error or None,
        "error_code": execution.error_code,
        "result_data": {
            "goal": execution.goal,
            "skill_ids_used": used,
            **execution.progress,
            **execution.result_data,
        },
    }


def router(context: Context) -> APIRouter:
    """Routes of executions."""
    routes = APIRouter(prefix="/api/v1/skills", tags=["executions"])

    def find(execution_id: str) -> Execution:
        execution = context.executions.find(execution_id)
        if execution is None:
            raise Problem(
                404,
                f"there is no execution {execution_id!r}; the bridge keeps the newest ones only",
                "execution-unknown",
                ErrorCode.EXECUTION_UNKNOWN,
            )
        return execution

    async def _execute(body: models.ExecuteSkillRequest, request: Request) -> dict[str, Any]:
        goal = goal_from_execute(body, request_id=request_id(request), robot_id=context.robot_id)
        whole = execution_body(await context.gateway.begin(goal))
        return {name: whole[name] for name in models.ExecutionStarted.model_fields}

    @routes.post(
        "/execute",
        operation_id="execute_one_skill",
        response_model=models.ExecutionStarted,
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.EXECUTE)],
    )
    async def execute(body: models.ExecuteSkillRequest, request: Request) -> JSONResponse:
        """Start one skill; answers as soon as the robot has taken or refused it."""
        return JSONResponse(await once(context, request, body, lambda: _execute(body, request)))

    @routes.get(
        "/executions/{execution_id}",
        operation_id="get_execution",
        response_model=models.ExecutionBody,
        responses=documented(401, 403, 404),
        dependencies=[needs(Scope.READ)],
    )
    async def read(execution_id: str) -> JSONResponse:
        """One execution, now or at its end; `result_data` holds its progress, then its results."""
        return JSONResponse(execution_body(find(execution_id)))

    @routes.post(
        "/executions/{execution_id}/cancel",
        operation_id="cancel_execution",
        response_model=models.ExecutionBody,
        responses=documented(401, 403, 404, 409, 503),
        dependencies=[needs(Scope.STOP)],
    )
    async def cancel(execution_id: str) -> JSONResponse:
        """Cancel; the robot brakes along its path. Answers once the robot has heard it."""
        execution = find(execution_id)
        if execution.is_over and execution.status != CANCELLED:
            raise Problem(
                409,
                f"execution {execution_id!r} is over already: {execution.status}",
                "execution-over",
            )
        await context.gateway.cancel(execution)
        return JSONResponse(execution_body(execution))

    return routes
