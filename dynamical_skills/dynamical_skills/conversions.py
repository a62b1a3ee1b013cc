"""The one door between messages and plain values of this package."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from dynamical_interfaces.msg import ActionChunk as ActionChunkMsg
from dynamical_interfaces.msg import CoordinationMetadata as CoordinationMetadataMsg
from dynamical_interfaces.msg import SkillAction as SkillActionMsg
from dynamical_interfaces.msg import SkillDescriptor as SkillDescriptorMsg
from dynamical_interfaces.msg import SkillExecutionPlan as SkillExecutionPlanMsg
from dynamical_interfaces.msg import SkillParameter as SkillParameterMsg
from dynamical_interfaces.msg import SkillStep as SkillStepMsg
from dynamical_skills.assignment import RobotLocation
from dynamical_skills.body import JointReading, TrackReading
from dynamical_skills.coordination import CoordinationMetadata, check_mode
from dynamical_skills.errors import DescriptorError, ParameterError
from dynamical_skills.goal import Goal, check_goal
from dynamical_skills.library.skill import SkillDescriptor, SkillParameter
from dynamical_skills.parameters import parse_parameters
from dynamical_skills.plan import (
    AssignmentStrategy,
    ExecutionTier,
    OrchestrationRequest,
    PlanStatus,
    SkillExecutionPlan,
    SkillStep,
    StepStatus,
)
from dynamical_skills.policies.policy import SeenObject
from dynamical_skills.robot_state import ControlState, ControlView, SafetyState, SafetyView
from dynamical_skills.streaming import ActionChunk

_NANOSECONDS = 1_000_000_000


def time_to_msg(seconds: float) -> Time:
    """ROS time [s] as a message."""
    nanoseconds = round(seconds * _NANOSECONDS)
    return Time(sec=nanoseconds // _NANOSECONDS, nanosec=nanoseconds % _NANOSECONDS)


def time_from_msg(message: Any) -> float:
    """ROS time [s]."""
    return float(message.sec) + float(message.nanosec) / _NANOSECONDS


# --- what the robot says ----------------------------------------------------------------------


def joints_from_msg(message: Any, order: Sequence[str]) -> JointReading:
    """A ``JointState`` in robot joint order.

    Raises:
        ValueError: If a joint is missing.
    """
    names = tuple(message.name)
    position = np.asarray(message.position, dtype=float)
    velocity = np.asarray(message.velocity, dtype=float)
    if len(velocity) != len(position):
        velocity = np.zeros_like(position)
    if names != tuple(order):
        index = {name: place for place, name in enumerate(names)}
        missing = [name for name in order if name not in index]
        if missing:
            raise ValueError(f"joint_states lacks joint {missing[0]!r}")
        places = [index[name] for name in order]
        position, velocity = position[places], velocity[places]
    return JointReading(
        names=tuple(order),
        position=position,
        velocity=velocity,
        received=time_from_msg(message.header.stamp),
    )


def tracks_from_msg(message: Any) -> TrackReading:
    """A ``TrackArray``."""
    objects = []
    for track in message.tracks:
        position, size, velocity = track.pose.position, track.size, track.velocity
        variance = np.asarray(track.covariance, dtype=float).reshape(6, 6).diagonal()[:3]
        objects.append(
            SeenObject(
                id=int(track.id),
                class_id=track.class_id,
                color=track.color,
                position=np.array([position.x, position.y, position.z]),
                size=np.array([size.x, size.y, size.z]),
                velocity=np.array([velocity.x, velocity.y, velocity.z]),
                deviation=np.sqrt(np.maximum(variance, 0.0)),
                confidence=float(track.confidence),
                stamp=time_from_msg(track.observation_stamp),
            )
        )
    return TrackReading(objects=tuple(objects), stamp=time_from_msg(message.header.stamp))


def control_from_msg(message: Any) -> ControlView:
    """A ``ControlStatus``."""
    return ControlView(
        state=ControlState(message.state),
        trajectory_id=int(message.trajectory_id),
        elapsed=float(message.elapsed),
        final_reached=bool(message.final_reached),
        received=time_from_msg(message.header.stamp),
    )


def safety_from_msg(message: Any) -> SafetyView:
    """A ``SafetyStatus``."""
    return SafetyView(
        state=SafetyState(message.state),
        speed_scale=float(message.speed_scale),
        passed_trajectory_id=int(message.passed_trajectory_id),
        reasons=tuple(reason.text for reason in message.reasons),
        received=time_from_msg(message.header.stamp),
    )


def location_from_msg(message: Any, *, capabilities: frozenset[str], load: float) -> RobotLocation:
    """A ``RobotLocation``."""
    position = message.pose.pose.position
    return RobotLocation(
        robot_id=message.robot_id,
        position=(position.x, position.y, position.z),
        workspace_id=message.workspace_id,
        capabilities=capabilities,
        load=load,
        stamp=time_from_msg(message.header.stamp),
    )


# --- what skills say --------------------------------------------------------------------------


def chunk_to_msg(
    chunk: ActionChunk, *, skill_id: str, execution_id: str, now: float, observed: float
) -> ActionChunkMsg:
    """An ``ActionChunk``."""
    message = ActionChunkMsg()
    message.header.stamp = time_to_msg(now)
    message.skill_id = skill_id
    message.execution_id = execution_id
    message.trajectory_id = chunk.trajectory_id
    message.start_time = time_to_msg(chunk.start_time)
    message.offset = float(chunk.offset)
    message.period = float(chunk.period)
    message.trajectory = JointTrajectory(joint_names=list(chunk.joint_names))
    for place, (position, velocity) in enumerate(zip(chunk.position, chunk.velocity, strict=True)):
        nanoseconds = round(place * chunk.period * _NANOSECONDS)
        point = JointTrajectoryPoint(positions=position.tolist(), velocities=velocity.tolist())
        point.time_from_start.sec = nanoseconds // _NANOSECONDS
        point.time_from_start.nanosec = nanoseconds % _NANOSECONDS
        message.trajectory.points.append(point)
    message.gripper = chunk.gripper.astype(np.float32).tolist()
    message.final = chunk.final
    message.abort = chunk.abort
    message.confidence = 1.0
    message.observation_stamp = time_to_msg(observed)
    return message


def action_to_msg(
    skill_id: str, positions: np.ndarray, gripper: float, confidence: float = 1.0
) -> SkillActionMsg:
    """A ``SkillAction``; positions in robot joint order [rad]."""
    return SkillActionMsg(
        skill_id=skill_id,
        joint_positions=positions.tolist(),
        gripper_action=float(gripper),
        confidence=confidence,
    )


# --- the library ------------------------------------------------------------------------------


def descriptor_to_msg(descriptor: SkillDescriptor) -> SkillDescriptorMsg:
    """A ``SkillDescriptor``."""
    message = SkillDescriptorMsg(
        id=descriptor.id,
        version=descriptor.version,
        description=descriptor.description,
        examples=list(descriptor.examples),
        skill_type=descriptor.skill_type,
        status=descriptor.status,
        preconditions=list(descriptor.preconditions),
        postconditions=list(descriptor.postconditions),
        required_capabilities=list(descriptor.required_capabilities),
        joint_groups=list(descriptor.joint_groups),
        estimated_duration=descriptor.estimated_duration,
    )
    message.parameters = [
        SkillParameterMsg(
            name=item.name,
            type=item.type,
            unit=item.unit,
            default_value=item.default,
            description=item.description,
        )
        for item in descriptor.parameters
    ]
    part = descriptor.coordination
    message.coordination = CoordinationMetadataMsg(
        supported_roles=list(part.supported_roles),
        requires_leader=part.requires_leader,
        sync_mode=part.sync_mode,
        min_robots=part.min_robots,
        max_robots=part.max_robots,
    )
    return message


def descriptor_from_msg(message: Any) -> SkillDescriptor:
    """A descriptor; a message without coordination means one independent robot.

    Raises:
        DescriptorError: If a field is not valid.
    """
    part = message.coordination
    try:
        coordination = (
            CoordinationMetadata(
                supported_roles=tuple(part.supported_roles),
                requires_leader=part.requires_leader,
                sync_mode=part.sync_mode or "none",
                min_robots=int(part.min_robots),
                max_robots=int(part.max_robots),
            )
            if part.supported_roles
            else CoordinationMetadata()
        )
    except ValueError as error:
        raise DescriptorError(f"skill {message.id[:80]!r}: coordination: {error}") from error
    return SkillDescriptor(
        id=message.id,
        version=message.version,
        description=message.description,
        examples=tuple(message.examples),
        skill_type=message.skill_type,
        status=message.status or "draft",
        parameters=tuple(
            SkillParameter(
                name=item.name,
                type=item.type,
                unit=item.unit,
                default=item.default_value,
                description=item.description,
            )
            for item in message.parameters
        ),
        preconditions=tuple(message.preconditions),
        postconditions=tuple(message.postconditions),
        required_capabilities=tuple(message.required_capabilities),
        joint_groups=tuple(message.joint_groups),
        # float32 on the wire: 3.2 must not come back as 3.200000047.
        estimated_duration=round(float(message.estimated_duration), 6),
        coordination=coordination,
    )


# --- plans ------------------------------------------------------------------------------------


def goal_from_msg(message: Any, *, own_robot: str) -> Goal:
    """The goal of the action ``invoke_skill``.

    Raises:
        SkillsError: With code and sentence of the first thing that is wrong.
    """
    return check_goal(
        own_robot=own_robot,
        request_id=message.request_id[:200],
        robot_id=message.robot_id,
        role=message.role,
        text=message.goal if message.goal.strip() else message.task_description,
        coordination_id=message.coordination_id[:200],
        skill_ids=tuple(message.skill_ids),
        mode=message.mode,
        action_space=message.action_space,
        joint_positions=tuple(float(value) for value in message.joint_positions),
        ee_position=tuple(float(value) for value in message.ee_position),
        max_skills=int(message.max_skills),
        parameters=parse_parameters(message.parameters),
        timeout=float(message.timeout),
        plan_id=message.plan_id[:200],
    )


def request_to_msg(goal: Goal, message: Any) -> Any:
    """A goal as the request of the service ``orchestrate``, written into ``message``."""
    message.task_description = goal.text
    message.skill_ids = list(goal.skill_ids)
    message.mode = goal.mode
    message.robot_id = goal.robot_id
    message.target_position = list(goal.target_position or ())
    message.tier = int(ExecutionTier.CONTROL)
    message.max_skills_per_step = goal.max_skills
    message.parameters = json.dumps(goal.parameters) if goal.parameters else ""
    return message


def request_from_msg(message: Any) -> OrchestrationRequest:
    """The request of the service ``orchestrate``.

    Raises:
        SkillsError: If a field is not valid.
    """
    strategy = message.assignment_strategy or AssignmentStrategy.NEAREST
    if strategy not in AssignmentStrategy.__members__:
        raise ParameterError(
            f"assignment_strategy is {strategy[:40]!r}; allowed: {', '.join(AssignmentStrategy)}"
        )
    if message.tier not in list(ExecutionTier):
        raise ParameterError(f"tier is {message.tier}; allowed: 0 to 3")
    target = [float(value) for value in message.target_position]
    if target and (len(target) != 3 or not np.isfinite(target).all()):
        raise ParameterError(f"target_position is {target[:6]}, must be x, y, z in metres")
    return OrchestrationRequest(
        task_description=message.task_description,
        skill_ids=tuple(message.skill_ids),
        mode=check_mode(message.mode),
        robot_id=message.robot_id or None,
        workspace_id=message.workspace_id or None,
        target_position=(target[0], target[1], target[2]) if target else None,
        required_capabilities=tuple(message.required_capabilities),
        assignment_strategy=AssignmentStrategy(strategy),
        tier=ExecutionTier(message.tier),
        max_skills_per_step=message.max_skills_per_step or 3,
        parameters=parse_parameters(message.parameters),
    )


def plan_to_msg(plan: SkillExecutionPlan) -> SkillExecutionPlanMsg:
    """A ``SkillExecutionPlan``."""
    return SkillExecutionPlanMsg(
        plan_id=plan.plan_id,
        task_description=plan.task_description,
        steps=[_step_to_msg(step) for step in plan.steps],
        total_estimated_duration_ms=plan.total_estimated_duration_ms,
        status=plan.status.value,
        execution_id=plan.execution_id,
        error_code=int(plan.error_code),
        error_msg=plan.error_message,
    )


def _step_to_msg(step: SkillStep) -> SkillStepMsg:
    return SkillStepMsg(
        step_id=step.step_id,
        task=step.task,
        skill_ids=list(step.skill_ids),
        weights=list(step.weights),
        robot_id=step.robot_id,
        workspace_id=step.workspace_id,
        location_params=json.dumps(step.location_params),
        tier=int(step.tier),
        depends_on=list(step.depends_on),
        estimated_duration_ms=step.estimated_duration_ms,
        deadline_ms=step.deadline_ms,
        blended=step.blended,
        joint_groups=list(step.joint_groups),
        status=step.status.value,
        status_text=step.status_text,
    )


def plan_from_msg(message: Any) -> SkillExecutionPlan:
    """A plan.

    Raises:
        ParameterError: If a step's parameters are no JSON object.
    """
    return SkillExecutionPlan(
        plan_id=message.plan_id,
        task_description=message.task_description,
        steps=tuple(
            SkillStep(
                step_id=int(step.step_id),
                task=step.task,
                skill_ids=tuple(step.skill_ids),
                weights=tuple(float(weight) for weight in step.weights),
                robot_id=step.robot_id,
                workspace_id=step.workspace_id,
                location_params=parse_parameters(step.location_params),
                tier=ExecutionTier(step.tier),
                depends_on=tuple(int(number) for number in step.depends_on),
                estimated_duration_ms=float(step.estimated_duration_ms),
                deadline_ms=float(step.deadline_ms),
                blended=bool(step.blended),
                joint_groups=tuple(step.joint_groups),
                status=StepStatus(step.status or "pending"),
                status_text=step.status_text,
            )
            for step in message.steps
        ),
        total_estimated_duration_ms=float(message.total_estimated_duration_ms),
        status=PlanStatus(message.status or "planned"),
        execution_id=message.execution_id,
        error_code=int(message.error_code),
        error_message=message.error_msg,
    )
