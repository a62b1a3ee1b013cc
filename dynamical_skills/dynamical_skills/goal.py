"""A goal of the action ``invoke_skill``, checked before anything is planned."""

import math
from dataclasses import dataclass, field
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.coordination import DEFAULT_MODE, check_mode, check_role
from dynamical_skills.errors import (
    GOAL_LIMIT,
    CoordinationError,
    GoalError,
    ParameterError,
    UnknownRobotError,
)

DEFAULT_TIMEOUT = 120.0
LONGEST_TIMEOUT = 3600.0
_MOST_SKILLS = 32
_ACTION_SPACES = ("", "joint_position", "joint_velocity", "cartesian_pose", "hybrid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What was asked for.

    Attributes:
        request_id: Caller's id.
        robot_id: Robot.
        role: One of ``coordination.ROLES``.
        text: The sentence, or ``""`` with ``skill_ids`` given.
        coordination_id: Shared by all robots of one task.
        skill_ids: Skills in this order, instead of a sentence.
        mode: One of ``coordination.MODES``.
        max_skills: Candidates per step.
        target_position: x, y, z [m], or ``None``.
        parameters: For the skills.
        timeout: From the start of the execution [s].
        preempt: End what is running and take its place.
        plan_id: Carry on this plan instead of making one, or ``""``.
    """

    request_id: str
    robot_id: str
    role: str
    text: str
    coordination_id: str
    skill_ids: tuple[str, ...]
    mode: str
    max_skills: int
    target_position: tuple[float, float, float] | None
    timeout: float
    preempt: bool
    plan_id: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The sentence, else the skills."""
        return self.text or ", ".join(self.skill_ids) or f"carry on plan {self.plan_id}"


def check_goal(
    *,
    own_robot: str,
    robot_id: str,
    role: str,
    text: str,
    skill_ids: tuple[str, ...],
    mode: str,
    action_space: str,
    joint_positions: tuple[float, ...],
    ee_position: tuple[float, ...],
    max_skills: int,
    parameters: dict[str, Any],
    timeout: float,
    request_id: str = "",
    coordination_id: str = "",
    plan_id: str = "",
) -> Goal:
    """Check a goal as it came.

    Raises:
        SkillsError: With code and sentence of the first thing that is wrong.
    """
    if robot_id != own_robot:
        raise UnknownRobotError(f"there is no robot {robot_id[:80]!r} here; this is {own_robot!r}")
    role, mode = check_role(role), check_mode(mode)
    if action_space not in _ACTION_SPACES or action_space == "joint_velocity":
        raise CoordinationError(
            ErrorCode.MODE_UNSUPPORTED,
            f"action_space {action_space[:40]!r} is not offered; use 'joint_position', "
            "'cartesian_pose' or 'hybrid'",
        )
    if plan_id and (text.strip() or skill_ids):
        raise ParameterError(
            f"plan_id {plan_id[:80]!r} is given beside a goal: the plan says what is done; "
            "give one of them"
        )
    if not text.strip() and not skill_ids and not plan_id:
        raise GoalError.empty()
    if len(text) > GOAL_LIMIT:
        raise GoalError.too_long(len(text))
    if mode != DEFAULT_MODE and not skill_ids and not plan_id:
        raise ParameterError(f"mode {mode!r} needs skill_ids")
    if len(skill_ids) > _MOST_SKILLS:
        raise ParameterError(
            f"{len(skill_ids)} skill_ids are given, at most {_MOST_SKILLS} are taken"
        )
    given = dict(parameters)
    preempt = given.pop("preempt", False)
    if not isinstance(preempt, bool):
        raise ParameterError(
            f"parameter 'preempt' is {str(preempt)[:40]!r}, must be true or false"
        )
    _check_numbers("joint_positions", joint_positions)
    _check_numbers("ee_position", ee_position)
    if joint_positions:
        given["joint_positions"] = list(joint_positions)
    if ee_position and len(ee_position) != 3:
        raise ParameterError(
            f"ee_position has {len(ee_position)} values, must be x, y, z in metres"
        )
    if not math.isfinite(timeout) or not 0.0 <= timeout <= LONGEST_TIMEOUT:
        raise ParameterError(
            f"timeout is {timeout:g} s, must be 0 (= default) to {LONGEST_TIMEOUT:g} s"
        )
    return Goal(
        request_id=request_id,
        robot_id=robot_id,
        role=role,
        text=text.strip(),
        coordination_id=coordination_id,
        skill_ids=skill_ids,
        mode=mode,
        max_skills=max_skills or 3,
        target_position=(ee_position[0], ee_position[1], ee_position[2]) if ee_position else None,
        parameters=given,
        timeout=timeout or DEFAULT_TIMEOUT,
        preempt=preempt,
        plan_id=plan_id,
    )


def _check_numbers(name: str, values: tuple[float, ...]) -> None:
    if any(not math.isfinite(value) for value in values):
        raise ParameterError(f"{name} holds values that are not finite")
