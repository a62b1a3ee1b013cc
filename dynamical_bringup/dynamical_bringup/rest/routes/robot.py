"""Invoke skills with a sentence; what the robot is doing and can do."""

import asyncio
import contextlib
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from dynamical_bringup.rest import models
from dynamical_bringup.rest.auditing import note
from dynamical_bringup.rest.context import Context, IdempotencyKey, needs, once, request_id
from dynamical_bringup.rest.conversions import (
    finite,
    goal_from_invoke,
    seconds,
    skill_from_msg,
    track_from_msg,
    xyz,
)
from dynamical_bringup.rest.principal import Scope
from dynamical_bringup.rest.problems import documented, graph_unavailable
from dynamical_bringup.rest.routes.health import platform_health
from dynamical_bringup.rest.store import RUNNING, Execution
from dynamical_interfaces.srv import ListSkills

_WAIT_MARGIN = 10.0


def invocation(execution: Execution, *, now: float) -> dict[str, Any]:
    """The answer to an invocation, as far as it has come."""
    until = execution.first_action_time or execution.end_time or now
    if execution.end_time is not None:
        until = execution.end_time
    return {
        "success": execution.success if execution.is_over else True,
        "request_id": execution.request_id,
        "execution_id": execution.id,
        "robot_id": execution.robot_id,
        "role": execution.role,
        "goal": execution.goal,
        "coordination_id": execution.coordination_id or None,
        "actions": execution.actions,
        "skill_ids_used": execution.skill_ids_used,
        "blend_weights": execution.blend_weights,
        "safety_status": execution.safety_status,
        "total_time_ms": 1e3 * (until - execution.started),
        "status": execution.status,
        "error": execution.error or None,
        "error_code": execution.error_code,
        "result_data": execution.result_data,
    }


def router(context: Context) -> APIRouter:
    """Routes of the robot."""
    routes = APIRouter(prefix="/api/v1", tags=["robot"])
    gateway = context.gateway

    async def _invoke(
        body: models.InvokeSkillRequest, request: Request, *, wait: bool
    ) -> dict[str, Any]:
        goal = goal_from_invoke(body, request_id=request_id(request), robot_id=context.robot_id)
        execution = await gateway.begin(goal)
        note(request.scope, execution_id=execution.id)
        event = execution.ended if wait else execution.first_action
        limit = body.timeout + _WAIT_MARGIN if wait else context.answer_limit
        # After the limit the answer says "pending" or "running", which is what is true.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), limit)
        note(request.scope, error_code=execution.error_code)
        return invocation(execution, now=gateway.now())

    async def invoke_skill(
        body: models.InvokeSkillRequest,
        request: Request,
        wait: Annotated[bool, Query(description="answer at the end of the execution")] = False,  # noqa: FBT002
        _: IdempotencyKey = None,
    ) -> JSONResponse:
        """Carry out a sentence, or named skills.

        Answers once the first action has passed the safety gate, or at a refusal (`success: false`
        with `error`); the execution goes on and is followed by its `execution_id`. A retry with
        the same `Idempotency-Key` gets the first answer and moves nothing; the same key with
        another body is a 422.
        """
        return JSONResponse(
            await once(context, request, body, lambda: _invoke(body, request, wait=wait))
        )

    for name in ("invoke_skill", "execute_skill"):
        routes.add_api_route(
            f"/robot/{name}",
            invoke_skill,
            methods=["POST"],
            operation_id=name,
            response_model=models.InvokeSkillResponse,
            responses=documented(400, 401, 403, 409, 413, 422, 503),
            dependencies=[needs(Scope.OPERATE)],
        )

    @routes.get(
        "/robot/invoker/stats",
        operation_id="invoker_stats",
        responses=documented(401, 403),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def stats() -> models.InvokerStats:
        """Counts and times since the bridge started."""
        return models.InvokerStats(**context.executions.stats(uptime=gateway.uptime()))

    @routes.get(
        "/robots/{robot_id}/status",
        operation_id="robot_status",
        responses=documented(401, 403, 404),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def status(robot_id: str) -> models.RobotStatus:
        """What the robot is doing."""
        context.require_robot(robot_id)
        return models.RobotStatus(**_status(context))

    @routes.get(
        "/robots/{robot_id}/capabilities",
        operation_id="robot_capabilities",
        responses=documented(401, 403, 404, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def capabilities(robot_id: str) -> models.Capabilities:
        """What the robot can do, from its skill library and its joints."""
        context.require_robot(robot_id)
        answer = await gateway.call("list_skills", ListSkills.Request())
        skills = [skill_from_msg(skill) for skill in answer.skills]
        joints = gateway.newest("joint_states")
        return models.Capabilities(
            robot_id=robot_id,
            skills=sorted(skill["id"] for skill in skills),
            skill_types=sorted({skill["skill_type"] for skill in skills}),
            capabilities=sorted({name for s in skills for name in s["required_capabilities"]}),
            roles=sorted({r for s in skills for r in s["coordination"]["supported_roles"]}),
            joint_names=list(joints.name) if joints is not None else [],
            modes=list(get_args(models.Mode)),
            action_spaces=list(get_args(models.ActionSpace)),
        )

    @routes.get(
        "/tracks",
        operation_id="list_tracks",
        responses=documented(401, 403, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def tracks() -> models.TrackList:
        """What perception sees now: objects and people."""
        message = gateway.newest("tracks")
        if message is None:
            raise graph_unavailable("perception has not published tracks yet; see GET /health")
        return models.TrackList(
            frame_id=message.header.frame_id,
            age_s=gateway.now() - seconds(message.header.stamp),
            tracks=[models.TrackBody(**track_from_msg(track)) for track in message.tracks],
        )

    return routes


def _status(context: Context) -> dict[str, Any]:
    gateway = context.gateway
    now = gateway.now()
    health = platform_health(context)
    safety = gateway.newest("safety/status")
    location = gateway.newest("robot_location")
    joints = gateway.newest("joint_states")
    active = [execution.id for execution in context.executions.active()]
    # Goals that came over ROS, not over this bridge.
    active += [
        item.execution_id
        for item in gateway.statuses()
        if item.status == RUNNING and now - seconds(item.header.stamp) < 1.0
    ]
    if safety is None or health["safety_age_s"] > 1.0:
        doing = "offline"
    elif safety.reset_required:
        doing = "stopped"
    else:
        doing = "busy" if active else "idle"
    return {
        "robot_id": context.robot_id,
        "status": doing,
        "health": health["status"],
        "active_execution_id": active[0] if active else None,
        "safety_state": health["safety_state"],
        "speed_scale": None if safety is None else safety.speed_scale,
        "human_distance": None if safety is None else finite(safety.human_distance),
        "workspace_id": None if location is None else location.workspace_id or None,
        "position": None if location is None else xyz(location.pose.pose.position),
        "joints": 0 if joints is None else len(joints.name),
        "age_s": health["safety_age_s"],
    }
