"""The skill library: list, look up, search by task, register, deploy."""

from typing import Annotated

from fastapi import APIRouter, Query

from dynamical_bringup.rest import models
from dynamical_bringup.rest.context import Context, needs
from dynamical_bringup.rest.conversions import skill_from_msg, skill_to_msg
from dynamical_bringup.rest.principal import Scope
from dynamical_bringup.rest.problems import Problem, documented
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.srv import (
    DeploySkills,
    GetSkill,
    ListSkills,
    RegisterSkill,
    RouteTask,
)


def router(context: Context) -> APIRouter:
    """Routes of the library."""
    routes = APIRouter(prefix="/api/v1/skills", tags=["skills"])
    call = context.gateway.call

    @routes.get(
        "",
        operation_id="list_skills",
        responses=documented(401, 403, 422, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def list_skills(
        page: Annotated[models.Page, Query()],
        skill_type: Annotated[models.SkillType | None, Query()] = None,
        status: Annotated[models.SkillLifecycle | None, Query()] = None,
        capability: Annotated[models.Name, Query(description="that it asks for")] = "",
        text: Annotated[models.Name, Query(description="in the id or the description")] = "",
    ) -> models.SkillList:
        """Skills the robot knows, by id."""
        request = ListSkills.Request(skill_type=skill_type or "", status=status or "")
        answer = await call("list_skills", request)
        found = sorted(
            (
                skill
                for skill in answer.skills
                if (not capability or capability in skill.required_capabilities)
                and text.lower() in f"{skill.id}\n{skill.description}".lower()
            ),
            key=lambda skill: skill.id,
        )
        shown = found[page.offset : page.offset + page.limit]
        skills = [models.SkillBody.model_construct(**skill_from_msg(s)) for s in shown]
        return models.SkillList.model_construct(skills=skills, total=len(found))

    @routes.get(
        "/{skill_id}",
        operation_id="get_skill",
        responses=documented(401, 403, 404, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def get_skill(skill_id: models.Name) -> models.SkillBody:
        """One skill."""
        answer = await call("get_skill", GetSkill.Request(id=skill_id))
        if not answer.success:
            raise Problem(
                404,
                answer.error_msg or f"there is no skill {skill_id!r}",
                "skill-unknown",
                ErrorCode.SKILL_UNKNOWN,
            )
        return models.SkillBody.model_construct(**skill_from_msg(answer.skill))

    @routes.post(
        "/request",
        operation_id="request_skills",
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def request_skills(body: models.SkillSearchRequest) -> models.SkillSearchResponse:
        """Which skills fit a task, best first; nothing moves."""
        request = RouteTask.Request(
            task_description=body.task_description,
            task_embedding=body.task_embedding or [],
            required_skill_types=list(body.required_skill_types),
            max_skills=body.max_skills,
        )
        answer = await call("route_task", request)
        found = zip(answer.skill_ids, answer.weights, answer.similarity, strict=True)
        return models.SkillSearchResponse(
            success=answer.success,
            error=answer.error_msg or None,
            error_code=answer.error_code,
            skills=[
                models.SkillMatch(skill_id=skill_id, weight=weight, similarity=similarity)
                for skill_id, weight, similarity in found
            ],
            routing_time_ms=answer.routing_time_ms,
        )

    @routes.post(
        "",
        operation_id="register_skill",
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.ADMINISTER)],
    )
    async def register_skill(body: models.SkillBody) -> models.SkillRegistered:
        """Add a skill, or a newer version of one."""
        answer = await call("register_skill", RegisterSkill.Request(skill=skill_to_msg(body)))
        return models.SkillRegistered(
            success=answer.success,
            error=answer.error_msg or None,
            error_code=answer.error_code,
            skill_id=body.id,
        )

    @routes.post(
        "/deploy",
        operation_id="deploy_skills",
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.ADMINISTER)],
    )
    async def deploy_skills(body: models.DeployRequest) -> models.DeployResponse:
        """Make skills available on devices."""
        request = DeploySkills.Request(skill_ids=body.skill_ids, device_ids=body.device_ids)
        answer = await call("deploy_skills", request)
        return models.DeployResponse(
            success=answer.success,
            error=answer.error_msg or None,
            error_code=answer.error_code,
            deployed=list(answer.deployed),
        )

    return routes
