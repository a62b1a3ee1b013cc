"""The one door between messages and the plain values of the HTTP side."""

import json
import math
from typing import Any

from geometry_msgs.msg import Point

from dynamical_bringup.rest import models
from dynamical_interfaces.action import InvokeSkill
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import (
    ForecastVote,
    Hazard,
    HazardType,
    SafetyStatus,
    SafetyZone,
    SkillDescriptor,
    SkillParameter,
    Track,
)
from dynamical_safety.explanation import explain
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import State

SAFETY_STATES = {
    SafetyStatus.STATE_UNKNOWN: "UNKNOWN",
    SafetyStatus.STATE_INIT: "INIT",
    SafetyStatus.STATE_NORMAL: "NORMAL",
    SafetyStatus.STATE_REDUCED: "REDUCED",
    SafetyStatus.STATE_PROTECTIVE_STOP: "PROTECTIVE_STOP",
    SafetyStatus.STATE_CONTROLLED_STOP: "CONTROLLED_STOP",
    SafetyStatus.STATE_EMERGENCY_STOP: "EMERGENCY_STOP",
    SafetyStatus.STATE_FAULT: "FAULT",
}
_ZONE_TYPES: dict[int, models.ZoneType] = {
    SafetyZone.TYPE_KEEP_OUT: "keep_out",
    SafetyZone.TYPE_STOP: "stop",
    SafetyZone.TYPE_SLOW: "slow",
    SafetyZone.TYPE_ALLOW: "allow",
    SafetyZone.TYPE_LIMIT: "limit",
}
_ZONE_NUMBERS = {name: number for number, name in _ZONE_TYPES.items()}
_ZONE_APPLIES: dict[int, models.ZoneApplies] = {
    SafetyZone.APPLIES_DEFAULT: "default",
    SafetyZone.APPLIES_ROBOT: "robot",
    SafetyZone.APPLIES_PEOPLE: "people",
    SafetyZone.APPLIES_BOTH: "both",
}
_APPLIES_NUMBERS = {name: number for number, name in _ZONE_APPLIES.items()}
_VOTES = {
    ForecastVote.STATE_CALM: "calm",
    ForecastVote.STATE_ALARM: "alarm",
    ForecastVote.STATE_MISSING: "missing",
}
_MOTIONS: dict[int, Any] = {
    Track.MOTION_STATIC: "static",
    Track.MOTION_MOVABLE: "movable",
    Track.MOTION_AGENT: "agent",
}


def seconds(stamp: Any) -> float:
    """A stamp [s]."""
    return float(stamp.sec) + 1e-9 * float(stamp.nanosec)


def finite(value: float) -> float | None:
    """JSON has no infinity and no NaN: ``None``."""
    return float(value) if math.isfinite(value) else None


def xyz(vector: Any) -> list[float]:
    """x, y, z."""
    return [vector.x, vector.y, vector.z]


def json_object(text: str) -> dict[str, Any]:
    """A field that holds a JSON object; empty = ``{}``; anything else is kept as ``text``."""
    if not text:
        return {}
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except ValueError:
        return {"text": text}
    return value if isinstance(value, dict) else {"value": value}


def goal_from_invoke(
    request: models.InvokeSkillRequest, *, request_id: str, robot_id: str
) -> InvokeSkill.Goal:
    """The action goal of an invocation."""
    return InvokeSkill.Goal(
        request_id=request_id,
        robot_id=request.robot_id or robot_id,
        role=request.role,
        goal=request.goal,
        task_description=request.task_description,
        coordination_id=request.coordination_id or "",
        skill_ids=request.skill_ids,
        joint_positions=request.joint_positions,
        ee_position=request.ee_position,
        mode=request.mode,
        action_space=request.action_space,
        max_skills=request.max_skills,
        parameters=json.dumps(request.parameters) if request.parameters else "",
        plan_id=request.plan_id,
        timeout=request.timeout,
    )


def goal_from_execute(
    request: models.ExecuteSkillRequest, *, request_id: str, robot_id: str
) -> InvokeSkill.Goal:
    """The action goal of one skill; ``skill:role`` carries the role in the skill's id."""
    skill_id, _, role = request.skill_id.partition(":")
    return InvokeSkill.Goal(
        request_id=request_id,
        robot_id=request.robot_id or robot_id,
        role=request.role or role or "independent",
        coordination_id=request.coordination_group_id or "",
        skill_ids=[skill_id],
        mode="direct",
        parameters=json.dumps(request.parameters) if request.parameters else "",
        timeout=request.timeout,
    )


