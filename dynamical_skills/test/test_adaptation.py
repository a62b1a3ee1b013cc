"""How a skill is adapted to its place: from the site's data, and from what cameras see there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_skills.adaptation import LocationAdaptiveSkillManager, load_workspaces
from dynamical_skills.errors import ParameterError
from dynamical_skills.library.store import SkillStore
from dynamical_skills.motion.site import site_of
from dynamical_skills.policies.policy import SeenObject, SkillError
from dynamical_skills.workspaces import Obstacle, Workspace

NOW = 50.0
GRASP, LIFT, MOVE = (SkillStore(None).get(name) for name in ("grasp", "lift", "move_hand"))
CUP = {"object": {"class_id": "cup", "color": "red"}}
COUNTER = Workspace(
    id="counter",
    table_height=0.82,
    shelf_heights=(0.95,),
    obstacles=(Obstacle(name="post", minimum=(0.34, -0.30, 0.0), maximum=(0.40, -0.25, 1.02)),),
    speed=0.8,
    clearance=0.02,
)
MANAGER = LocationAdaptiveSkillManager({"counter": COUNTER})


def seen(class_id, position, size, *, color="", stamp=NOW, number=1):
    return SeenObject(
        id=number,
        class_id=class_id,
        color=color,
        position=np.array(position, dtype=float),
        size=np.array(size, dtype=float),
        velocity=np.zeros(3),
        deviation=np.zeros(3),
        confidence=0.9,
        stamp=stamp,
    )


def cup(y):
    return seen("cup", (0.36, y, 0.87), (0.066, 0.066, 0.1), color="red", number=2)


def test_without_cameras_heights_come_from_the_data():
    adapted = MANAGER.adapt(GRASP, CUP, COUNTER)
    assert adapted["table_height"] == 0.82
    assert adapted["shelf_heights"] == [0.95]
    assert adapted["heights_from"] == "data"
    assert (adapted["speed"], adapted["clearance"]) == (0.8, 0.02)


def test_what_cameras_see_comes_before_the_data_and_lifts_to_the_shelf_that_is_there():
    things = (
        seen("table", (0.5, 0.0, 0.35), (0.6, 0.6, 0.70)),
        seen("shelf", (0.2, 0.4, 0.44), (0.3, 0.2, 0.88)),
    )
    adapted = MANAGER.adapt(LIFT, {}, COUNTER, seen=things, now=NOW)
    assert adapted["table_height"] == 0.70
    assert adapted["shelf_heights"] == [0.88]
    assert adapted["heights_from"] == "perception"
    assert adapted["site"]["lift"] == pytest.approx(0.20)


def test_furniture_seen_long_ago_or_elsewhere_is_not_believed():
    things = (
        seen("table", (0.5, 0.0, 0.35), (0.6, 0.6, 0.70), stamp=NOW - 60.0),
        seen("table", (9.0, 0.0, 0.25), (0.6, 0.6, 0.50)),
    )
    adapted = MANAGER.adapt(LIFT, {}, COUNTER, seen=things, now=NOW)
    assert (adapted["table_height"], adapted["heights_from"]) == (0.82, "data")


def test_beside_a_post_the_hand_comes_from_the_other_side_and_more_slowly():
    free = MANAGER.adapt(GRASP, CUP, COUNTER, seen=(cup(0.15),), now=NOW)
    beside = MANAGER.adapt(GRASP, CUP, COUNTER, seen=(cup(-0.19),), now=NOW)
    assert free["site"]["approach"] == 0.0
    # The post is to the right: the forearm keeps to the left of the object, so fingers head right.
    assert beside["site"]["approach"] < 0.0
    near = MANAGER.adapt(GRASP, CUP, COUNTER, seen=(cup(-0.23),), now=NOW)
    assert near["speed"] < free["speed"]


def test_what_is_asked_for_is_never_made_faster_or_closer():
    given_values = {"speed": 0.3, "clearance": 0.05, "table_height": 0.5}
    adapted = MANAGER.adapt(GRASP, {**CUP, **given_values}, COUNTER)
    assert {name: adapted[name] for name in given_values} == given_values


def test_the_obstacles_of_the_place_cannot_be_talked_away():
    adapted = MANAGER.adapt(GRASP, {**CUP, "site": {"obstacles": []}}, COUNTER)
    assert len(site_of(adapted).boxes) == 1


def test_a_position_outside_is_refused_with_the_bounds():
    with pytest.raises(ParameterError, match="lies outside workspace 'counter'"):
        MANAGER.adapt(MOVE, {"position": [5.0, 0.0, 1.0]}, COUNTER)


@given(
    st.tuples(st.floats(0.2, 0.5), st.floats(-0.3, 0.3)),
    st.lists(
        st.tuples(st.floats(0.0, 0.7), st.floats(-0.6, 0.6), st.floats(0.02, 0.2)), max_size=5
    ),
)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_around_the_adaptation_can_be_carried_out(place, posts):
    obstacles = tuple(
        Obstacle(name="post", minimum=(x, y, 0.0), maximum=(x + size, y + size, 1.1))
        for x, y, size in posts
    )
    workspace = Workspace(id="w", table_height=0.8, obstacles=obstacles)
    adapted = MANAGER.adapt(
        GRASP, {"object": {"class_id": "cup", "position": [*place, 0.85]}}, workspace
    )
    site = site_of(adapted)
    assert len(site.boxes) == len(obstacles)
    assert abs(site.approach) <= 1.1
    assert 0.0 < site.speed <= 1.0


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"speed": 0.0}, "over 0, up to 1"),
        ({"clearance": 0.4}, "between 0 and 0.1"),
        ({"site": {"obstacles": [{"min": [1, 1, 1], "max": [0, 0, 0]}]}}, "min below max"),
        ({"site": "wide"}, "site is"),
    ],
)
def test_a_wrong_adaptation_is_refused_with_a_reason(parameters, words):
    with pytest.raises(SkillError, match=words):
        site_of(parameters)


def test_one_place_can_be_picked_out_of_the_file(tmp_path):
    path = tmp_path / "workspaces.yaml"
    path.write_text("workspaces:\n  - {id: a}\n  - {id: b}\n")
    assert set(load_workspaces(path)) == {"a", "b"}
    assert set(load_workspaces(path, only="b")) == {"b"}
    with pytest.raises(ValueError, match="no workspace 'c'; known: a, b"):
        load_workspaces(path, only="c")


def test_an_obstacle_turned_inside_out_is_refused_with_its_name(tmp_path):
    path = tmp_path / "workspaces.yaml"
    path.write_text(
        "workspaces:\n  - id: a\n    obstacles: [{name: post, min: [1, 1, 1], max: [0, 0, 0]}]\n"
    )
    with pytest.raises(ValueError, match="obstacle 'post'"):
        load_workspaces(path)
