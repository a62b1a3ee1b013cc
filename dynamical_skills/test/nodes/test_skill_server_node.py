"""The skill server as a process; ``robot_peer.py`` plays driver, control, gate, perception."""

import json
import math

import pytest
from action_msgs.msg import GoalStatus

from dynamical_interfaces.errors import ErrorCode

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(autouse=True)
def calm_robot(peer):
    for line in ("safety normal", "control normal", "speed 3.0"):
        peer.tell(line)


def moving(message) -> bool:
    return message.safety_state != 0 and message.progress > 0.0


def test_a_wave_is_carried_out_and_told_about(client):
    invocation = client.invoke(goal="please wave", request_id="r1")
    result = invocation.ends_with(ErrorCode.NONE)
    assert result.request_id == "r1"
    assert result.robot_id == "thor_001"
    assert result.role == "independent"
    assert list(result.skill_ids_used) == ["wave"]
    assert result.safety_status == "OK"
    assert result.actions
    assert len(result.actions[0].joint_positions) == 43
    assert all(math.isfinite(value) for value in result.actions[0].joint_positions)
    with_actions = [message for message in invocation.feedback if message.actions]
    assert len(with_actions) == 1
    fractions = [message.progress for message in invocation.feedback]
    assert fractions == sorted(fractions)
    assert {message.step_count for message in invocation.feedback} >= {1}


def test_a_cancelled_goal_brakes_and_says_so(client, peer):
    invocation = client.invoke(goal="wave")
    invocation.wait_until(lambda message: message.actions)
    invocation.cancel()
    peer.wait_for("aborted")
    result, status = invocation.result()
    assert result.error_code == ErrorCode.CANCELLED
    assert status == GoalStatus.STATUS_CANCELED


def test_requests_wait_for_their_turn_and_the_queue_has_an_end(client, peer):
    first = client.invoke(goal="wave")
    first.wait_until(lambda message: message.actions)
    waiting = [client.invoke(goal="go home"), client.invoke(goal="go home")]
    waiting[0].wait_until(lambda message: message.phase == "queued")
    client.invoke(goal="go home").ends_with(ErrorCode.QUEUE_FULL)
    waiting[1].cancel()
    waiting[1].ends_with(ErrorCode.CANCELLED)
    first.cancel()
    first.ends_with(ErrorCode.CANCELLED)
    waiting[0].ends_with(ErrorCode.NONE)


def test_a_preempting_goal_takes_over(client):
    first = client.invoke(goal="wave")
    first.wait_until(lambda message: message.actions)
    second = client.invoke(goal="go home", parameters=json.dumps({"preempt": True}))
    first.ends_with(ErrorCode.PREEMPTED)
    second.ends_with(ErrorCode.NONE)


def test_a_goal_that_takes_too_long_is_ended(client, peer):
    peer.tell("speed 0.05")
    result = client.invoke(goal="wave", timeout=1.5).ends_with(ErrorCode.TIMEOUT)
    assert "1.5 s" in result.error


def test_a_protective_stop_is_waited_out(client, peer):
    invocation = client.invoke(goal="go home")
    invocation.result()
    invocation = client.invoke(goal="wave")
    invocation.wait_until(lambda message: message.actions)
    peer.tell("safety protective")
    invocation.wait_until(lambda message: message.phase == "waiting")
    peer.tell("safety normal")
    invocation.ends_with(ErrorCode.NONE)


def test_an_emergency_stop_ends_the_execution_with_the_gates_reason(client, peer):
    invocation = client.invoke(goal="wave")
    invocation.wait_until(lambda message: message.actions)
    peer.tell("safety emergency")
    result = invocation.ends_with(ErrorCode.SAFETY_STOPPED)
    assert "told to be in emergency" in result.error
    assert "told to be in emergency" in result.safety_status


def test_a_silent_control_ends_the_execution(client, peer):
    invocation = client.invoke(goal="wave")
    invocation.wait_until(lambda message: message.actions)
    peer.tell("control silent")
    result = invocation.ends_with(ErrorCode.MOTION_FAILED)
    assert "control has been silent" in result.error


def test_a_thing_that_is_not_there_is_named(client):
    result = client.invoke(goal="pick up the blue cube").ends_with(ErrorCode.OBJECT_NOT_SEEN)
    assert "cube" in result.error


def test_skills_given_by_id_run_in_order(client):
    result = client.invoke(skill_ids=["home", "home"], mode="sequential").ends_with(ErrorCode.NONE)
    assert list(result.skill_ids_used) == ["home"]


@pytest.mark.parametrize(
    ("fields", "code", "word"),
    [
        ({"goal": "wave", "robot_id": "thor_999"}, ErrorCode.ROBOT_UNKNOWN, "thor_999"),
        ({"goal": ""}, ErrorCode.GOAL_EMPTY, "empty"),
        ({"goal": "wave " * 1000}, ErrorCode.GOAL_TOO_LONG, "5000"),
        ({"goal": "w" * 1_000_000}, ErrorCode.GOAL_TOO_LONG, "1000000"),
        ({"skill_ids": ["fly"]}, ErrorCode.SKILL_UNKNOWN, "fly"),
        ({"goal": "book a flight to Paris"}, ErrorCode.NO_SKILL_FITS, "nearest"),
        ({"goal": "don't move"}, ErrorCode.NOT_UNDERSTOOD, "not to do"),
        ({"goal": "wave", "role": "king"}, ErrorCode.ROLE_UNSUPPORTED, "king"),
        ({"goal": "wave", "role": "follower"}, ErrorCode.COORDINATION_INVALID, "coordination_id"),
        ({"goal": "wave", "role": "assistant"}, ErrorCode.COORDINATION_INVALID, "assistant"),
        ({"goal": "wave", "mode": "shaken"}, ErrorCode.MODE_UNSUPPORTED, "blended"),
        ({"goal": "wave", "mode": "blended"}, ErrorCode.PARAMETER_INVALID, "skill_ids"),
        ({"plan_id": "none such"}, ErrorCode.PLAN_UNKNOWN, "none such"),
        ({"plan_id": "p", "goal": "wave"}, ErrorCode.PARAMETER_INVALID, "plan_id"),
        ({"goal": "wave", "parameters": "[1]"}, ErrorCode.PARAMETER_INVALID, "object"),
        ({"goal": "wave", "timeout": -1.0}, ErrorCode.PARAMETER_INVALID, "timeout"),
        ({"goal": "wave", "ee_position": [1.0]}, ErrorCode.PARAMETER_INVALID, "ee_position"),
        (
            {"skill_ids": ["wave"], "parameters": '{"side": "up"}'},
            ErrorCode.PARAMETER_INVALID,
            "side",
        ),
    ],
)
def test_a_bad_goal_gets_code_and_sentence(client, fields, code, word):
    assert word in client.invoke(**fields).ends_with(code).error