def actions_from_msg(actions: Any) -> list[dict[str, Any]]:
    """Skill actions as the answer lists them."""
    return [
        {
            "skill_id": action.skill_id,
            "joint_positions": list(action.joint_positions),
            "gripper_action": action.gripper_action,
            "confidence": action.confidence,
        }
        for action in actions
    ]


def progress_from_feedback(feedback: InvokeSkill.Feedback) -> dict[str, Any]:
    """Where an execution stands."""
    return {
        "plan_id": feedback.plan_id,
        "phase": feedback.phase,
        "skill_id": feedback.skill_id,
        "step": feedback.step,
        "step_count": feedback.step_count,
        "progress": finite(feedback.progress),
        "distance_to_goal": finite(feedback.distance_to_goal),
        "safety_state": SAFETY_STATES.get(feedback.safety_state, "UNKNOWN"),
        "speed_scale": finite(feedback.speed_scale),
    }


def skill_from_msg(skill: SkillDescriptor) -> dict[str, Any]:
    """A descriptor as a body."""
    coordination = skill.coordination
    return {
        "id": skill.id,
        "version": skill.version,
        "description": skill.description,
        "examples": list(skill.examples),
        "skill_type": skill.skill_type,
        "status": skill.status,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type,
                "unit": parameter.unit,
                "default_value": parameter.default_value,
                "description": parameter.description,
            }
            for parameter in skill.parameters
        ],
        "preconditions": list(skill.preconditions),
        "postconditions": list(skill.postconditions),
        "required_capabilities": list(skill.required_capabilities),
        "joint_groups": list(skill.joint_groups),
        "estimated_duration": skill.estimated_duration,
        "coordination": {
            "supported_roles": list(coordination.supported_roles),
            "requires_leader": coordination.requires_leader,
            "sync_mode": coordination.sync_mode,
            "min_robots": coordination.min_robots,
            "max_robots": coordination.max_robots,
        },
    }


def skill_to_msg(skill: models.SkillBody) -> SkillDescriptor:
    """A body as a descriptor."""
    message = SkillDescriptor(
        id=skill.id,
        version=skill.version,
        description=skill.description,
        examples=skill.examples,
        skill_type=skill.skill_type,
        status=skill.status,
        parameters=[SkillParameter(**dict(parameter)) for parameter in skill.parameters],
        preconditions=skill.preconditions,
        postconditions=skill.postconditions,
        required_capabilities=skill.required_capabilities,
        joint_groups=skill.joint_groups,
        estimated_duration=skill.estimated_duration,
    )
    for name, value in dict(skill.coordination).items():
        setattr(message.coordination, name, value)
    return message


def zone_from_msg(zone: SafetyZone) -> dict[str, Any]:
    """A zone as a body."""
    return {
        "name": zone.name,
        "zone_type": _ZONE_TYPES.get(zone.zone_type, "keep_out"),
        "coordinates": [[point.x, point.y] for point in zone.polygon],
        "height_min": zone.height_min,
        "height_max": zone.height_max,
        "speed_scale": zone.speed_scale,
        "speed_limit": zone.speed_limit,
        "applies_to": _ZONE_APPLIES.get(zone.applies_to, "default"),
    }


def zone_to_msg(zone: models.ZoneRule, name: str) -> SafetyZone:
    """A body as a zone."""
    return SafetyZone(
        name=name,
        zone_type=_ZONE_NUMBERS[zone.zone_type],
        polygon=[Point(x=x, y=y, z=0.0) for x, y in zone.coordinates],
        height_min=zone.height_min,
        height_max=zone.height_max,
        speed_scale=zone.speed_scale,
        speed_limit=zone.speed_limit,
        applies_to=_APPLIES_NUMBERS[zone.applies_to],
    )


def hazard_from_msg(hazard: Any) -> dict[str, Any]:
    """A hazard as a body."""
    return {
        "id": hazard.id,
        "hazard_type": hazard.hazard_type,
        "position": xyz(hazard.position),
        "size": xyz(hazard.size),
        "severity": hazard.severity,
        "behaviour": hazard.behaviour,
        "speed_factor": hazard.speed_factor,
        "clearance": hazard.clearance,
        "confidence": hazard.confidence,
    }


def hazard_to_msg(hazard: models.PlacedHazard) -> Hazard:
    """A body as a hazard."""
    message = Hazard(id=hazard.id, hazard_type=hazard.hazard_type, behaviour=hazard.behaviour)
    message.position.x, message.position.y, message.position.z = hazard.position
    message.size.x, message.size.y, message.size.z = hazard.size
    for name in ("severity", "speed_factor", "clearance", "confidence"):
        setattr(message, name, getattr(hazard, name))
    return message


