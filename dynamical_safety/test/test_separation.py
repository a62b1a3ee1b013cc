"""Distance to people, and the speed that follows from it."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes, People, Person
from dynamical_safety.separation import (
    Separation,
    SeparationMonitor,
    box_distance,
    sphere_velocities,
)
from dynamical_safety.stopping import load_stopping

NOW = 1000.0
PARAMETERS = SafetyGateParameters()
# An arm that stands for the whole robot where thousands of cases are tried.
ARM = LinkSpheres(
    ("right_shoulder_yaw_link", "right_elbow_link", "right_elbow_link", "right_hand_palm_link"),
    np.array([0.06, 0.05, 0.05, 0.06]),
)
PLACES = np.array([[0.0, -0.15, 1.1], [0.1, -0.2, 1.0], [0.25, -0.2, 1.0], [0.4, -0.2, 1.0]])


def person(x: float, y: float = 0.0, **changes: Any) -> Person:
    """Somebody who is seen well."""
    speed = (changes.pop("vx", 0.0), changes.pop("vy", 0.0), 0.0)
    values: dict[str, Any] = {
        "id": changes.pop("key", 1),
        "centre": np.array([x, y, 0.9]),
        "size": np.array([0.4, 0.4, 1.8]),
        "velocity": np.array(speed),
        "deviation": 0.02,
        "stamp": NOW - changes.pop("age", 0.0),
        "confidence": 1.0,
        "speed_deviation": 0.2,
    }
    return Person(**{**values, **changes})


def boxes(*people: Person, parameters: Any = None) -> Boxes:
    memory = People(parameters or PARAMETERS)
    memory.see(people)
    return memory.boxes(NOW)


def assess(robot: Any, *people: Person, **more: Any) -> Separation:
    monitor = SeparationMonitor(robot.kinematics.spheres, robot.parameters)
    return monitor.assess(robot.kinematics.centres(np.zeros(43)), boxes(*people), **more)


def beside_arm(*people: Person, **more: Any) -> Separation:
    return SeparationMonitor(ARM, PARAMETERS).assess(PLACES, boxes(*people), **more)


def more_careful(careful: Separation, free: Separation) -> bool:
    """Whether nothing is allowed that was not allowed before."""
    slack = 1e-9
    return (
        careful.link_speed <= free.link_speed + slack
        and careful.speed_scale <= free.speed_scale + slack
        and careful.protective <= free.protective + slack
        and careful.spare <= free.spare + slack
        and careful.stopped >= free.stopped
    )


people = st.builds(
    person,
    st.floats(0.3, 3.0),
    st.floats(-2.0, 2.0),
    vx=st.floats(-2.0, 2.0),
    vy=st.floats(-2.0, 2.0),
    age=st.floats(0.0, 0.7),
    deviation=st.floats(0.0, 0.3),
    speed_deviation=st.one_of(st.floats(0.0, 1.0), st.just(np.inf)),
    confidence=st.floats(0.0, 1.0),
)


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
    found = assess(robot)
    assert found.speed_scale == 1.0
    assert found.link_speed == np.inf


def test_a_person_far_away_does_not_slow(robot: Any) -> None:
    result = assess(robot, person(3.5))
    assert result.speed_scale == 1.0
    assert 2.5 < result.distance < 3.5


def test_nearer_means_slower_down_to_a_stop(robot: Any) -> None:
    results = [assess(robot, person(x)) for x in np.arange(3.0, 0.3, -0.05)]
    scales = [result.speed_scale for result in results]
    assert scales[0] == 1.0
    assert scales[-1] == 0.0
    assert results[-1].stopped
    assert all(a >= b for a, b in itertools.pairwise(scales))
    assert any(0.0 < scale < 1.0 for scale in scales)


def test_a_person_who_walks_up_slows_earlier_than_one_who_stands(robot: Any) -> None:
    standing, walking = assess(robot, person(1.3)), assess(robot, person(1.3, vx=-1.2))
    assert walking.protective < standing.protective
    assert walking.required > standing.required + 0.2
    assert walking.speed_scale < standing.speed_scale
    leaving = assess(robot, person(1.3, vx=1.2))
    assert leaving.protective == pytest.approx(standing.protective)


@settings(max_examples=60, deadline=None)
@given(people, st.floats(0.0, 0.7))
def test_an_older_track_never_allows_more_speed(who: Person, more: float) -> None:
    older = replace(who, stamp=who.stamp - more)
    assert more_careful(beside_arm(older), beside_arm(who))


@settings(max_examples=60, deadline=None)
@given(people, st.floats(0.0, 0.3), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_less_certain_track_never_allows_more_speed(
    who: Person, place: float, speed: float, doubt: float
) -> None:
    worse = replace(
        who,
        deviation=who.deviation + place,
        speed_deviation=who.speed_deviation + speed,
        confidence=who.confidence * doubt,
    )
    assert more_careful(beside_arm(worse), beside_arm(who))


@settings(max_examples=60, deadline=None)
@given(people, st.floats(0.0, 1.0))
def test_who_is_nearer_on_the_same_way_never_allows_more_speed(who: Person, part: float) -> None:
    here = beside_arm(who)
    # Moving the person toward a link by the box's size keeps every nearest direction within reach.
    nearer = replace(who, size=who.size + 2.0 * part * np.array([1.0, 1.0, 0.0]))
    assert beside_arm(nearer).distance <= here.distance + 1e-9
    standing = replace(who, velocity=np.zeros(3))
    grown = replace(nearer, velocity=np.zeros(3))
    assert more_careful(beside_arm(grown), beside_arm(standing))


@settings(max_examples=60, deadline=None)
@given(people, st.floats(1.0, 3.0))
def test_who_is_faster_on_the_same_way_never_allows_more_speed(who: Person, factor: float) -> None:
    # The same picture: the box is where it was seen, whatever the velocity.
    assert more_careful(beside_arm(replace(who, velocity=factor * who.velocity)), beside_arm(who))


@settings(max_examples=40, deadline=None)
@given(people, people)
def test_a_second_person_never_allows_more_speed(one: Person, other: Person) -> None:
    both = beside_arm(one, replace(other, id=2))
    assert more_careful(both, beside_arm(one))
    assert more_careful(both, beside_arm(other))


@settings(max_examples=40, deadline=None)
@given(people, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_forecast_never_allows_more_speed(who: Person, still: float, moving: float) -> None:
    shape = (1, len(ARM.links))
    reach = (np.full(shape, still), np.full(shape, max(still, moving)))
    assert more_careful(beside_arm(who, reach=reach), beside_arm(who))


def test_a_forecast_of_a_reaching_hand_slows() -> None:
    who, shape = person(1.3), (1, len(ARM.links))
    reach = (np.full(shape, 0.1), np.full(shape, 0.6))
    assert beside_arm(who, reach=reach).speed_scale < beside_arm(who).speed_scale


@settings(max_examples=40, deadline=None)
@given(people, st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_hands_that_are_lost_never_allow_more_speed(who: Person, places: list[float]) -> None:
    hands = np.array(places).reshape(2, 3) + np.array([who.centre[0], who.centre[1], 1.0])
    assert more_careful(beside_arm(who), beside_arm(replace(who, hands=hands)))
    one = replace(who, hands=hands[:1])
    assert beside_arm(one) == beside_arm(who)


def test_hands_seen_behind_the_back_allow_more_than_hands_not_seen() -> None:
    who = person(1.25)
    hands = np.array([[2.0, 0.2, 1.0], [2.0, -0.2, 1.0]])
    assert beside_arm(replace(who, hands=hands)).speed_scale > beside_arm(who).speed_scale


@settings(max_examples=60, deadline=None)
@given(people, st.lists(st.floats(-1.5, 1.5), min_size=12, max_size=12), st.floats(1.0, 3.0))
def test_a_faster_link_leaves_less_to_spare_and_changes_nothing_else(
    who: Person, speeds: list[float], factor: float
) -> None:
    velocity = np.array(speeds).reshape(4, 3)
    slow = beside_arm(who, velocity=velocity)
    fast = beside_arm(who, velocity=factor * velocity)
    assert fast.spare <= slow.spare + 1e-9
    assert fast.link_speed == slow.link_speed


@settings(max_examples=60, deadline=None)
@given(people)
def test_at_the_allowed_speed_the_robot_stands_before_anybody_is_there(who: Person) -> None:
    found = beside_arm(who)
    if not 0.0 < found.link_speed < np.inf:
        return
    # Both as fast as they may be: the person from the picture on, the link until it stands.
    table = load_stopping().table(ARM.links, margin=PARAMETERS.stopping_margin)
    time, way = table.at(np.full(4, found.link_speed))
    age, step = NOW - who.stamp, 0.001
    reaction = PARAMETERS.reaction_time
    seen = box_distance(PLACES, ARM.radius, who.centre[None], who.size[None] / 2)[0]
    for sphere in range(4):
        total = age + reaction + time[sphere]
        speed = float(np.linalg.norm(who.velocity)) if age > 0.0 else 0.0
        toward = np.clip(PLACES[sphere] - who.centre, -who.size / 2, who.size / 2)
        away = PLACES[sphere] - who.centre - toward
        speed = max(float(away @ who.velocity) / max(float(np.linalg.norm(away)), 1e-9), 0.0)
        top = max(PARAMETERS.person_speed, float(np.linalg.norm(who.velocity)))
        moments = np.arange(0.0, total, step)
        growing = np.minimum(speed + PARAMETERS.person_acceleration * moments, top)
        human = float(growing.sum()) * step
        left = seen[sphere] - human - reaction * found.link_speed - way[sphere]
        assert left >= -0.005


def test_with_a_faster_motion_than_allowed_nothing_is_left_to_spare(robot: Any) -> None:
    position, rates = np.zeros(43), np.zeros(43)
    rates[robot.urdf.names.index("left_shoulder_pitch_joint")] = -1.5
    centres, velocity = sphere_velocities(robot.kinematics, position, rates)
    monitor = SeparationMonitor(robot.kinematics.spheres, robot.parameters)
    standing = monitor.assess(centres, boxes(person(1.15)), velocity=np.zeros_like(centres))
    moving = monitor.assess(centres, boxes(person(1.15)), velocity=velocity)
    assert standing.spare > 0.0 > moving.spare
    assert moving.required > standing.required


def test_link_velocities_are_those_of_the_motion(robot: Any) -> None:
    position, rates = np.full(43, 0.1), np.linspace(-1, 1, 43)
    _, velocity = sphere_velocities(robot.kinematics, position, rates)
    before = robot.kinematics.centres(position - 1e-5 * rates)
    after = robot.kinematics.centres(position + 1e-5 * rates)
    np.testing.assert_allclose(velocity, (after - before) / 2e-5, atol=0.01)


def test_the_nearest_link_is_named(robot: Any) -> None:
    assert assess(robot, person(0.3, 1.2)).link.startswith("left_")
    assert assess(robot, person(0.3, -1.2)).link.startswith("right_")


def test_who_is_tightest_is_named() -> None:
    assert beside_arm(person(2.5), person(1.2, key=2)).person == 2


def test_a_track_too_poor_to_trust_counts_as_somebody_who_walks_up() -> None:
    good = beside_arm(person(1.2))
    for poor in (
        person(1.2, deviation=0.2),
        person(1.2, speed_deviation=np.inf),
        person(1.2, speed_deviation=np.nan),
        person(1.2, confidence=0.1),
        person(1.2, confidence=np.nan),
    ):
        assert beside_arm(poor).required >= good.required + 0.3


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_stop_the_robot(bad: float) -> None:
    for who in (
        person(bad),
        person(2.5, vx=bad),
        person(2.5, deviation=bad),
        replace(person(2.5), stamp=-bad),
    ):
        found = beside_arm(who, person(2.0, key=2))
        assert found.stopped
        assert found.speed_scale == 0.0
    wrong = np.full((1, 4), np.nan)
    assert beside_arm(person(2.5), reach=(wrong, wrong)).stopped
    unknown = beside_arm(person(2.5), velocity=np.full((4, 3), bad))
    assert unknown.spare == -np.inf


def test_after_a_stop_the_robot_goes_on_only_beyond_the_resume_margin(robot: Any) -> None:
    monitor = SeparationMonitor(robot.kinematics.spheres, robot.parameters)
    centres = robot.kinematics.centres(np.zeros(43))
    edge = next(x for x in np.arange(0.4, 3.0, 0.01) if not assess(robot, person(x)).stopped)
    assert monitor.assess(centres, boxes(person(edge - 0.1))).stopped
    assert monitor.assess(centres, boxes(person(edge + 0.05))).stopped
    assert monitor.assess(centres, boxes(person(edge + 0.05))).speed_scale == 0.0
    assert not monitor.assess(centres, boxes(person(edge + 0.25))).stopped
    assert not monitor.assess(centres, boxes(person(edge + 0.05))).stopped


def test_the_robot_stands_within_its_smallest_distance_however_surely_it_sees() -> None:
    sure = replace(
        PARAMETERS, person_uncertainty=0.0, robot_uncertainty=0.0, arm_reach=0.0, stop_distance=0.5
    )
    who = person(1.16, -0.2, deviation=0.0, speed_deviation=0.0)
    found = SeparationMonitor(ARM, sure).assess(PLACES, boxes(who, parameters=sure))
    assert found.distance == pytest.approx(0.5)
    assert found.stopped


def test_the_predicted_distance_is_that_of_who_walks_on() -> None:
    who = person(2.4, -0.2, vx=-1.0)
    walking, standing = beside_arm(who), beside_arm(replace(who, velocity=np.zeros(3)))
    horizon = PARAMETERS.forecast_horizon
    assert walking.predicted == pytest.approx(standing.predicted - horizon, abs=0.06)
    passing = beside_arm(person(1.2, 0.5, vy=3.0))
    assert passing.predicted > PARAMETERS.stop_distance


def test_a_person_seen_over_a_table_reaches_to_the_floor() -> None:
    torso = replace(person(1.0), centre=np.array([1.0, 0, 1.4]), size=np.array([0.1, 0.5, 0.6]))
    box = boxes(torso)
    assert box.centre[0, 2] - box.half[0, 2] == pytest.approx(0.0)
    assert box.centre[0, 2] + box.half[0, 2] == pytest.approx(1.7)
    assert 2 * box.half[0, 0] == pytest.approx(0.35)


def test_a_person_who_is_hidden_for_a_moment_is_still_believed_in() -> None:
    memory = People(PARAMETERS)
    memory.see([person(1.0)])
    memory.see([])
    memory.forget(NOW + 0.9)
    assert len(memory) == 1
    assert len(memory.boxes(NOW + 0.9).people) == 1
    memory.forget(NOW + 1.1)
    assert len(memory) == 0
    assert len(memory.boxes(NOW + 1.1).people) == 0


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


def test_of_many_people_those_who_could_be_here_first_are_looked_at(robot: Any) -> None:
    people = People(robot.parameters)
    walking = np.array([-1.5, 0.0, 0.0])
    people.see(
        Person(
            number,
            np.array([2.0 + 0.1 * number, 0.0, 0.9]),
            np.array([0.4, 0.4, 1.8]),
            walking if number == 14 else np.zeros(3),
            0.02,
            10.0,
            1.0,
        )
        for number in range(20)
    )
    near = people.boxes(10.0).most_urgent(5, np.zeros(3))
    assert {person.id for person in near.people} == {0, 1, 2, 3, 14}
    assert len(near.centre) == len(near.hands) == 5
