"""Markers: what rviz2 is given is well formed, and says what the gate knows."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from visualization_msgs.msg import Marker, MarkerArray

from dynamical_safety import markers
from dynamical_safety.hazards import Hazard
from dynamical_safety.people import People, Person
from dynamical_safety.picture import NOTHING, Distance, Foreseen, taken
from dynamical_safety.separation import Separation
from dynamical_safety.state_machine import State
from dynamical_safety.zones import Zone, ZoneType

STAMP = Time(sec=1)
LETTER_L = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0))


def well_formed(drawn: list[Marker]) -> None:
    keys = Counter((marker.ns, marker.id) for marker in drawn)
    assert not keys or max(keys.values()) == 1, keys.most_common(1)
    for marker in drawn:
        assert marker.header.frame_id == "odom"
        assert 0.0 < marker.color.a <= 1.0
        turn = marker.pose.orientation
        assert math.hypot(turn.x, turn.y, turn.z, turn.w) == pytest.approx(1.0)
        if marker.type == Marker.TEXT_VIEW_FACING:
            assert marker.text
            assert marker.scale.z > 0.0
        elif marker.type == Marker.LINE_LIST:
            assert len(marker.points) % 2 == 0
            assert marker.scale.x > 0.0
        elif marker.type == Marker.TRIANGLE_LIST:
            assert len(marker.points) % 3 == 0
        if marker.type != Marker.TEXT_VIEW_FACING and marker.type != Marker.LINE_LIST:
            assert min(marker.scale.x, marker.scale.y, marker.scale.z) > 0.0
    serialize_message(MarkerArray(markers=drawn))


def test_zones_are_drawn_as_prisms_coloured_by_what_they_ask_for() -> None:
    zones = [Zone(kind.name, kind, LETTER_L, 0.1, 1.9, 0.5, 0.25) for kind in ZoneType]
    drawn = markers.zone_markers(zones, stamp=STAMP)
    well_formed(drawn)
    prisms = [marker for marker in drawn if marker.ns == "zones"]
    assert len({(m.color.r, m.color.g, m.color.b) for m in prisms}) == len(ZoneType)
    for marker in prisms:
        heights = {point.z for point in marker.points}
        assert heights == {0.1, 1.9}
        # Two triangles for each wall, and four each to fill floor and ceiling.
        assert len(marker.points) == 3 * (6 * 2 + 4 * 2)
    words = [marker.text for marker in drawn if marker.ns == "zone_names"]
    assert "SLOW: slow 50%" in words
    assert "LIMIT: limit 0.25 m/s" in words
    assert "KEEP_OUT: keep-out" in words


def test_hazards_distances_and_forecasts_are_drawn() -> None:
    hazard = Hazard("h", "STAIRS", (1.0, 2.0, 0.5), (0.0, 1.0, 1.0), 0.8, "avoid", 1.0, 0.5, 1.0)
    boxes = markers.hazard_markers([hazard], stamp=STAMP)
    well_formed(boxes)
    assert "STAIRS avoid" in boxes[1].text
    line = Distance(np.zeros(3), np.ones(3), "hand - person 1: 1.73 m", 0.0)
    lines = markers.distance_markers([line], stamp=STAMP)
    well_formed(lines)
    assert (lines[0].color.r, lines[0].color.g) == (1.0, 0.0)
    assert (lines[1].pose.position.x, lines[1].text) == (0.5, line.text)
    balls = markers.forecast_markers(
        [Foreseen("body", np.ones(3), 0.2, 0.5), Foreseen("left_hand", np.ones(3), 0.0, 1.0)],
        stamp=STAMP,
    )
    well_formed(balls)
    assert balls[0].scale.x == pytest.approx(0.8)


@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3))
def test_a_capsule_points_along_its_axis(direction: list[float]) -> None:
    start, end = np.zeros(3), np.array(direction)
    length = float(np.linalg.norm(end))
    drawn = markers.capsule_markers(start[None], end[None], np.array([0.05]), stamp=STAMP)
    well_formed(drawn)
    if length < 1e-3:
        return
    (tube,) = [marker for marker in drawn if marker.type == Marker.CYLINDER]
    turn = tube.pose.orientation
    # Third column of the rotation matrix: where the cylinder's z axis points.
    axis = np.array(
        [
            2 * (turn.x * turn.z + turn.w * turn.y),
            2 * (turn.y * turn.z - turn.w * turn.x),
            1 - 2 * (turn.x**2 + turn.y**2),
        ]
    )
    np.testing.assert_allclose(axis, end / length, atol=1e-3)
    assert tube.scale.z == pytest.approx(length)


def test_the_state_is_written_above_the_robot_and_long_reasons_are_cut() -> None:
    marker = markers.state_marker(State.REDUCED, 0.42, ["x" * 200], stamp=STAMP)
    well_formed([marker])
    first, second = marker.text.split("\n")
    assert first == "REDUCED 42%"
    assert len(second) == 90


def test_the_picture_shows_the_nearest_link_of_the_real_robot(robot: Any) -> None:
    memory = People(robot.parameters)
    size = np.array([0.4, 0.4, 1.8])
    memory.see([Person(3, np.array([1.2, -0.2, 0.9]), size, np.zeros(3), 0.0, 5.0, 1.0)])
    centres = robot.kinematics.centres(np.zeros(43))
    near = Separation(distance=0.5, protective=0.4, person=3, link="hand", speed_scale=0.2)
    picture = taken(centres, robot.kinematics.spheres, memory.boxes(5.0), near)
    (distance,) = picture.distances
    assert distance.freedom == 0.2
    assert "hand" in distance.text
    assert "person 3" in distance.text
    assert distance.end[0] == pytest.approx(1.0)
    gap = float(np.linalg.norm(distance.end - distance.start))
    assert f"{gap:.2f} m" in distance.text
    assert [expected.ahead for expected in picture.foreseen] == [0.5, 1.0]
    drawn = [
        *markers.distance_markers(picture.distances, stamp=STAMP),
        *markers.forecast_markers(picture.foreseen, stamp=STAMP),
        *markers.capsule_markers(picture.start, picture.end, picture.radius, stamp=STAMP),
    ]
    well_formed(drawn)
    assert markers.clearing_marker(STAMP).action == Marker.DELETEALL
    assert len(drawn) < 80
    assert NOTHING.distances == ()
