"""Plans over DDS: steps side by side, inspected, cancelled and carried on."""

import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.srv import CancelPlan, GetPlan, ListPlans

pytestmark = pytest.mark.usefixtures("server")

BOTH = "wave with your left hand while raising your right hand"


@pytest.fixture(autouse=True)
def calm_robot(peer):
    for line in ("safety normal", "control normal", "speed 3.0"):
        peer.tell(line)


def plan_of(client, plan_id):
    answer = client.call(GetPlan, "get_plan", plan_id=plan_id)
    assert answer.success, answer.error_msg
    return answer.plan


def test_two_arms_move_at_the_same_time_in_one_stream(client, peer):
    invocation = client.invoke(goal=BOTH)
    planned = invocation.wait_until(lambda message: message.plan_id)
    invocation.wait_until(lambda message: message.actions)
    plan = plan_of(client, planned.plan_id)
    assert plan.status == "running"
    assert [step.status for step in plan.steps] == ["running", "running"]
    assert [list(step.depends_on) for step in plan.steps] == [[], []]
    assert [list(step.joint_groups) for step in plan.steps] == [["left_arm"], ["right_arm"]]
    peer.wait_for("joints left_elbow_joint right_elbow_joint")
    result = invocation.ends_with(ErrorCode.NONE)
    assert sorted(result.skill_ids_used) == ["raise_hand", "wave"]
    assert result.plan_id == planned.plan_id
    plan = plan_of(client, result.plan_id)
    assert plan.status == "completed"
    assert {step.status for step in plan.steps} == {"completed"}


def test_skills_given_in_mode_blended_run_together(client):
    result = client.invoke(
        skill_ids=["look_at", "nod"], goal="the red cup", mode="blended"
    ).ends_with(ErrorCode.NONE)
    plan = plan_of(client, result.plan_id)
    assert [list(step.skill_ids) for step in plan.steps] == [["look_at", "nod"]]
    assert plan.steps[0].blended
    assert list(result.blend_weights) == [0.5, 0.5]


def test_a_cancelled_plan_is_carried_on_from_the_step_it_was_in(client, peer):
    peer.tell("speed 0.5")
    invocation = client.invoke(goal="nod, then wave, then go home")
    invocation.wait_until(lambda message: message.step == 2 and message.skill_id == "wave")
    plan_id = invocation.feedback[-1].plan_id
    assert client.call(CancelPlan, "cancel_plan", plan_id=plan_id).success
    assert invocation.ends_with(ErrorCode.CANCELLED).plan_id == plan_id
    plan = plan_of(client, plan_id)
    assert [step.status for step in plan.steps] == ["completed", "cancelled", "pending"]
    assert (plan.status, plan.error_code) == ("cancelled", ErrorCode.CANCELLED)
    answer = client.call(CancelPlan, "cancel_plan", plan_id=plan_id)
    assert not answer.success
    assert "does not run" in answer.error_msg

    peer.tell("speed 3.0")
    again = client.invoke(plan_id=plan_id)
    result = again.ends_with(ErrorCode.NONE)
    assert result.plan_id == plan_id
    assert {message.skill_id for message in again.feedback} - {""} == {"wave", "home"}
    assert plan_of(client, plan_id).execution_id == result.execution_id
    refused = client.invoke(plan_id=plan_id).ends_with(ErrorCode.PLAN_NOT_RESUMABLE)
    assert "completed" in refused.error


def test_plans_are_listed_newest_first_and_by_status(client):
    first = client.invoke(goal="nod").ends_with(ErrorCode.NONE)
    second = client.invoke(goal="pick up the blue cube").ends_with(ErrorCode.OBJECT_NOT_SEEN)
    plans = client.call(ListPlans, "list_plans").plans
    assert [plan.plan_id for plan in plans][:2] == [second.plan_id, first.plan_id]
    failed = client.call(ListPlans, "list_plans", status="failed", limit=1).plans
    assert [plan.plan_id for plan in failed] == [second.plan_id]
    assert failed[0].steps[0].status == "failed"
    assert "cube" in failed[0].steps[0].status_text
    answer = client.call(ListPlans, "list_plans", status="eaten")
    assert not answer.success
    assert "eaten" in answer.error_msg
    answer = client.call(GetPlan, "get_plan", plan_id="nobody")
    assert ErrorCode(answer.error_code) is ErrorCode.PLAN_UNKNOWN