def hazard_type_from_msg(kind: Any) -> dict[str, Any]:
    """A kind of hazard as a body."""
    names = ("name", "severity", "behaviour", "speed_factor", "clearance", "built_in")
    return {name: getattr(kind, name) for name in names}


def hazard_type_to_msg(kind: models.HazardTypeBody) -> HazardType:
    """A body as a kind of hazard."""
    return HazardType(**{**dict(kind), "built_in": False})


def explanation_from_msg(
    status: SafetyStatus, *, recovery: dict[str, float], now: float
) -> dict[str, Any]:
    """Why the gate is in its state, as a body; a state unknown here has no explanation.

    Args:
        status: What the gate said.
        recovery: Seconds for each key used in the gate's rules.
        now: ROS time [s].
    """
    reasons = [
        Reason(_code(reason.code), reason.subject, reason.text, reason.value, reason.limit)
        for reason in status.reasons
    ]
    said = explain(State(status.state), reasons, recovery=recovery, speed_scale=status.speed_scale)
    return {
        "state": said.state.name,
        "speed_scale": status.speed_scale,
        "age_s": now - seconds(status.header.stamp),
        "summary": said.summary,
        "points": [
            {
                "code": reason.code,
                "code_name": point.reason.code.name,
                "cause": point.cause,
                "subject": reason.subject,
                "text": reason.text,
                "means": point.means,
                "figures": point.figures,
                "clears": point.clears,
                "recovery": point.recovery,
                "needs_reset": point.needs_reset,
            }
            for point, reason in zip(said.points, status.reasons, strict=True)
        ],
        "next_step": said.next_step,
    }


def _code(number: int) -> ErrorCode:
    try:
        return ErrorCode(number)
    except ValueError:
        return ErrorCode.NONE


def track_from_msg(track: Track) -> dict[str, Any]:
    """A track as a body."""
    turn = track.pose.orientation
    return {
        "id": track.id,
        "class_id": track.class_id,
        "color": track.color,
        "motion": _MOTIONS.get(track.motion, "unknown"),
        "position": xyz(track.pose.position),
        "orientation": [turn.x, turn.y, turn.z, turn.w],
        "size": xyz(track.size),
        "velocity": xyz(track.velocity),
        "confidence": track.confidence,
        "source_cameras": list(track.source_cameras),
    }


def safety_from_msg(status: SafetyStatus, *, now: float) -> dict[str, Any]:
    """The gate's state as a body; ``now`` is ROS time [s]."""
    category = status.stop_category
    return {
        "state": SAFETY_STATES.get(status.state, "UNKNOWN"),
        "stop_category": None if category == SafetyStatus.STOP_CATEGORY_NONE else category,
        "reset_required": status.reset_required,
        "reasons": [
            {
                "code": reason.code,
                "subject": reason.subject,
                "value": finite(reason.value),
                "limit": finite(reason.limit),
                "text": reason.text,
            }
            for reason in status.reasons
        ],
        "speed_scale": status.speed_scale,
        "human_distance": finite(status.human_distance),
        "nearest_link": status.nearest_link,
        "protective_distance": finite(status.protective_distance),
        "contact_force": finite(status.contact_force),
        "contact_force_limit": finite(status.contact_force_limit),
        "active_constraints": list(status.active_constraints),
        "votes": [
            {
                "model": vote.model,
                "state": _VOTES.get(vote.state, "unknown"),
                "weight": vote.weight,
                "probability": finite(vote.probability),
                "age": finite(vote.age),
            }
            for vote in status.votes
        ],
        "age_s": now - seconds(status.header.stamp),
        "joint_state_age": finite(status.joint_state_age),
        "command_age": finite(status.command_age),
        "tracks_age": finite(status.tracks_age),
        "forecast_age": finite(status.forecast_age),
        "supervision_age": finite(status.supervision_age),
        "ticks": status.ticks,
        "late_ticks": status.late_ticks,
        "refused_commands": status.refused_commands,
        "tick_compute_p50": status.tick_compute_p50,
        "tick_compute_p99": status.tick_compute_p99,
        "tick_compute_p999": status.tick_compute_p999,
        "lateness_p99": status.lateness_p99,
    }


def loop_from_msg(timing: Any, *, now: float) -> dict[str, Any]:
    """A loop's timing as a body."""
    return {
        "loop": timing.loop,
        "tier": timing.tier,
        "rate": timing.rate,
        "period": timing.period,
        "lateness_p99": timing.lateness_p99,
        "compute_p50": timing.compute_p50,
        "compute_p99": timing.compute_p99,
        "late_ticks": timing.late_ticks,
        "slips": timing.slips,
        "real_time_factor": finite(timing.real_time_factor),
        "age_s": now - seconds(timing.header.stamp),
    }
