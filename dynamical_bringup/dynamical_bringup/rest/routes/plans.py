"""Plans: made without moving anything, looked up, ended. A plan is carried on by `invoke_skill`."""

from typing import Annotated

from fastapi import APIRouter, Query

from dynamical_bringup.rest import models
from dynamical_bringup.rest.context import Context, needs
from dynamical_bringup.rest.models.plans import PlanLifecycle
from dynamical_bringup.rest.plan_bodies import plan_from_msg, request_to_msg
from dynamical_bringup.rest.principal import Scope
from dynamical_bringup.rest.problems import Problem, documented
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.srv import CancelPlan, GetPlan, ListPlans


def router(context: Context) -> APIRouter:
    """Routes of plans."""
    routes = APIRouter(prefix="/api/v1/plans", tags=["plans"])
    call = context.gateway.call

    @routes.post(
        "",
        operation_id="make_plan",
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def make_plan(body: models.PlanRequest) -> models.PlanMade:
        """Which steps, skills, robot and order a task leads to; nothing moves."""
        answer = await call("orchestrate", request_to_msg(body))
        plan = models.PlanBody.model_validate(plan_from_msg(answer.plan))
        return models.PlanMade(
            success=answer.success,
            plan=plan if answer.success else None,
            error=answer.error_msg or None,
            error_code=answer.error_code,
            orchestration_time_ms=answer.orchestration_time_ms,
        )

    @routes.get(
        "",
        operation_id="list_plans",
        responses=documented(401, 403, 422, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def list_plans(
        status: Annotated[PlanLifecycle | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="at most so many")] = 20,
    ) -> models.PlanList:
        """Plans that were begun since the skill server came up, the one changed last first."""
        answer = await call("list_plans", ListPlans.Request(status=status or "", limit=limit))
        plans = [models.PlanBody.model_validate(plan_from_msg(plan)) for plan in answer.plans]
        return models.PlanList(plans=plans)

    @routes.get(
        "/{plan_id}",
        operation_id="get_plan",
        responses=documented(401, 403, 404, 422, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def get_plan(plan_id: models.Name) -> models.PlanBody:
        """One plan, and the status of each of its steps."""
        answer = await call("get_plan", GetPlan.Request(plan_id=plan_id))
        if not answer.success:
            raise _unknown(answer.error_msg or f"there is no plan {plan_id!r}")
        return models.PlanBody.model_validate(plan_from_msg(answer.plan))

    @routes.post(
        "/{plan_id}/cancel",
        operation_id="cancel_plan",
        responses=documented(401, 403, 404, 409, 422, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def cancel_plan(plan_id: models.Name) -> models.Outcome:
        """End its execution; the robot brakes. What was not done can be carried on by `plan_id`."""
        answer = await call("cancel_plan", CancelPlan.Request(plan_id=plan_id))
        if answer.error_code == ErrorCode.PLAN_UNKNOWN:
            raise _unknown(answer.error_msg)
        if not answer.success:
            raise Problem(409, answer.error_msg, "plan-over", ErrorCode(answer.error_code))
        return models.Outcome(success=True)

    return routes


def _unknown(text: str) -> Problem:
    return Problem(404, text, "plan-unknown", ErrorCode.PLAN_UNKNOWN)
