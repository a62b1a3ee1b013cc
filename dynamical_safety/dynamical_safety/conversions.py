"""Where messages of the safety package meet plain values."""

import math
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from visualization_msgs.msg import Marker

from dynamical_interfaces.msg import SafetyReason, SafetyViolation
from dynamical_safety.forecast import Forecast
from dynamical_safety.gate import Event, SafetyGate
from dynamical_safety.hazards import Hazard
from dynamical_safety.people import Person
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import STOP_CATEGORY, State
from dynamical_safety.supervision import age
from dynamical_safety.world import Tracks
from dynamical_safety.zones import Zone, ZoneType

FRAME = "odom"
_ACTIONS = {
    "refused": SafetyViolation.ACTION_REFUSED,
    "limited": SafetyViolation.ACTION_LIMITED,
    "stopped": SafetyViolation.ACTION_STOPPED,
}
_ZONE_COLORS = {
    ZoneType.KEEP_OUT: (0.8, 0.1, 0.1),
    ZoneType.STOP: (0.9, 0.4, 0.0),
    ZoneType.SLOW: (0.9, 0.8, 0.0),
    ZoneType.ALLOW: (0.1, 0.7, 0.2),
}


def seconds(stamp: Any) -> float:
    """Time or Duration message -> [s]."""
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def tracks_from_msg(message: Any) -> Tracks:
    """TrackArray -> Tracks; what does not move by itself is left out."""
    people = tuple(
        _person(track)
        for track in message.tracks
        if track.class_id == "person" or track.motion == track.MOTION_AGENT
    )
    return Tracks(seconds(message.header.stamp), people)


def _person(track: Any) -> Person:
    centre, size, velocity = track.pose.position, track.size, track.velocity
    variance = max(track.covariance[0], track.covariance[7])
    return Person(
        id=track.id,
        centre=np.array([centre.x, centre.y, centre.z]),
        size=np.array([size.x, size.y, size.z]),
        velocity=np.array([velocity.x, velocity.y, velocity.z]),
        deviation=math.sqrt(variance) if 0.0 <= variance < math.inf else 1.0,
        stamp=seconds(track.observation_stamp),
        confidence=track.confidence,
    )


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
    machine, separation = gate.machine, gate.separation
    message.state = int(machine.state)
    message.stop_category = STOP_CATEGORY[machine.state]
    message.reset_required = machine.reset_required
    normal = machine.state == State.NORMAL
    message.reasons = [] if normal else [reason_to_msg(reason) for reason in machine.reasons]
    message.speed_scale = gate.speed_scale
    message.human_distance = separation.distance
    message.nearest_link = separation.link
    message.joint_state_age = age(now, gate.joints.stamp)
    message.command_age = age(now, gate.command_stamp)
    message.tracks_age = age(now, gate.world.tracks_stamp)
    message.forecast_age = age(now, gate.world.forecasts.stamp)
    message.passed_trajectory_id = gate.passed_trajectory_id
    message.command_sequence = sequence
    message.ticks = gate.ticks
    message.refused_commands = gate.refused
    return message


def zone_from_msg(message: Any) -> Zone:
    """SafetyZone -> Zone; not checked."""
    return Zone(
        name=message.name,
        zone_type=message.zone_type,
        polygon=tuple((point.x, point.y) for point in message.polygon),
        height_min=message.height_min,
        height_max=message.height_max,
        speed_scale=message.speed_scale,
    )


def zone_to_msg(zone: Zone, message: Any) -> Any:
    """Zone -> SafetyZone."""
    message.name = zone.name
    message.zone_type = int(zone.zone_type)
    message.polygon = [Point(x=float(x), y=float(y)) for x, y in zone.polygon]
    message.height_min = float(zone.height_min)
    message.height_max = float(zone.height_max)
    message.speed_scale = float(zone.speed_scale)
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


def zone_marker(zone: Zone, *, number: int, stamp: Any) -> Marker:
    """Zone -> its outline at both heights, and the edges between."""
    marker = _marker("zones", number, Marker.LINE_LIST, stamp)
    marker.scale.x = 0.02
    marker.color.r, marker.color.g, marker.color.b = _ZONE_COLORS[ZoneType(zone.zone_type)]
    for (ax, ay), (bx, by) in zip(zone.polygon, zone.polygon[1:] + zone.polygon[:1], strict=True):
        low, high = float(zone.height_min), float(zone.height_max)
        for begin, end in (
            ((ax, ay, low), (bx, by, low)),
            ((ax, ay, high), (bx, by, high)),
            ((ax, ay, low), (ax, ay, high)),
        ):
            marker.points += [Point(x=p[0], y=p[1], z=p[2]) for p in (begin, end)]
    return marker


def hazard_marker(hazard: Hazard, *, number: int, stamp: Any) -> Marker:
    """Hazard -> a box, the redder the graver."""
    marker = _marker("hazards", number, Marker.CUBE, stamp)
    position, scale = marker.pose.position, marker.scale
    position.x, position.y, position.z = hazard.position
    scale.x, scale.y, scale.z = (max(0.01, extent) for extent in hazard.size)
    marker.color.r, marker.color.g = hazard.severity, 1.0 - hazard.severity
    marker.color.a = 0.4
    return marker


def clearing_marker(stamp: Any) -> Marker:
    """The marker that removes what was drawn before."""
    marker = _marker("", 0, Marker.CUBE, stamp)
    marker.action = Marker.DELETEALL
    return marker


def _marker(namespace: str, number: int, kind: int, stamp: Any) -> Marker:
    marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD)
    marker.header.frame_id = FRAME
    marker.header.stamp = stamp
    marker.pose.orientation.w = 1.0
    marker.color.a = 1.0
    return marker
