"""Distance to people, and the speed that follows from it."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes, People, Person
from dynamical_safety.separation import SeparationMonitor, box_distance

NOW = 1000.0


def person(x: float, y: float = 0.0, *, vx: float = 0.0, age: float = 0.0, key: int = 1) -> Person:
    return Person(
        key,
        np.array([x, y, 0.9]),
        np.array([0.4, 0.4, 1.8]),
        np.array([vx, 0.0, 0.0]),
        0.0,
        NOW - age,
        1.0,
    )


def boxes(*people: Person, parameters: Any = None) -> Boxes:
    memory = People(parameters or SafetyGateParameters())
    memory.see(people)
    return memory.boxes(NOW)


def assess(robot: Any, *people: Person) -> Any:
    monitor = SeparationMonitor(robot.kinematics.spheres, robot.parameters)
    centres = robot.kinematics.centres(np.zeros(43))
    return monitor.assess(centres, boxes(*people))


@given(
    st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_distance_to_a_box_is_that_of_its_nearest_point(point: Any, half: Any) -> None:
    centre, extent = np.array(point), np.array(half)
    nearest = np.clip(centre, -extent, extent)
    got = box_distance(centre[None], np.array([0.1]), np.zeros((1, 3)), extent[None])[0, 0]
    assert got == pytest.approx(float(np.linalg.norm(centre - nearest)) - 0.1)


def test_nobody_means_full_speed(robot: Any) -> None:
    assert assess(robot).speed_scale == 1.0


def test_a_person_far_away_does_not_slow(robot: Any) -> None:
    result = assess(robot, person(3.0))
    assert result.speed_scale == 1.0
    assert 2.0 < result.distance < 3.0


def test_nearer_means_slower_down_to_a_stop(robot: Any) -> None:
    scales = [assess(robot, person(x)).speed_scale for x in np.arange(3.0, 0.3, -0.05)]
    assert scales[0] == 1.0
    assert scales[-1] == 0.0
    assert all(a >= b for a, b in itertools.pairwise(scales))
    assert any(0.0 < scale < 1.0 for scale in scales)


def test_a_person_who_walks_up_slows_earlier_than_one_who_stands(robot: Any) -> None:
    standing, walking = assess(robot, person(1.5)), assess(robot, person(1.5, vx=-1.2))
    assert walking.protective < standing.protective - 0.2
    assert walking.speed_scale < standing.speed_scale
    leaving = assess(robot, person(1.5, vx=1.2))
    assert leaving.protective == pytest.approx(standing.protective)


def test_an_older_track_never_allows_more_speed(robot: Any) -> None:
    scales = [assess(robot, person(1.5, vx=-0.3, age=a)).protective for a in (0, 0.1, 0.3, 0.7)]
    assert all(a > b for a, b in itertools.pairwise(scales))


def test_the_nearest_link_is_named(robot: Any) -> None:
    assert assess(robot, person(0.3, 1.2)).link.startswith("left_")
    assert assess(robot, person(0.3, -1.2)).link.startswith("right_")


def test_a_second_person_never_allows_more_speed(robot: Any) -> None:
    alone = assess(robot, person(1.4))
    both = assess(robot, person(1.4), person(1.2, key=2))
    assert both.speed_scale <= alone.speed_scale
    assert both.person == 2


def test_after_a_stop_the_robot_goes_on_only_beyond_the_resume_margin(robot: Any) -> None:
    monitor = SeparationMonitor(robot.kinematics.spheres, robot.parameters)
    centres = robot.kinematics.centres(np.zeros(43))
    edge = next(
        x
        for x in np.arange(0.5, 3.0, 0.01)
        if assess(robot, person(x)).protective > robot.parameters.stop_distance
    )
    assert monitor.assess(centres, boxes(person(edge - 0.1))).stopped
    assert monitor.assess(centres, boxes(person(edge + 0.05))).stopped
    assert not monitor.assess(centres, boxes(person(edge + 0.25))).stopped
    assert not monitor.assess(centres, boxes(person(edge + 0.05))).stopped


def test_a_person_seen_over_a_table_reaches_to_the_floor() -> None:
    torso = Person(
        1, np.array([1.0, 0, 1.4]), np.array([0.1, 0.5, 0.6]), np.zeros(3), 0.0, NOW, 1.0
    )
    box = boxes(torso)
    assert box.centre[0, 2] - box.half[0, 2] == pytest.approx(0.0)
    assert box.centre[0, 2] + box.half[0, 2] == pytest.approx(1.7)
    assert 2 * box.half[0, 0] == pytest.approx(0.35)


def test_a_person_who_is_hidden_for_a_moment_is_still_believed_in() -> None:
    memory = People(SafetyGateParameters())
    memory.see([person(1.0)])
    memory.see([])
    memory.forget(NOW + 0.9)
    assert len(memory) == 1
    memory.forget(NOW + 1.1)
    assert len(memory) == 0


@settings(max_examples=60, deadline=None)
@given(st.floats(0.2, 3), st.floats(-3, 3), st.floats(-2, 2), st.floats(0, 0.8))
def test_more_uncertainty_never_allows_more_speed(x: float, y: float, v: float, d: float) -> None:
    monitor = SeparationMonitor.__new__(SeparationMonitor)
    monitor._parameters = SafetyGateParameters()
    sure, unsure = 1.0 + x, 1.0 + x - d
    assert monitor.scale(unsure) <= monitor.scale(sure)
    assert 0.0 <= monitor.scale(y + v) <= 1.0


def test_every_link_is_covered_by_its_spheres(robot: Any) -> None:
    import mujoco

    model = mujoco.MjModel.from_xml_path(str(robot.mjcf_path))
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    position = np.array([data.qpos[model.joint(name).qposadr[0]] for name in robot.urdf.names])
    centres = robot.kinematics.centres(position)
    radius = robot.kinematics.spheres.radius
    for geom in range(model.ngeom):
        if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH or not model.geom_contype[geom]:
            continue
        mesh = model.geom_dataid[geom]
        first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
        points = model.mesh_vert[first : first + count] @ data.geom_xmat[geom].reshape(3, 3).T
        points = points + data.geom_xpos[geom]
        apart = np.linalg.norm(points[:, None] - centres[None], axis=2) - radius
        assert apart.min(axis=1).max() < 1e-6, model.geom(geom).name
