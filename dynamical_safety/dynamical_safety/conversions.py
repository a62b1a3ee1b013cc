"""Where messages of the safety package meet plain values."""

import math
from typing import Any

import numpy as np
from geometry_msgs.msg import Point

from dynamical_interfaces.msg import ForecastVote, SafetyReason, SafetyViolation
from dynamical_safety.decision import Event
from dynamical_safety.ensemble import Outlook
from dynamical_safety.errors import HazardError
from dynamical_safety.forecast import Forecast
from dynamical_safety.gate import SafetyGate
from dynamical_safety.hazards import KINDS, Hazard, HazardKind, Sighting
from dynamical_safety.intent import PartForecast
from dynamical_safety.people import Person
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import STOP_CATEGORY, State
from dynamical_safety.supervision import age
from dynamical_safety.world import Tracks
from dynamical_safety.zones import Zone

FRAME = "odom"
_ACTIONS = {
    "refused": SafetyViolation.ACTION_REFUSED,
    "limited": SafetyViolation.ACTION_LIMITED,
    "stopped": SafetyViolation.ACTION_STOPPED,
}


def seconds(stamp: Any) -> float:
    """Time or Duration message -> [s]."""
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def tracks_from_msg(message: Any) -> Tracks:
    """TrackArray -> Tracks: people are what moves by itself, things all that is no person."""
    people = tuple(
        _person(track)
        for track in message.tracks
        if track.class_id == "person" or track.motion == track.MOTION_AGENT
    )
    things = tuple(_sighting(track) for track in message.tracks if track.class_id != "person")
    return Tracks(seconds(message.header.stamp), people, things)


def _person(track: Any) -> Person:
    centre, size, velocity = track.pose.position, track.size, track.velocity
    return Person(
        id=track.id,
        centre=np.array([centre.x, centre.y, centre.z]),
        size=np.array([size.x, size.y, size.z]),
        velocity=np.array([velocity.x, velocity.y, velocity.z]),
        deviation=_deviation(track),
        stamp=seconds(track.observation_stamp),
        confidence=track.confidence,
        speed_deviation=_root(max(track.covariance[21], track.covariance[28]), unknown=math.inf),
        hands=np.array([[hand.x, hand.y, hand.z] for hand in track.hands]).reshape(-1, 3),
    )


def _sighting(track: Any) -> Sighting:
    centre, size, velocity = track.pose.position, track.size, track.velocity
    return Sighting(
        id=track.id,
        class_id=track.class_id,
        centre=np.array([centre.x, centre.y, centre.z]),
        size=np.array([size.x, size.y, size.z]),
        velocity=np.array([velocity.x, velocity.y, velocity.z]),
        deviation=_deviation(track),
        stamp=seconds(track.observation_stamp),
        confidence=track.confidence,
        moves=track.motion != track.MOTION_STATIC,
    )


def _deviation(track: Any) -> float:
    return _root(max(track.covariance[0], track.covariance[7]), unknown=1.0)


def _root(variance: float, *, unknown: float) -> float:
    """Deviation of a variance, which may be none."""
    return math.sqrt(variance) if 0.0 <= variance < math.inf else unknown


def people_forecast_from_msg(message: Any) -> tuple[tuple[PartForecast, ...], float]:
    """PersonForecastArray -> forecasts of parts, and the stamp they count from [s]."""
    forecasts = tuple(
        PartForecast(
            item.track_id,
            item.part,
            item.ahead,
            np.array([item.position.x, item.position.y, item.position.z]),
            item.deviation,
        )
        for item in message.forecasts
    )
    return forecasts, seconds(message.header.stamp)


def forecast_from_msg(message: Any) -> Forecast:
    """CollisionForecast -> Forecast."""
    return Forecast(
        stamp=seconds(message.header.stamp),
        model=message.model,
        step=seconds(message.step),
        probability=tuple(message.collision_probability),
        separation=tuple(message.separation),
    )


def reason_to_msg(reason: Reason) -> SafetyReason:
    """Reason -> SafetyReason."""
    return SafetyReason(
        code=int(reason.code),
        subject=reason.subject,
        value=float(reason.value),
        limit=float(reason.limit),
        text=reason.text,
    )


def violation_to_msg(event: Event, *, repeats: int, stamp: Any) -> SafetyViolation:
    """Event -> SafetyViolation."""
    message = SafetyViolation(
        reason=reason_to_msg(event.reason),
        action=_ACTIONS[event.action],
        source=event.source,
        command_sequence=event.sequence,
        repeats=repeats,
    )
    message.header.stamp = stamp
    return message


