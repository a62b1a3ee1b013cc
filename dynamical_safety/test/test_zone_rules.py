"""Zone rules: who inside which zone asks for what, with the robot's real shape."""

import math
from typing import Any

import numpy as np
import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.link_speeds import LinkSpeeds
from dynamical_safety.people import Person
from dynamical_safety.state_machine import Cause
from dynamical_safety.world import Motion, Tracks, World
from dynamical_safety.zones import Applies, Zone, ZoneSet, ZoneType

TABLE = ((0.2, -0.3), (0.86, -0.3), (0.86, 0.3), (0.2, 0.3))
RIGHT_AND_LEFT = (
    ((0.45, -0.4), (0.9, -0.4), (0.9, 0.0), (0.45, 0.0)),
    ((0.45, 0.0), (0.9, 0.0), (0.9, 0.4), (0.45, 0.4)),
)
AISLE = ((3.0, -1.0), (4.0, -1.0), (4.0, 1.0), (3.0, 1.0))


def zone(kind: int, whom: int = Applies.DEFAULT, **changes: Any) -> Zone:
    fields = {"polygon": AISLE, "height_min": 0.0, "height_max": 2.0, "applies_to": whom}
    return Zone(**{"name": "zone", "zone_type": kind, **fields, **changes})


@pytest.fixture
def world(robot: Any) -> World:
    return World(robot.kinematics, parameters=robot.parameters, zones=ZoneSet())


def tracks(*places: tuple[float, float], now: float = 1.0) -> Tracks:
    size, still = np.array([0.4, 0.4, 1.8]), np.zeros(3)
    return Tracks(
        now,
        tuple(
            Person(key, np.array([x, y, 0.9]), size, still, 0.0, now, 1.0)
            for key, (x, y) in enumerate(places)
        ),
    )


def motion(measured: np.ndarray, rest: np.ndarray, goal: np.ndarray | None) -> Motion:
    return Motion(measured, np.zeros_like(measured), rest, goal)


def standing(robot: Any, *, goal: np.ndarray | None = None) -> Motion:
    rest = np.zeros(len(robot.limits.names))
    return motion(rest, rest, goal)


@pytest.mark.parametrize(
    ("kind", "cause", "scale"),
    [
        (ZoneType.STOP, Cause.ZONE_STOP, 0.0),
        (ZoneType.SLOW, Cause.ZONE_SLOW, 0.4),
        (ZoneType.KEEP_OUT, Cause.ZONE_STOP, 0.0),
    ],
)
def test_a_person_in_a_zone_for_people_stops_or_slows(
    robot: Any, world: Any, kind: int, cause: Cause, scale: float
) -> None:
    placed = zone(kind, Applies.PEOPLE, speed_scale=0.4)
    assert world.place_zones([placed], position=None) is None
    world.take_tracks(tracks((6.0, 0.0)))
    assert cause not in world.survey(standing(robot), 1.0).causes
    world.take_tracks(tracks((3.5, 0.0)))
    found = world.survey(standing(robot), 1.0)
    assert found.causes[cause].code == ErrorCode.ZONE_OCCUPIED
    assert found.causes[cause].subject == "zone"
    assert found.speed_scale == scale


def test_a_person_in_limit_zones_limits_the_speed_of_links_to_the_least_of_them(
    robot: Any, world: Any
) -> None:
    zones = [
        zone(ZoneType.LIMIT, name=f"at {limit}", speed_limit=limit) for limit in (0.5, 0.25, 0.75)
    ]
    assert world.place_zones(zones, position=None) is None
    assert world.survey(standing(robot), 1.0).link_speed == math.inf
    world.take_tracks(tracks((3.5, 0.0)))
    found = world.survey(standing(robot), 1.0)
    assert found.link_speed == 0.25
    assert found.speed_scale < 1.0
    reason = found.causes[Cause.ZONE_LIMIT]
    assert (reason.subject, reason.limit) == ("at 0.25", 0.25)
    assert "0.25 m/s" in reason.text


