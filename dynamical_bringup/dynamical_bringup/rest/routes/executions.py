"""Executions: start one skill, follow it, cancel it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from dynamical_bringup.rest import models
from dynamical_bringup.rest.auditing import note
from dynamical_bringup.rest.context import Context, IdempotencyKey, needs, once, request_id
from dynamical_bringup.rest.conversions import goal_from_execute
from dynamical_bringup.rest.principal import Scope
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


def find_execution(context: Context, execution_id: str) -> Execution:
    """The execution of that id, ours or the skill server's or the request's.

    Raises:
        Problem: 404 if there is none.
    """
    execution = context.executions.find(execution_id)
    if execution is None:
        raise Problem(
            404,
            f"there is no execution {execution_id!r}; the bridge keeps the newest ones only",
            "execution-unknown",
            ErrorCode.EXECUTION_UNKNOWN,
        )
    return execution


def router(context: Context) -> APIRouter:
    """Routes of executions."""
    routes = APIRouter(prefix="/api/v1/skills", tags=["executions"])

    async def _execute(body: models.ExecuteSkillRequest, request: Request) -> dict[str, Any]:
        goal = goal_from_execute(body, request_id=request_id(request), robot_id=context.robot_id)
        execution = await context.gateway.begin(goal)
        note(request.scope, execution_id=execution.id, error_code=execution.error_code)
        whole = execution_body(execution)
        return {name: whole[name] for name in models.ExecutionStarted.model_fields}

    @routes.post(
        "/execute",
        operation_id="execute_one_skill",
        response_model=models.ExecutionStarted,
        responses=documented(400, 401, 403, 409, 413, 422, 503),
        dependencies=[needs(Scope.OPERATE)],
    )
    async def execute(
        body: models.ExecuteSkillRequest, request: Request, _: IdempotencyKey = None
    ) -> JSONResponse:
        """Start one skill; answers as soon as the robot has taken or refused it.

        A retry with the same `Idempotency-Key` gets the first answer and moves nothing; the same
        key with another body is a 422.
        """
        return JSONResponse(await once(context, request, body, lambda: _execute(body, request)))

    @routes.get(
        "/executions",
        operation_id="list_executions",
        response_model=models.ExecutionList,
        responses=documented(401, 403, 422),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def list_executions(
        page: Annotated[models.Page, Query()],
        status: Annotated[list[models.ExecutionStatus] | None, Query()] = None,
        skill_id: Annotated[models.Name, Query()] = "",
        coordination_id: Annotated[models.Name, Query()] = "",
        robot_id: Annotated[models.Name, Query()] = "",
    ) -> JSONResponse:
        """What was asked of the robot over this bridge, newest first."""
        found = context.executions.newest(
            statuses=status or (),
            skill_id=skill_id,
            coordination_id=coordination_id,
            robot_id=robot_id,
        )
        shown = found[page.offset : page.offset + page.limit]
        return JSONResponse(
            {"executions": [execution_body(e) for e in shown], "total": len(found)}
        )

    @routes.get(
        "/executions/{execution_id}",
        operation_id="get_execution",
        response_model=models.ExecutionBody,
        responses=documented(401, 403, 404),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def read(execution_id: str) -> JSONResponse:
        """One execution, now or at its end; `result_data` holds its progress, then its results."""
        return JSONResponse(execution_body(find_execution(context, execution_id)))

    @routes.post(
        "/executions/{execution_id}/cancel",
        operation_id="cancel_execution",
        response_model=models.ExecutionBody,
        responses=documented(401, 403, 404, 409, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def cancel(execution_id: str) -> JSONResponse:
        """Cancel; the robot brakes along its path. Answers once the robot has heard it."""
        execution = find_execution(context, execution_id)
        if execution.is_over and execution.status != CANCELLED:
            raise Problem(
                409,
                f"execution {execution_id!r} is over already: {execution.status}",
                "execution-over",
            )
        await context.gateway.cancel(execution)
        return JSONResponse(execution_body(execution))

    return routes
