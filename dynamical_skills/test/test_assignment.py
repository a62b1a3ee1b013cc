"""Which robot: five strategies over a fleet whose locations change, compared with plain search."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_skills.assignment import TaskRouter
from dynamical_skills.errors import UnknownRobotError
from dynamical_skills.fleet import Fleet, RobotLocation
from dynamical_skills.plan import AssignmentStrategy

NOW = 100.0
ROBOTS = st.lists(
    st.builds(
        RobotLocation,
        robot_id=st.integers(0, 30).map(lambda number: f"thor_{number:03d}"),
        position=st.tuples(*[st.floats(-50, 50, allow_nan=False)] * 3),
        workspace_id=st.sampled_from(["", "hall", "lab"]),
        capabilities=st.frozensets(st.sampled_from(["arm", "hand", "head", "waist"])),
        load=st.integers(0, 5).map(float),
        stamp=st.sampled_from([0.0, NOW - 60.0, NOW - 1.0]),
        problem=st.sampled_from(["", "", "", "emergency stop"]),
    ),
    max_size=20,
)


def plain(robots, strategy, needed, target):
    """The same decision without arrays: ids of all robots that are equally good."""
    able = [
        robot
        for robot in robots
        if not robot.problem
        and not 0.0 < robot.stamp < NOW - 5.0
        and set(needed) <= robot.capabilities
    ]
    keys = {
        AssignmentStrategy.NEAREST: lambda robot: math.dist(robot.position, target),
        AssignmentStrategy.LEAST_BUSY: lambda robot: robot.load,
        AssignmentStrategy.CAPABILITY: lambda robot: (
            len(robot.capabilities - set(needed)),
            robot.load,
        ),
    }
    best = min((keys[strategy](robot) for robot in able), default=None)
    return [robot.robot_id for robot in able if keys[strategy](robot) == best]


@given(
    ROBOTS,
    st.sampled_from(
        [
            AssignmentStrategy.NEAREST,
            AssignmentStrategy.LEAST_BUSY,
            AssignmentStrategy.CAPABILITY,
        ]
    ),
    st.lists(st.sampled_from(["arm", "hand"]), unique=True),
)
@settings(max_examples=200, deadline=None)
def test_a_fleet_built_message_by_message_decides_as_a_plain_search_does(seen, strategy, needed):
    fleet, newest = Fleet(), {}
    for robot in seen:
        fleet.update(robot)
        newest[robot.robot_id] = robot
    target = (1.0, 2.0, 0.0)
    wanted = plain(newest.values(), strategy, needed, target)
    try:
        chosen = TaskRouter().assign_task(
            fleet,
            strategy=strategy,
            target_position=target,
            required_capabilities=needed,
            now=NOW,
        )
    except UnknownRobotError:
        assert not wanted
    else:
        distances = {r.robot_id: math.dist(r.position, target) for r in newest.values()}
        same = strategy is AssignmentStrategy.NEAREST and any(
            math.isclose(distances[chosen.robot.robot_id], distances[name]) for name in wanted
        )
        assert same or chosen.robot.robot_id == min(wanted)


@given(ROBOTS)
@settings(max_examples=50, deadline=None)
def test_rows_follow_robots_that_come_and_go(seen):
    fleet, newest = Fleet(), {}
    for number, robot in enumerate(seen):
        fleet.update(robot)
        newest[robot.robot_id] = robot
        if number % 3 == 2:
            fleet.remove(robot.robot_id)
            del newest[robot.robot_id]
    assert fleet.known() == tuple(sorted(newest))
    for row, name in enumerate(fleet.known()):
        assert fleet.get(name) == newest[name]
        assert np.allclose(fleet.position[row], newest[name].position)
        assert fleet.load[row] == newest[name].load
        assert fleet.healthy[row] == (not newest[name].problem)


def fleet_of_three():
    common = {"capabilities": frozenset({"arm"}), "stamp": NOW}
    return Fleet(
        [
            RobotLocation(robot_id="old", **{**common, "stamp": NOW - 12.0}),
            RobotLocation(robot_id="ill", problem="emergency stop pressed", **common),
            RobotLocation(robot_id="well", position=(9.0, 0.0, 0.0), **common),
        ]
    )


def test_old_and_unhealthy_robots_are_left_out_and_counted():
    chosen = TaskRouter().assign_task(
        fleet_of_three(),
        strategy=AssignmentStrategy.NEAREST,
        target_position=(0.0, 0.0, 0.0),
        now=NOW,
    )
    assert chosen.robot.robot_id == "well"
    assert "9.00 m away" in chosen.reason
    assert "1 unhealthy, 1 stale" in chosen.reason


def test_where_nobody_fits_every_robot_has_its_reason():
    with pytest.raises(UnknownRobotError) as failure:
        TaskRouter().assign_task(
            fleet_of_three(),
            strategy=AssignmentStrategy.LEAST_BUSY,
            required_capabilities=["hand"],
            now=NOW,
        )
    for words in (
        "has hand",
        "last seen 12.0 s ago",
        "emergency stop pressed",
        "well: lacks hand",
    ):
        assert words in failure.value.text


def test_a_robot_that_is_seen_again_is_chosen_again():
    fleet, router = fleet_of_three(), TaskRouter()
    fleet.update(replace(fleet.get("old"), stamp=NOW))
    fleet.update(replace(fleet.get("ill"), problem=""))
    turns = {
        router.assign_task(fleet, strategy=AssignmentStrategy.ROUND_ROBIN, now=NOW).robot.robot_id
        for _ in range(3)
    }
    assert turns == {"old", "ill", "well"}


def test_a_named_robot_is_taken_wherever_it_was_last_seen():
    chosen = TaskRouter().assign_task(
        fleet_of_three(), strategy=AssignmentStrategy.NEAREST, robot_id="old", now=NOW
    )
    assert chosen.robot.robot_id == "old"


def test_a_fleet_with_too_many_different_capabilities_says_which_one_is_too_many():
    fleet = Fleet()
    fleet.update(
        RobotLocation(robot_id="a", capabilities=frozenset(f"c{i:02d}" for i in range(63)))
    )
    with pytest.raises(ValueError, match="'b' brings capability 'wings'"):
        fleet.update(RobotLocation(robot_id="b", capabilities=frozenset({"wings"})))