def test_a_motion_is_held_to_a_link_speed_along_its_path(robot: Any) -> None:
    speeds, rng = LinkSpeeds(robot.kinematics), np.random.default_rng(3)
    for _ in range(20):
        position = rng.uniform(robot.limits.lower, robot.limits.upper)
        velocity = rng.uniform(-1, 1, 43) * robot.limits.velocity
        held = speeds.held(position, velocity, 0.2)
        assert speeds.fastest(position, held)[0] <= 0.2 + 1e-4
        np.testing.assert_allclose(held, velocity * (held[0] / velocity[0]), atol=1e-12)
    slow = np.full(43, 1e-4)
    assert speeds.held(np.zeros(43), slow, 0.2) is slow
    assert speeds.held(np.zeros(43), velocity, math.inf) is velocity
    assert not speeds.held(np.zeros(43), np.full(43, math.nan), 0.2).any()


def reaching(robot: Any, amount: float, *, side: str = "right") -> np.ndarray:
    """One arm stretched forwards over the table, from 0 to 1."""
    position = np.zeros(len(robot.limits.names))
    position[robot.limits.names.index(f"{side}_shoulder_pitch_joint")] = -amount
    position[robot.limits.names.index(f"{side}_elbow_joint")] = amount
    outwards = -0.3 if side == "right" else 0.3
    position[robot.limits.names.index(f"{side}_shoulder_roll_joint")] = outwards
    return position


def test_a_link_that_goes_into_a_zone_for_links_stops_slows_or_is_limited(
    robot: Any, world: Any
) -> None:
    whole = {"polygon": TABLE, "height_min": 0.0, "height_max": 2.0, "speed_scale": 0.3}
    goal = motion(np.zeros(43), np.zeros(43), reaching(robot, 1.0))
    entering = motion(np.zeros(43), reaching(robot, 1.0), reaching(robot, 1.0))
    free = ((0.46, -0.5), (0.9, -0.5), (0.9, 0.5), (0.46, 0.5))
    for kind, cause in (
        (ZoneType.STOP, Cause.ZONE_STOP),
        (ZoneType.KEEP_OUT, Cause.ZONE_KEEP_OUT),
    ):
        placed = zone(kind, Applies.ROBOT, **{**whole, "polygon": free})
        assert world.place_zones([placed], position=np.zeros(43)) is None
        for going in (goal, entering):
            reason = world.survey(going, 1.0).causes[cause]
            assert "right" in reason.text
            assert reason.value > 0.0
        assert cause not in world.survey(standing(robot), 1.0).causes
    placed = zone(ZoneType.SLOW, Applies.ROBOT, **{**whole, "polygon": free})
    assert world.place_zones([placed], position=np.zeros(43)) is None
    assert world.survey(entering, 1.0).speed_scale == 0.3
    assert world.survey(standing(robot), 1.0).speed_scale == 1.0
    placed = zone(ZoneType.LIMIT, Applies.ROBOT, **{**whole, "polygon": free}, speed_limit=0.2)
    assert world.place_zones([placed], position=np.zeros(43)) is None
    assert world.survey(entering, 1.0).link_speed == 0.2
    assert world.survey(standing(robot), 1.0).link_speed == math.inf


def test_a_link_that_is_inside_may_leave_but_not_go_deeper_nor_into_the_next_zone(
    robot: Any, world: Any
) -> None:
    first = zone(ZoneType.STOP, Applies.ROBOT, polygon=RIGHT_AND_LEFT[0])
    assert world.place_zones([first], position=None) is None
    here, deeper, out = reaching(robot, 0.6), reaching(robot, 1.0), np.zeros(43)
    assert Cause.ZONE_STOP not in world.survey(motion(here, here, None), 1.0).causes
    assert Cause.ZONE_STOP not in world.survey(motion(here, here, out), 1.0).causes
    assert Cause.ZONE_STOP in world.survey(motion(here, here, deeper), 1.0).causes
    beside = zone(ZoneType.KEEP_OUT, name="beside", polygon=RIGHT_AND_LEFT[1])
    assert world.place_zones([first, beside], position=here) is None
    other_arm = reaching(robot, 0.6, side="left")
    found = world.survey(motion(here, here, other_arm), 1.0)
    assert set(found.causes) == {Cause.ZONE_KEEP_OUT}


def test_a_position_that_is_no_number_stops_the_robot(robot: Any, world: Any) -> None:
    keep_out = zone(ZoneType.KEEP_OUT)
    assert world.place_zones([keep_out], position=None) is None
    broken = np.full(43, math.nan)
    assert Cause.ZONE_KEEP_OUT in world.survey(motion(broken, broken, None), 1.0).causes
