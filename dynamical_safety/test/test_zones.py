"""Zones: which are refused, what they find, and that they survive a restart."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety import zone_store
from dynamical_safety.errors import ZoneError
from dynamical_safety.people import People, Person
from dynamical_safety.zones import Zone, ZoneSet, ZoneType, polygon_distance, validated

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def zone(**changes: Any) -> Zone:
    fields: dict[str, Any] = {
        "name": "cell",
        "zone_type": ZoneType.KEEP_OUT,
        "polygon": SQUARE,
        "height_min": 0.0,
        "height_max": 2.0,
    }
    return Zone(**{**fields, **changes})


BAD = [
    ({"polygon": SQUARE[:2]}, "2 vertices"),
    ({"polygon": ((0, 0), (1, 1), (1, 0), (0, 1))}, "crosses itself"),
    ({"polygon": ((0, 0), (1, 0), (2, 0))}, "crosses itself|area"),
    ({"polygon": ((0, 0), (1e-3, 0), (0, 1e-3))}, "area"),
    ({"polygon": ((0, 0), (math.nan, 0), (0, 1))}, "vertex"),
    ({"polygon": ((0, 0), (math.inf, 0), (0, 1))}, "vertex"),
    ({"height_max": 0.0}, "height_min < height_max"),
    ({"height_min": math.nan}, "height_min < height_max"),
    ({"zone_type": 9}, "type 9"),
    ({"name": ""}, "no name"),
    ({"zone_type": ZoneType.SLOW, "speed_scale": 1.5}, "speed_scale 1.5"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_a_malformed_zone_is_refused_and_named(changes: Any, sentence: str) -> None:
    with pytest.raises(ZoneError, match=sentence) as caught:
        validated([zone(**changes)])
    assert caught.value.zone == changes.get("name", "cell")


def test_two_zones_of_one_name_are_refused() -> None:
    with pytest.raises(ZoneError, match="named twice"):
        validated([zone(), zone()])


@settings(max_examples=100)
@given(
    st.lists(st.floats(0.2, 2.0), min_size=3, max_size=12),
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=20),
)
def test_distance_to_a_star_shaped_polygon_agrees_with_sampling(radii: Any, points: Any) -> None:
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    polygon = np.array(radii)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    validated([zone(polygon=tuple(map(tuple, polygon.tolist())))])
    got = polygon_distance(np.array(points), polygon)
    edge = np.concatenate(
        [
            np.linspace(a, b, 400)
            for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True)
        ]
    )
    brute = np.linalg.norm(np.array(points)[:, None] - edge[None], axis=2).min(axis=1)
    np.testing.assert_allclose(np.abs(got), brute, atol=0.01)
    assert polygon_distance(np.zeros((1, 2)), polygon)[0] <= 0


def test_a_keep_out_zone_finds_the_deepest_link_and_nothing_outside() -> None:
    zones = ZoneSet((zone(),))
    centres = np.array([[0.5, 0.5, 1.0], [1.05, 0.5, 1.0], [3.0, 3.0, 1.0]])
    found = zones.intrusion(centres, np.full(3, 0.1))
    assert found is not None
    assert found.sphere == 0
    assert zones.intrusion(centres[2:], np.full(1, 0.1)) is None
    assert zones.intrusion(centres[1:2], np.full(1, 0.1)).depth == pytest.approx(0.05)


def test_a_keep_out_zone_ends_at_its_height() -> None:
    zones = ZoneSet((zone(height_max=0.5),))
    assert zones.intrusion(np.array([[0.5, 0.5, 0.7]]), np.array([0.1])) is None
    assert zones.intrusion(np.array([[0.5, 0.5, 0.55]]), np.array([0.1])) is not None


def test_an_allow_zone_forbids_everything_outside_it() -> None:
    zones = ZoneSet((zone(zone_type=ZoneType.ALLOW),))
    assert zones.intrusion(np.array([[0.5, 0.5, 1.0]]), np.array([0.1])) is None
    found = zones.intrusion(np.array([[0.95, 0.5, 1.0]]), np.array([0.1]))
    assert found is not None
    assert found.depth == pytest.approx(0.05)


def test_people_are_found_in_stop_and_slow_zones_only(robot: Any) -> None:
    memory = People(robot.parameters)
    memory.see(
        [Person(4, np.array([0.5, 0.5, 0.9]), np.full(3, 0.4), np.zeros(3), 0.0, 10.0, 1.0)]
    )
    zones = ZoneSet(
        (
            zone(name="stop", zone_type=ZoneType.STOP),
            zone(name="slow", zone_type=ZoneType.SLOW, speed_scale=0.3),
            zone(name="out"),
            zone(name="above", zone_type=ZoneType.STOP, height_min=2.5, height_max=3.0),
        )
    )
    found = zones.occupied(memory.boxes(10.0))
    assert [(item.name, key) for item, key in found] == [("stop", 4), ("slow", 4)]


def test_zones_survive_a_restart(tmp_path: Path) -> None:
    zones = ZoneSet((zone(), zone(name="b", zone_type=ZoneType.SLOW, speed_scale=0.5)), version=7)
    zone_store.save(tmp_path, zones)
    loaded = zone_store.load(tmp_path)
    assert loaded.version == 7
    assert loaded.zones == zones.zones
    assert zone_store.load(tmp_path / "nothing").zones == ()


def test_a_damaged_zone_file_is_refused_rather_than_forgotten(tmp_path: Path) -> None:
    (tmp_path / zone_store.FILE_NAME).write_text("{ not json")
    with pytest.raises(ZoneError, match=r"zones\.json"):
        zone_store.load(tmp_path)


def test_a_zone_over_the_robot_is_refused(robot: Any) -> None:
    gate = robot.gate()
    everywhere = zone(name="all", polygon=((-1, -1), (1, -1), (1, 1), (-1, 1)))
    reason = gate.world.place_zones([everywhere], position=np.zeros(43))
    assert reason is not None
    assert reason.code == ErrorCode.ZONE_OCCUPIED
    assert gate.world.zones.version == 0
