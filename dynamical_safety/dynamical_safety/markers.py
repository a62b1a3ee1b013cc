"""What the gate knows, drawn for rviz2. Frame: odom.

Each function takes plain values and gives markers of one namespace, so that a viewer can switch
each of them on and off.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from visualization_msgs.msg import Marker

from dynamical_safety.hazards import Hazard
from dynamical_safety.picture import Distance, Foreseen
from dynamical_safety.polygons import triangles
from dynamical_safety.state_machine import State
from dynamical_safety.zones import Zone, ZoneType

FRAME = "odom"
_TEXT_HEIGHT = 0.06  # [m]
_LINE_WIDTH = 0.015  # [m]
_ABOVE_ROBOT = (0.0, 0.0, 1.55)  # [m]

Color = tuple[float, float, float]
ZONE_COLORS: dict[ZoneType, Color] = {
    ZoneType.KEEP_OUT: (0.8, 0.1, 0.1),
    ZoneType.STOP: (0.9, 0.4, 0.0),
    ZoneType.SLOW: (0.9, 0.8, 0.0),
    ZoneType.ALLOW: (0.1, 0.7, 0.2),
    ZoneType.LIMIT: (0.2, 0.5, 0.9),
}
STATE_COLORS: dict[State, Color] = {
    State.INIT: (0.7, 0.7, 0.7),
    State.NORMAL: (0.1, 0.8, 0.2),
    State.REDUCED: (0.9, 0.8, 0.0),
    State.PROTECTIVE_STOP: (0.9, 0.4, 0.0),
    State.CONTROLLED_STOP: (0.9, 0.1, 0.1),
    State.EMERGENCY_STOP: (0.9, 0.0, 0.0),
    State.FAULT: (0.7, 0.0, 0.7),
}


def clearing_marker(stamp: Any) -> Marker:
    """The marker that removes what was drawn before."""
    marker = _marker("", 0, Marker.CUBE, stamp)
    marker.action = Marker.DELETEALL
    return marker


def zone_markers(zones: Iterable[Zone], *, stamp: Any) -> list[Marker]:
    """Zones as prisms, coloured by what they ask for, each with its edges and its name."""
    markers = []
    for number, zone in enumerate(zones):
        color = ZONE_COLORS[ZoneType(zone.zone_type)]
        markers += [
            _prism(zone, number, color, stamp),
            _edges(zone, number, color, stamp),
            _zone_name(zone, number, color, stamp),
        ]
    return markers


def hazard_markers(hazards: Iterable[Hazard], *, stamp: Any) -> list[Marker]:
    """Hazards as boxes, the redder the graver, each with what it asks for."""
    markers = []
    for number, hazard in enumerate(hazards):
        color = (hazard.severity, 1.0 - hazard.severity, 0.0)
        box = _marker("hazards", number, Marker.CUBE, stamp, color=color, alpha=0.4)
        _place(box.pose.position, hazard.position)
        _place(box.scale, [max(0.01, extent) for extent in hazard.size])
        top = hazard.position[2] + hazard.size[2] / 2 + _TEXT_HEIGHT
        place = (hazard.position[0], hazard.position[1], top)
        words = f"{hazard.hazard_type} {hazard.behaviour}"
        markers += [box, _text("hazard_names", number, place, words, stamp, color=color)]
    return markers


def distance_markers(distances: Iterable[Distance], *, stamp: Any) -> list[Marker]:
    """Lines from links to people: red where the robot is stopped, green where it is free."""
    markers = []
    for number, distance in enumerate(distances):
        free = min(1.0, max(0.0, distance.freedom))
        color = (1.0 - free, free, 0.0)
        line = _marker("distances", number, Marker.LINE_LIST, stamp, color=color)
        line.scale.x = _LINE_WIDTH
        line.points = [_point(distance.start), _point(distance.end)]
        middle = (np.asarray(distance.start) + np.asarray(distance.end)) / 2
        words = distance.text
        markers += [line, _text("distance_names", number, middle, words, stamp, color=color)]
    return markers


def forecast_markers(foreseen: Iterable[Foreseen], *, stamp: Any) -> list[Marker]:
    """Expected places as spheres of two standard deviations, fainter the further ahead."""
    markers = []
    for number, expected in enumerate(foreseen):
        alpha = 0.5 / (1.0 + max(0.0, expected.ahead))
        color = (0.3, 0.4, 1.0) if expected.part == "body" else (0.7, 0.3, 1.0)
        ball = _marker("forecast", number, Marker.SPHERE, stamp, color=color, alpha=alpha)
        _place(ball.pose.position, expected.position)
        _place(ball.scale, [max(0.02, 4.0 * expected.deviation)] * 3)
        markers.append(ball)
    return markers


def capsule_markers(
    start: np.ndarray, end: np.ndarray, radius: np.ndarray, *, stamp: Any
) -> list[Marker]:
    """The robot as the gate sees it; a capsule of no length is a sphere.

    Args:
        start: Shape (c, 3), one end of each axis [m].
        end: Shape (c, 3), the other end [m].
        radius: Shape (c,) [m].
        stamp: Time message.
    """
    markers = []
    color = (0.4, 0.7, 0.9)
    # Spheres of one size share a marker: a viewer draws few lists faster than many shapes.
    sizes = np.round(radius, 3)
    for number, size in enumerate(np.unique(sizes)):
        chosen = sizes == size
        balls = _marker("capsules", number, Marker.SPHERE_LIST, stamp, color=color, alpha=0.35)
        _place(balls.scale, [max(0.002, 2.0 * float(size))] * 3)
        centres = np.unique(np.concatenate([start[chosen], end[chosen]]), axis=0)
        balls.points = [_point(centre) for centre in centres]
        markers.append(balls)
    for number, (a, b, r) in enumerate(zip(start, end, radius, strict=True)):
        length = float(np.linalg.norm(b - a))
        if length < 1e-4:
            continue
        tube = _marker("capsules_sides", number, Marker.CYLINDER, stamp, color=color, alpha=0.35)
        _place(tube.pose.position, (a + b) / 2)
        _place(tube.scale, (2.0 * r, 2.0 * r, length))
        _turn_to(tube.pose.orientation, (b - a) / length)
        markers.append(tube)
    return markers


def state_marker(
    state: State, speed_scale: float, reasons: Sequence[str], *, stamp: Any
) -> Marker:
    """State, speed and reasons, written above the robot."""
    words = f"{state.name} {speed_scale:.0%}"
    lines = [words, *(reason if len(reason) <= 90 else f"{reason[:87]}..." for reason in reasons)]
    return _text("state", 0, _ABOVE_ROBOT, "\n".join(lines), stamp, color=STATE_COLORS[state])


def _prism(zone: Zone, number: int, color: Color, stamp: Any) -> Marker:
    marker = _marker("zones", number, Marker.TRIANGLE_LIST, stamp, color=color, alpha=0.15)
    _place(marker.scale, (1.0, 1.0, 1.0))
    low, high = float(zone.height_min), float(zone.height_max)
    for (ax, ay), (bx, by) in _edge_pairs(zone):
        wall = ((ax, ay, low), (bx, by, low), (bx, by, high), (ax, ay, high))
        marker.points += [_point(wall[corner]) for corner in (0, 1, 2, 0, 2, 3)]
    for triangle in triangles(zone.polygon):
        for height in (low, high):
            marker.points += [_point((x, y, height)) for x, y in triangle]
    return marker


def _edges(zone: Zone, number: int, color: Color, stamp: Any) -> Marker:
    marker = _marker("zone_edges", number, Marker.LINE_LIST, stamp, color=color)
    marker.scale.x = _LINE_WIDTH
    low, high = float(zone.height_min), float(zone.height_max)
    for (ax, ay), (bx, by) in _edge_pairs(zone):
        for begin, end in (
            ((ax, ay, low), (bx, by, low)),
            ((ax, ay, high), (bx, by, high)),
            ((ax, ay, low), (ax, ay, high)),
        ):
            marker.points += [_point(begin), _point(end)]
    return marker


def _zone_name(zone: Zone, number: int, color: Color, stamp: Any) -> Marker:
    x, y = np.mean(np.array(zone.polygon), axis=0)
    kind = ZoneType(zone.zone_type)
    words = f"{zone.name}: {kind.name.lower().replace('_', '-')}"
    if kind == ZoneType.SLOW:
        words += f" {zone.speed_scale:.0%}"
    elif kind == ZoneType.LIMIT:
        words += f" {zone.speed_limit:.2f} m/s"
    return _text("zone_names", number, (x, y, zone.height_max), words, stamp, color=color)


def _edge_pairs(zone: Zone) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
    return zip(zone.polygon, zone.polygon[1:] + zone.polygon[:1], strict=True)


def _text(
    namespace: str, number: int, place: Any, words: str, stamp: Any, *, color: Color
) -> Marker:
    marker = _marker(namespace, number, Marker.TEXT_VIEW_FACING, stamp, color=color)
    marker.scale.z = _TEXT_HEIGHT
    marker.text = words
    _place(marker.pose.position, place)
    return marker


def _turn_to(orientation: Any, direction: np.ndarray) -> None:
    """The rotation that brings the z axis to a direction of length 1."""
    x, y, z = (float(value) for value in direction)
    if z < -0.999999:
        orientation.x, orientation.w = 1.0, 0.0
        return
    # Half-way between the axis and the direction: the quaternion (-y, x, 0, 1 + z), normed.
    norm = float(np.sqrt(2.0 * (1.0 + z)))
    orientation.x, orientation.y, orientation.w = -y / norm, x / norm, (1.0 + z) / norm


def _point(values: Any) -> Point:
    return Point(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def _place(target: Any, values: Any) -> None:
    target.x, target.y, target.z = (float(value) for value in values)


def _marker(
    namespace: str,
    number: int,
    kind: int,
    stamp: Any,
    *,
    color: Color = (1.0, 1.0, 1.0),
    alpha: float = 1.0,
) -> Marker:
    marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD)
    marker.header.frame_id = FRAME
    marker.header.stamp = stamp
    marker.pose.orientation.w = 1.0
    marker.color.r, marker.color.g, marker.color.b = (float(part) for part in color)
    marker.color.a = alpha
    return marker
