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
from dynamical_safety.polygons import area, polygon_distance, self_intersection, triangles
from dynamical_safety.prisms import Prisms
from dynamical_safety.world import World
from dynamical_safety.zones import Applies, Zone, ZoneSet, ZoneType, validated

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
    ({"name": "n" * 101}, "101 characters"),
    ({"zone_type": ZoneType.SLOW, "speed_scale": 1.5}, "speed_scale 1.5"),
    ({"zone_type": ZoneType.LIMIT}, "speed_limit 0.0 m/s"),
    ({"zone_type": ZoneType.LIMIT, "speed_limit": math.nan}, "speed_limit nan"),
    ({"applies_to": 7}, "applies_to 7"),
    ({"zone_type": ZoneType.ALLOW, "applies_to": Applies.BOTH}, "robot links only"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_a_malformed_zone_is_refused_and_named(changes: Any, sentence: str) -> None:
    with pytest.raises(ZoneError, match=sentence) as caught:
        validated([zone(**changes)])
    assert caught.value.zone.startswith(changes.get("name", "cell")[:20])


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


def someone(robot: Any, x: float = 0.5, *, deviation: float = 0.0, key: int = 4) -> People:
    memory = People(robot.parameters)
    size = np.full(3, 0.4)
    memory.see([Person(key, np.array([x, 0.5, 0.9]), size, np.zeros(3), deviation, 10.0, 1.0)])
    return memory


def test_people_are_found_in_stop_and_slow_zones_only(robot: Any) -> None:
    memory = someone(robot)
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


def test_a_zone_speaks_of_whom_it_says(robot: Any) -> None:
    boxes = someone(robot).boxes(10.0)
    for kind in set(ZoneType) - {ZoneType.ALLOW}:
        for whom in Applies:
            one = zone(zone_type=kind, applies_to=whom, speed_limit=0.3)
            zones = ZoneSet(validated([one]))
            by_default = kind != ZoneType.KEEP_OUT
            people = {Applies.DEFAULT: by_default, Applies.ROBOT: False}.get(whom, True)
            links = {Applies.DEFAULT: not by_default, Applies.PEOPLE: False}.get(whom, True)
            assert bool(zones.occupied(boxes)) == people
            assert zones.bind_robot == links


@given(st.floats(-1.0, 2.5), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_less_certain_person_is_never_found_in_fewer_zones(
    robot: Any, x: float, sure: float, more: float
) -> None:
    zones = ZoneSet((zone(zone_type=ZoneType.STOP),))
    certain = zones.occupied(someone(robot, x, deviation=sure).boxes(10.0))
    unsure = zones.occupied(someone(robot, x, deviation=sure + more).boxes(10.0))
    assert len(unsure) >= len(certain)


def test_places_that_are_no_numbers_count_as_inside(robot: Any) -> None:
    zones = ZoneSet((zone(applies_to=Applies.BOTH, polygon=far(SQUARE)),))
    assert zones.intrusion(np.array([[math.nan, 0.0, 1.0]]), np.array([0.1])) is not None
    assert zones.intrusion(np.array([[math.inf, 0.0, 1.0]]), np.array([0.1])) is not None
    assert zones.occupied(someone(robot, math.nan).boxes(10.0))


def far(polygon: Any, by: float = 50.0) -> Any:
    return tuple((x + by, y) for x, y in polygon)


POLYGONS = st.builds(
    lambda radii, x, y, turn: tuple(
        (float(x + r * np.cos(a)), float(y + r * np.sin(a)))
        for r, a in list(zip(radii, np.arange(len(radii)) * 2 * np.pi / len(radii), strict=True))[
            ::turn
        ]
    ),
    st.lists(st.floats(0.2, 1.0), min_size=3, max_size=14),
    st.floats(-1.5, 1.5),
    st.floats(-1.5, 1.5),
    st.sampled_from([1, -1]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(POLYGONS, min_size=1, max_size=8), st.integers(0, 2**31))
def test_many_zones_at_once_agree_with_each_zone_alone(polygons: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-3.0, 3.0, (40, 3)) * [1.0, 1.0, 0.5]
    radius = rng.uniform(0.01, 0.3, 40)
    low = rng.uniform(-1.0, 0.0, len(polygons))
    prisms = Prisms(polygons, low=low, high=low + 1.0)
    depth = prisms.depth(points, radius, np.arange(len(polygons)))
    for index, polygon in enumerate(polygons):
        plan = polygon_distance(points[:, :2], np.array(polygon))
        up = np.maximum(low[index] - points[:, 2], points[:, 2] - low[index] - 1.0)
        inside = (plan <= 0.0) & (up <= 0.0)
        apart = np.hypot(np.maximum(plan, 0.0), np.maximum(up, 0.0))
        alone = np.maximum(radius - np.where(inside, np.maximum(plan, up), apart), 0.0)
        np.testing.assert_allclose(depth[index], alone, atol=1e-9)
        np.testing.assert_allclose(
            prisms.plan_distance(points[:, :2], np.full(40, index)), plan, atol=1e-9
        )


@settings(max_examples=100, deadline=None)
@given(POLYGONS)
def test_the_triangles_of_a_polygon_fill_it(polygon: Any) -> None:
    assert self_intersection(polygon) is None
    cut = triangles(polygon)
    assert len(cut) == len(polygon) - 2
    assert sum(area(part) for part in cut) == pytest.approx(abs(area(polygon)), rel=1e-6)


def test_single_zones_are_put_and_removed_and_the_others_stay() -> None:
    zones = ZoneSet().replaced([zone(), zone(name="b", polygon=far(SQUARE))])
    edited = zones.edited(put=[zone(height_max=1.0), zone(name="c")], remove=["b"])
    assert [(item.name, item.height_max) for item in edited.zones] == [("cell", 1.0), ("c", 2.0)]
    assert (zones.version, edited.version) == (1, 2)
    with pytest.raises(ZoneError, match="'d': is not in force"):
        zones.edited(remove=["d"])
    with pytest.raises(ZoneError, match="named twice"):
        zones.edited(put=[zone(), zone()])


def test_links_in_any_of_several_allow_zones_are_well_placed() -> None:
    left = zone(name="left", zone_type=ZoneType.ALLOW)
    right = zone(name="right", zone_type=ZoneType.ALLOW, polygon=far(SQUARE, 2.0))
    zones = ZoneSet((left, right))
    placed = np.array([[0.5, 0.5, 1.0], [2.5, 0.5, 1.0]])
    assert zones.intrusion(placed, np.full(2, 0.1)) is None
    between = zones.intrusion(np.array([[1.5, 0.5, 1.0]]), np.array([0.1]))
    assert between is not None
    assert between.zone == "left, right"
    assert between.depth == pytest.approx(0.6)


def test_zones_survive_a_restart(tmp_path: Path) -> None:
    limit = zone(name="c", zone_type=ZoneType.LIMIT, speed_limit=0.3, applies_to=Applies.BOTH)
    slow = zone(name="b", zone_type=ZoneType.SLOW, speed_scale=0.5)
    zones = ZoneSet((zone(), slow, limit), version=7)
    zone_store.save(tmp_path, zones)
    loaded = zone_store.load(tmp_path)
    assert loaded.version == 7
    assert loaded.zones == zones.zones
    assert list(tmp_path.iterdir()) == [tmp_path / zone_store.FILE_NAME]
    assert zone_store.load(tmp_path / "nothing").zones == ()


def test_a_damaged_zone_file_is_refused_rather_than_forgotten(tmp_path: Path) -> None:
    (tmp_path / zone_store.FILE_NAME).write_text("{ not json")
    with pytest.raises(ZoneError, match=r"zones\.json"):
        zone_store.load(tmp_path)


def test_a_zone_over_the_robot_is_refused(robot: Any) -> None:
    world = World(robot.kinematics, parameters=robot.parameters, zones=ZoneSet())
    everywhere = zone(name="all", polygon=((-1, -1), (1, -1), (1, 1), (-1, 1)))
    reason = world.place_zones([everywhere], position=np.zeros(43))
    assert reason is not None
    assert reason.code == ErrorCode.ZONE_OCCUPIED
    assert world.zones.version == 0


def test_a_zone_that_did_not_change_never_blocks_another_change(robot: Any) -> None:
    everywhere = zone(name="all", polygon=((-1, -1), (1, -1), (1, 1), (-1, 1)))
    world = World(robot.kinematics, parameters=robot.parameters, zones=ZoneSet())
    # The robot may have come to be inside it while nobody knew where it was.
    assert world.place_zones([everywhere], position=None) is None
    other = world.zones.edited(put=[zone(name="aisle", polygon=far(SQUARE))])
    assert world.adopt_zones(other, position=np.zeros(43)) is None
    assert world.adopt_zones(world.zones.edited(remove=["all"]), position=None) is None


def test_a_change_made_from_an_older_version_is_refused(robot: Any) -> None:
    world = World(robot.kinematics, parameters=robot.parameters, zones=ZoneSet())
    late = world.zones.edited(put=[zone(name="late", polygon=far(SQUARE))])
    assert world.place_zones([zone(polygon=far(SQUARE))], position=None) is None
    reason = world.adopt_zones(late, position=None)
    assert reason is not None
    assert reason.code == ErrorCode.VERSION_CONFLICT
    assert [item.name for item in world.zones.zones] == ["cell"]
