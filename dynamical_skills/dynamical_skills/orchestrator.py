"""The one entry from a task to a plan: asks five layers in order and decides nothing itself."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.adaptation import LocationAdaptiveSkillManager
from dynamical_skills.assignment import RobotLocation, TaskRouter
from dynamical_skills.decomposition import Decomposer, SubTask
from dynamical_skills.errors import GOAL_LIMIT, GoalError, SkillsError
from dynamical_skills.fleet import Fleet
from dynamical_skills.grounding import Grounding
from dynamical_skills.library.store import SkillStore
from dynamical_skills.ownership import ownership
from dynamical_skills.parameters import check_parameters
from dynamical_skills.plan import (
    OrchestrationRequest,
    OrchestrationResult,
    SkillExecutionPlan,
    SkillStep,
)
from dynamical_skills.policies.policy import SeenObject
from dynamical_skills.routing import MoESkillRouter, Route
from dynamical_skills.scheduling import Scheduler, after_of, longest_way, side_left


@dataclass(frozen=True, slots=True, kw_only=True)
class UnifiedSkillOrchestrator:
    """Layers 3 to 7 in one call.

    Attributes:
        store: Skill library.
        grounding: Resolves words for things in parameters.
        decomposer: Layer 3, which sub-tasks.
        router: Layer 4, WHAT skill.
        assigner: Layer 5, WHICH robot.
        adapter: Layer 6, HOW.
        scheduler: Layer 7, WHEN.
    """

    store: SkillStore
    grounding: Grounding
    decomposer: Decomposer
    router: MoESkillRouter
    assigner: TaskRouter
    adapter: LocationAdaptiveSkillManager
    scheduler: Scheduler

    def orchestrate(
        self,
        request: OrchestrationRequest,
        robots: Fleet | Mapping[str, RobotLocation],
        *,
        seen: Sequence[SeenObject] = (),
        now: float | None = None,
    ) -> OrchestrationResult:
        """Plan a task. Never raises for a bad request: the result carries code and sentence.

        Args:
            request: The task.
            robots: Robots known now.
            seen: What perception publishes, for the adaptation to the place.
            now: ROS time, for the age of locations and of what is seen [s]; ``None`` = not judged.
        """
        begin = time.perf_counter()
        try:
            plan, code, text = self._plan(request, robots, seen, now), ErrorCode.NONE, ""
        except SkillsError as error:
            plan, code, text = None, error.code, error.text
        return OrchestrationResult(
            success=plan is not None,
            plan=plan,
            error_code=code,
            error_message=text,
            orchestration_time_ms=(time.perf_counter() - begin) * 1000.0,
        )

    def _plan(
        self,
        request: OrchestrationRequest,
        robots: Fleet | Mapping[str, RobotLocation],
        seen: Sequence[SeenObject],
        now: float | None,
    ) -> SkillExecutionPlan:
        tasks = self._sub_tasks(request)
        routes = [self._route(request, task, place) for place, task in enumerate(tasks)]
        skills = [self.store.get(route.skill_ids[0]) for route in routes]
        needed = {*request.required_capabilities}
        needed.update(name for skill in skills for name in skill.required_capabilities)
        assignment = self.assigner.assign_task(
            robots,
            strategy=request.assignment_strategy,
            robot_id=request.robot_id,
            target_position=request.target_position,
            required_capabilities=tuple(needed),
            workspace_id=request.workspace_id,
            now=now,
        )
        workspace = self.adapter.find(request.workspace_id, assignment.robot.workspace_id)
        steps: list[SkillStep] = []
        for place, (task, route, skill) in enumerate(zip(tasks, routes, skills, strict=True)):
            after = after_of(tasks, place)
            given = {**task.parameters, **request.parameters}
            if not given.get("side") and (side := side_left(tasks, skills, place)):
                given["side"] = side
            parameters = self.adapter.adapt(
                skill,
                check_parameters(skill, given, self.grounding),
                workspace,
                target_position=request.target_position,
                seen=seen,
                now=now,
            )
            expected = skill.estimated_duration * 1000.0 / float(parameters.get("speed", 1.0))
            steps.append(
                SkillStep(
                    step_id=place + 1,
                    task=task.text,
                    skill_ids=route.skill_ids,
                    weights=route.weights,
                    robot_id=assignment.robot.robot_id,
                    workspace_id=workspace.id if workspace else "",
                    location_params=parameters,
                    joint_groups=ownership(skill.joint_groups, parameters).words(),
                    depends_on=tuple(number + 1 for number in after),
                    estimated_duration_ms=expected,
                )
            )
        ordered = self.scheduler.schedule(steps, tier=request.tier)
        return SkillExecutionPlan(
            plan_id=str(uuid.uuid4()),
            task_description=request.task_description or ", ".join(request.skill_ids),
            steps=ordered,
            total_estimated_duration_ms=longest_way(ordered),
        )

    def _sub_tasks(self, request: OrchestrationRequest) -> tuple[SubTask, ...]:
        if len(request.task_description) > GOAL_LIMIT:
            raise GoalError.too_long(len(request.task_description))
        if not request.skill_ids:
            return self.decomposer.decompose(request.task_description)
        # The skills are given, so the sentence beside them only says of what and where.
        mentions = self.grounding.mentions(request.task_description)
        said = {
            name: mention.as_parameter()
            for name, mention in zip(("object", "target"), mentions, strict=False)
        }
        together: tuple[int, ...] | None = () if request.mode == "blended" else None
        return tuple(
            SubTask(text=skill_id, parameters=said, after=together)
            for skill_id in request.skill_ids
        )

    def _route(self, request: OrchestrationRequest, task: SubTask, place: int) -> Route:
        if request.skill_ids:
            skill_id = self.store.get(request.skill_ids[place]).id
            return Route(skill_ids=(skill_id,), weights=(1.0,), similarity=(1.0,))
        if task.skill_id:  # named by the decomposer, out of this library
            return Route(skill_ids=(task.skill_id,), weights=(1.0,), similarity=(1.0,))
        return self.router.route(task.text, max_skills=request.max_skills_per_step)
