"""Two skill servers, each with a robot of its own, in one task: roles over real DDS."""

import json
from types import SimpleNamespace

import pytest

from dynamical_interfaces.errors import ErrorCode

FIRST, SECOND = "thor_001", "thor_002"


@pytest.fixture(scope="module")
def team(start_robot, client_of):
    """Both robots with a client for each: ``team.first.invoke(...)``, ``team.first.peer``."""
    robots = [start_robot(name) for name in (FIRST, SECOND)]
    for robot in robots:
        robot.client = client_of(robot.robot_id)
    return SimpleNamespace(first=robots[0], second=robots[1])


@pytest.fixture(autouse=True)
def calm_robots(team):
    for robot in (team.first, team.second):
        robot.peer.tell("safety normal")
        robot.peer.tell("speed 3.0")


def invoke(robot, role, task, *skill_ids, timeout=60.0, **parameters):
    return robot.client.invoke(
        robot_id=robot.robot_id,
        role=role,
        coordination_id=task,
        skill_ids=list(skill_ids),
        mode="sequential" if skill_ids else "autonomous",
        goal="" if skill_ids else "watch",
        parameters=json.dumps(parameters),
        timeout=timeout,
    )


def moved(invocation):
    return any(message.actions for message in invocation.feedback)


def test_a_follower_waits_for_its_leader_and_both_finish(team):
    follower = invoke(team.second, "follower", "t1", "wave", "home")
    follower.wait_until(lambda message: message.phase == "gathering")
    assert not moved(follower)
    leader = invoke(team.first, "leader", "t1", "wave", "home")
    leader.ends_with(ErrorCode.NONE)
    follower.ends_with(ErrorCode.NONE)
    assert moved(follower)


def test_alone_in_a_task_is_refused_with_the_names_of_those_present(team):
    invocation = invoke(team.first, "leader", "t2", "wave", min_robots=3, gather_within=1.5)
    second = invoke(team.second, "follower", "t2", "wave", gather_within=20.0)
    result = invocation.ends_with(ErrorCode.PARTNERS_MISSING)
    assert "needs 3 robots" in result.error
    assert "thor_001 (leader)" in result.error
    assert "thor_002 (follower)" in result.error
    assert not moved(invocation)
    second.cancel()
    second.ends_with(ErrorCode.CANCELLED)


def test_a_second_leader_is_refused(team):
    leader = invoke(team.first, "leader", "t3", "wave", "wave", min_robots=1)
    leader.wait_until(lambda message: message.actions)
    result = invoke(team.second, "leader", "t3", "wave", min_robots=1).ends_with(
        ErrorCode.COORDINATION_INVALID
    )
    assert "'thor_001' leads" in result.error
    leader.ends_with(ErrorCode.NONE)


def test_a_cancelled_leader_ends_the_follower_which_brakes_and_holds(team):
    team.second.peer.tell("speed 0.3")
    follower = invoke(team.second, "follower", "t4", "wave")
    leader = invoke(team.first, "leader", "t4", "wave", "wave")
    follower.wait_until(lambda message: message.actions)
    leader.cancel()
    result = follower.ends_with(ErrorCode.CANCELLED)
    assert "leader 'thor_001' was cancelled" in result.error
    team.second.peer.wait_for("aborted")


def test_an_assistant_moves_when_the_leader_asks_and_an_observer_never(team):
    assistant = invoke(team.second, "assistant", "t5", "stand_still")
    assistant.wait_until(lambda message: message.phase == "gathering")
    assert not moved(assistant)
    leader = invoke(team.first, "leader", "t5", "wave", ask=["stand_still"])
    assistant.ends_with(ErrorCode.NONE)
    leader.ends_with(ErrorCode.NONE)


def test_an_observer_moves_nothing_and_tells_what_it_saw_of_the_task(team):
    observer = invoke(team.second, "observer", "t6")
    leader = invoke(team.first, "leader", "t6", "wave", "home")
    leader.ends_with(ErrorCode.NONE)
    result = observer.ends_with(ErrorCode.NONE)
    seen = json.loads(result.result_data)
    assert seen["leader"] == FIRST
    assert seen["leader_skills"] == ["wave", "home"]
    assert {thing["class_id"] for thing in seen["observed"]} == {"cup", "shelf"}
    assert not any(thing["moved"] for thing in seen["observed"])
    assert not moved(observer)
    assert not result.actions


def test_a_mirroring_follower_ends_up_where_the_leader_is(team):
    follower = invoke(team.second, "follower", "t7", "mirror", space="joints")
    leader = invoke(team.first, "leader", "t7", "raise_hand", "stand_still", min_robots=2)
    leader.ends_with(ErrorCode.NONE)
    result = follower.ends_with(ErrorCode.NONE)
    assert json.loads(result.result_data)["mirrored_motions"] >= 1
    assert moved(follower)


def test_the_death_of_the_leader_is_noticed_and_the_follower_holds(team, start_robot):
    """Last: it takes the leader's server down."""
    team.second.peer.tell("speed 0.1")
    follower = invoke(team.second, "follower", "t8", "wave")
    invoke(team.first, "leader", "t8", "wave", "wave")
    follower.wait_until(lambda message: message.actions)
    team.first.server.kill()
    result = follower.ends_with(ErrorCode.LEADER_LOST)
    assert "leader 'thor_001' has been silent" in result.error
    team.second.peer.wait_for("aborted")
