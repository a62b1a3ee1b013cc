"""``dynamical plan``: what a sentence would lead to, as a tree; nothing moves.

The running platform is asked; without one the library on this machine is read, and the robot and the
workspaces are those of the configuration.
"""

import argparse
import json
import os
import sys
from typing import Any

from dynamical_bringup.cli import plan_pages
from dynamical_bringup.cli.outcome import DONE, REFUSED, CommandError
from dynamical_bringup.cli.target import ask, target
from dynamical_bringup.runner.state import running, state_dir


def add_arguments(plan: argparse.ArgumentParser) -> None:
    """What ``dynamical plan`` takes."""
    plan.add_argument("text", nargs="?", default="", metavar="TEXT", help="a sentence")
    plan.add_argument(
        "--skill", action="append", default=[], metavar="ID", help="these skills, in this order"
    )
    plan.add_argument("--blended", action="store_true", help="the skills at the same time instead")
    plan.add_argument("--robot-id", default="", metavar="ID", help="default: assigned")
    plan.add_argument("--workspace", default="", metavar="ID", help="default: the robot's own")
    plan.add_argument("--id", default="", metavar="PLAN", help="a plan that was begun, instead")
    plan.add_argument("--local", action="store_true", help="do not ask the running platform")


def run(options: argparse.Namespace) -> int:
    """Plan a sentence, or look up a plan that was begun."""
    given = [bool(options.text.strip() or options.skill), bool(options.id)]
    if sum(given) != 1:
        raise CommandError("give a sentence or --skill, or a plan with --id")
    if options.blended and not options.skill:
        raise CommandError("--blended needs --skill, twice or more")
    if options.id:
        plan = ask(target(), "GET", f"/api/v1/plans/{options.id}")
        answer: dict[str, Any] = {"success": True, "plan": plan, "error": None, "error_code": 0}
    else:
        asked = {
            "task_description": options.text,
            "skill_ids": options.skill,
            "mode": "blended" if options.blended else "autonomous",
            "robot_id": options.robot_id,
            "workspace_id": options.workspace,
        }
        here = not options.local and (os.environ.get("DYNAMICAL_URL") or running() is not None)
        answer = ask(target(), "POST", "/api/v1/plans", json=asked) if here else planned(asked)
    if options.json:
        print(json.dumps(answer))
    elif answer["success"]:
        plan_pages.show_plan(answer["plan"])
    else:
        print(f"dynamical: {answer['error']}", file=sys.stderr)
    return DONE if answer["success"] else REFUSED


def planned(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer that the platform would give, from the library on this machine."""
    from dynamical_bringup.description import default_config_dir
    from dynamical_bringup.planning import local_orchestrator
    from dynamical_bringup.rest.plan_bodies import plan_from_msg
    from dynamical_skills.conversions import plan_to_msg
    from dynamical_skills.embedding import EmbeddingUnavailableError
    from dynamical_skills.errors import SkillsError
    from dynamical_skills.plan import OrchestrationRequest

    try:
        orchestrator, robots = local_orchestrator(default_config_dir(), state_dir=state_dir())
    except (SkillsError, EmbeddingUnavailableError, ValueError) as error:
        raise CommandError(str(error)) from error
    request = OrchestrationRequest(
        task_description=asked["task_description"],
        skill_ids=tuple(asked["skill_ids"]),
        mode=asked["mode"],
        robot_id=asked["robot_id"] or None,
        workspace_id=asked["workspace_id"] or None,
    )
    result = orchestrator.orchestrate(request, robots)
    return {
        "success": result.success,
        "plan": None if result.plan is None else plan_from_msg(plan_to_msg(result.plan)),
        "error": result.error_message or None,
        "error_code": int(result.error_code),
        "orchestration_time_ms": round(result.orchestration_time_ms, 3),
    }
