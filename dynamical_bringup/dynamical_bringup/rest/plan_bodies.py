"""Plans as bodies of requests and answers."""

import json
from typing import Any

from dynamical_bringup.rest.models.plans import PlanRequest
from dynamical_interfaces.msg import SkillExecutionPlan
from dynamical_interfaces.srv import Orchestrate

TIERS = ("REALTIME", "CONTROL", "PLANNING", "BACKGROUND")  # by the numbers of SkillStep.tier


def request_to_msg(body: PlanRequest) -> Orchestrate.Request:
    """The body as the request of the service ``orchestrate``."""
    return Orchestrate.Request(
        task_description=body.task_description,
        skill_ids=list(body.skill_ids),
        mode=body.mode,
        robot_id=body.robot_id,
        workspace_id=body.workspace_id,
        target_position=[float(value) for value in body.target_position],
        required_capabilities=list(body.required_capabilities),
        assignment_strategy=body.assignment_strategy,
        tier=TIERS.index(body.tier),
        max_skills_per_step=body.max_skills_per_step,
        parameters=json.dumps(body.parameters) if body.parameters else "",
    )


def plan_from_msg(plan: SkillExecutionPlan) -> dict[str, Any]:
    """A plan as a body."""
    return {
        "plan_id": plan.plan_id,
        "task_description": plan.task_description,
        "status": plan.status or "planned",
        "execution_id": plan.execution_id,
        "steps": [
            {
                "step_id": step.step_id,
                "task": step.task,
                "skill_ids": list(step.skill_ids),
                "weights": [round(float(weight), 6) for weight in step.weights],
                "blended": step.blended,
                "robot_id": step.robot_id,
                "workspace_id": step.workspace_id,
                "location_params": json.loads(step.location_params or "{}"),
                "joint_groups": list(step.joint_groups),
                "tier": TIERS[step.tier],
                "depends_on": list(step.depends_on),
                "estimated_duration_ms": round(float(step.estimated_duration_ms), 3),
                "deadline_ms": round(float(step.deadline_ms), 3),
                "status": step.status or "pending",
                "status_text": step.status_text,
            }
            for step in plan.steps
        ],
        "total_estimated_duration_ms": round(float(plan.total_estimated_duration_ms), 3),
        "error_code": plan.error_code,
        "error": plan.error_msg or None,
    }