def status_to_msg(gate: SafetyGate, message: Any, *, now: float, sequence: int) -> Any:
    """State of the gate -> SafetyStatus, into a message that is used again and again."""
    machine, separation, force = gate.machine, gate.separation, gate.force
    message.state = int(machine.state)
    message.stop_category = STOP_CATEGORY[machine.state]
    message.reset_required = machine.reset_required
    normal = machine.state == State.NORMAL
    message.reasons = [] if normal else [reason_to_msg(reason) for reason in machine.reasons]
    message.speed_scale = gate.speed_scale
    message.human_distance = separation.distance
    message.nearest_link = separation.link
    nobody = separation.person < 0
    message.protective_distance = math.nan if nobody else separation.required
    message.contact_force = math.nan if force.person < 0 else force.force
    message.contact_force_limit = math.nan if force.person < 0 else force.limit
    message.active_constraints = list(gate.active_constraints)
    message.joint_state_age = age(now, gate.joints.stamp)
    message.command_age = age(now, gate.command_stamp)
    message.tracks_age = age(now, gate.world.tracks_stamp)
    message.forecast_age = age(now, gate.world.ensemble.stamp)
    message.supervision_age = gate.supervision.age(gate.time)
    message.votes = [] if gate.survey.outlook is None else _votes(gate.survey.outlook)
    message.passed_trajectory_id = gate.passed_trajectory_id
    message.command_sequence = sequence
    message.ticks = gate.ticks
    message.refused_commands = gate.refused
    return message


def _votes(outlook: Outlook) -> list[ForecastVote]:
    return [
        ForecastVote(
            model=vote.model,
            state=int(vote.state),
            weight=vote.weight,
            probability=vote.probability,
            age=vote.age,
        )
        for vote in outlook.votes
    ]


def zone_from_msg(message: Any) -> Zone:
    """SafetyZone -> Zone; not checked."""
    return Zone(
        name=message.name,
        zone_type=message.zone_type,
        polygon=tuple((point.x, point.y) for point in message.polygon),
        height_min=message.height_min,
        height_max=message.height_max,
        speed_scale=message.speed_scale,
        speed_limit=message.speed_limit,
        applies_to=message.applies_to,
    )


def zone_to_msg(zone: Zone, message: Any) -> Any:
    """Zone -> SafetyZone."""
    message.name = zone.name
    message.zone_type = int(zone.zone_type)
    message.polygon = [Point(x=float(x), y=float(y)) for x, y in zone.polygon]
    message.height_min = float(zone.height_min)
    message.height_max = float(zone.height_max)
    message.speed_scale = float(zone.speed_scale)
    message.speed_limit = float(zone.speed_limit)
    message.applies_to = int(zone.applies_to)
    return message


def hazard_from_msg(message: Any) -> Hazard:
    """Hazard message -> Hazard; not checked."""
    position, size = message.position, message.size
    return Hazard(
        id=message.id,
        hazard_type=message.hazard_type,
        position=(position.x, position.y, position.z),
        size=(size.x, size.y, size.z),
        severity=message.severity,
        behaviour=message.behaviour,
        speed_factor=message.speed_factor,
        clearance=message.clearance,
        confidence=message.confidence,
    )


def hazard_kind_from_msg(message: Any) -> HazardKind:
    """HazardType -> HazardKind.

    Raises:
        HazardError: If it asks for what there is not.
    """
    try:
        return HazardKind(
            message.severity, message.behaviour, message.speed_factor, message.clearance
        )
    except ValueError as error:
        raise HazardError(message.name, str(error)) from None


def hazard_kind_to_msg(name: str, kind: HazardKind, message: Any) -> Any:
    """HazardKind -> HazardType."""
    message.name = name
    message.severity = float(kind.severity)
    message.behaviour = kind.behaviour
    message.speed_factor = float(kind.speed_factor)
    message.clearance = float(kind.clearance)
    message.built_in = name in KINDS
    return message


def hazard_to_msg(hazard: Hazard, message: Any) -> Any:
    """Hazard -> its message."""
    message.id = hazard.id
    message.hazard_type = hazard.hazard_type
    message.position.x, message.position.y, message.position.z = hazard.position
    message.size.x, message.size.y, message.size.z = hazard.size
    message.severity = hazard.severity
    message.behaviour = hazard.behaviour
    message.speed_factor = hazard.speed_factor
    message.clearance = hazard.clearance
    message.confidence = hazard.confidence
    return message
