"""Plans that were begun: found, listed, carried on."""

import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import PlanError
from dynamical_skills.plan import PlanStatus, SkillExecutionPlan, SkillStep, StepStatus
from dynamical_skills.plan_book import PlanBook


def plan(plan_id, status=PlanStatus.FAILED, step=StepStatus.FAILED):
    only = SkillStep(
        step_id=1, task="t", skill_ids=("nod",), weights=(1.0,), robot_id="r", status=step
    )
    return SkillExecutionPlan(
        plan_id=plan_id, task_description="t", steps=(only,), total_estimated_duration_ms=1.0,
        status=status, error_code=ErrorCode.MOTION_FAILED, error_message="why",
    )  # fmt: skip


def test_plans_are_found_and_the_one_changed_last_comes_first():
    book = PlanBook()
    for name in ("a", "b", "a"):
        book.put(plan(name))
    assert [each.plan_id for each in book.newest()] == ["a", "b"]
    assert book.newest(limit=1)[0].plan_id == "a"
    assert book.newest(status="completed") == ()
    with pytest.raises(PlanError, match="eaten"):
        book.newest(status="eaten")


def test_the_oldest_is_forgotten_and_said_to_be_unknown():
    book = PlanBook(kept=2)
    for name in "abc":
        book.put(plan(name))
    with pytest.raises(PlanError, match="'a'") as raised:
        book.get("a")
    assert raised.value.code is ErrorCode.PLAN_UNKNOWN


def test_a_plan_is_carried_on_once_at_a_time_and_not_after_its_end():
    book = PlanBook()
    book.put(plan("a"))
    again = book.carried_on("a", "second")
    assert (again.status, again.execution_id, again.error_message) == ("running", "second", "")
    with pytest.raises(PlanError, match="second"):
        book.carried_on("a", "third")
    book.put(plan("b", PlanStatus.COMPLETED, StepStatus.COMPLETED))
    with pytest.raises(PlanError, match="nothing is left") as raised:
        book.carried_on("b", "x")
    assert raised.value.code is ErrorCode.PLAN_NOT_RESUMABLE
