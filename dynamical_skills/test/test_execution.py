"""Carrying out plans: conditions, retries, failures, interruptions."""

import contextlib
import threading

import numpy as np
import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.execution import Execution, InterruptedExecutionError
from dynamical_skills.plan import (
    ExecutionTier,
    PlanStatus,
    SkillExecutionPlan,
    SkillStep,
    StepStatus,
)
from dynamical_skills.policies.policy import (
    Check,
    Memory,
    Observation,
    SeenObject,
    Skill,
    SkillError,
    Trajectory,
)

CUP = {"class_id": "cup"}


class Still:
    """A body in a world of its own: time passes when it moves or waits."""

    def __init__(self):
        self.time, self.waited, self.braked, self.played = 0.0, 0.0, 0, []
        self.fail_at: dict[int, SkillError] = {}

    def now(self):
        return self.time

    def observe(self, *, after=0.0):
        self.time += 0.01
        return Observation(
            time=self.time, joint_position=np.zeros(2), joint_velocity=np.zeros(2), objects=()
        )

    def play(self, trajectory, report):
        number = len(self.played)
        self.played.append(trajectory.phase)
        if number in self.fail_at:
            raise self.fail_at[number]
        report(0.5, False, 1.0)
        self.time += trajectory.duration
        report(1.0, False, 0.0)

    def brake(self):
        self.braked += 1

    def pause(self, seconds):
        self.time += seconds


def short(phase="moving", *, count=20):
    """A motion that only its length matters of."""
    return Trajectory(
        joint_names=("a",),
        period=0.02,
        position=np.zeros((count, 1)),
        velocity=np.zeros((count, 1)),
        phase=phase,
    )


class Move(Skill):
    """One motion, named after the skill."""

    def __init__(self, skill_id):
        self.id = skill_id

    def run(self, first, parameters, memory):
        seen = yield short(self.id)
        assert isinstance(seen, Observation)


class World:
    """Names of conditions that hold, or functions of the number of times they were asked."""

    def __init__(self, **rules):
        self.rules, self.asked = rules, {}

    def __call__(self, name, observation, parameters, memory):
        count = self.asked[name] = self.asked.get(name, 0) + 1
        rule = self.rules.get(name, True)
        holds = rule(count) if callable(rule) else rule
        return Check(holds, f"{name} is {holds}")


def execution(store, skill_ids, *, body=None, world=None, memory=None, skills=None, listener=None):
    steps = tuple(
        SkillStep(
            step_id=place + 1,
            task=skill_id,
            skill_ids=(skill_id,),
            weights=(1.0,),
            robot_id="r",
            location_params={"object": CUP} if skill_id != "home" else {},
            depends_on=(place,) if place else (),
            deadline_ms=20_000.0,
        )
        for place, skill_id in enumerate(skill_ids)
    )
    plan = SkillExecutionPlan(
        plan_id="p", task_description="t", steps=steps, total_estimated_duration_ms=1.0
    )
    body = body or Still()
    run = Execution(
        plan,
        skills={name: Move(name) for name in store.ids} if skills is None else skills,
        descriptors=store.get,
        check=world or World(),
        body=body,
        memory=memory or Memory(),
        listener=listener or (lambda progress: None),
    )
    return run, body


def test_steps_run_in_order_and_progress_never_falls(store):
    told = []
    run, body = execution(
        store, ["look_at", "reach", "home"], listener=lambda p: told.append((p.fraction, p.step))
    )
    assert run.run().success
    assert body.played == ["look_at", "reach", "home"]
    assert told == sorted(told)
    assert told[-1] == (1.0, 3)
    assert body.braked == 0


def test_a_precondition_that_does_not_hold_moves_nothing(store):
    run, body = execution(store, ["lift"], world=World(object_held=False))
    outcome = run.run()
    assert (outcome.code, body.played) == (ErrorCode.PRECONDITION_FAILED, [])
    assert "object_held is False" in outcome.text


def test_an_object_not_seen_has_its_own_code(store):
    run, _ = execution(store, ["reach"], world=World(object_seen=False))
    assert run.run().code == ErrorCode.OBJECT_NOT_SEEN


def test_perception_gets_a_moment_to_see_what_happened(store):
    run, _ = execution(store, ["home"], world=World(at_home=lambda count: count > 5))
    assert run.run().success


def test_success_is_not_claimed_without_the_postcondition(store):
    run, body = execution(store, ["home"], world=World(at_home=False))
    assert run.run().code == ErrorCode.POSTCONDITION_FAILED
    assert body.braked == 1


def test_a_failed_grasp_is_tried_once_more_from_looking(store):
    patience = 16  # looks within one wait for a condition
    world = World(object_in_hand=lambda count: count > patience)
    run, body = execution(store, ["look_at", "reach", "grasp", "lift"], world=world)
    outcome = run.run()
    assert outcome.success
    assert body.played == ["look_at", "reach", "grasp", "look_at", "reach", "grasp", "lift"]
    assert outcome.results["grasp_retries"] == 1
    assert "object_in_hand" in outcome.results["grasp_retry_reason"]


def test_a_grasp_that_fails_twice_fails(store):
    run, body = execution(store, ["reach", "grasp"], world=World(object_in_hand=False))
    assert run.run().code == ErrorCode.POSTCONDITION_FAILED
    assert body.played.count("grasp") == 2


def test_other_skills_are_not_tried_again(store):
    run, body = execution(store, ["home"], world=World(at_home=False))
    run.run()
    assert body.played == ["home"]


@pytest.mark.parametrize(
    "error",
    [
        InterruptedExecutionError(ErrorCode.CANCELLED, "cancelled by the caller"),
        SkillError(ErrorCode.SAFETY_STOPPED, "stopped by the safety gate"),
    ],
)
def test_an_interrupted_grasp_is_braked_and_not_tried_again(store, error):
    body = Still()
    body.fail_at[0] = error
    run, _ = execution(store, ["grasp"], body=body)
    outcome = run.run()
    assert (outcome.code, outcome.text) == (error.code, error.text)
    assert (body.played, body.braked) == (["grasp"], 1)


def test_a_skill_that_breaks_down_brakes_the_robot(store):
    class Broken(Skill):
        id = "home"

        def run(self, first, parameters, memory):
            yield short()
            raise ZeroDivisionError("no reason")

    run, body = execution(store, ["home"], skills={"home": Broken()})
    outcome = run.run()
    assert outcome.code == ErrorCode.INTERNAL
    assert "home" in outcome.text
    assert body.braked == 1


def test_a_described_skill_without_an_implementation_is_refused(store):
    run, _ = execution(store, ["home"], skills={})
    assert run.run().code == ErrorCode.SKILL_UNKNOWN


def test_a_step_that_takes_longer_than_its_deadline_ends(store):
    body = Still()
    body.pause(0.0)

    class Slow(Move):
        def run(self, first, parameters, memory):
            while True:
                yield short(count=400)

    run, _ = execution(store, ["home"], body=body, skills={"home": Slow("home")})
    outcome = run.run()
    assert outcome.code == ErrorCode.TIMEOUT
    assert "deadline is 20.0 s" in outcome.text


@pytest.fixture
def held_cup():
    return SeenObject(
        id=3,
        class_id="cup",
        color="red",
        position=np.zeros(3),
        size=np.ones(3),
        velocity=np.zeros(3),
        deviation=np.zeros(3),
        confidence=1.0,
        stamp=0.0,
    )


def test_what_is_in_the_hand_already_is_not_grasped_again(store, held_cup):
    chain = ["look_at", "reach", "grasp", "lift", "carry"]
    run, body = execution(store, chain, memory=Memory(held={"left": held_cup}))
    outcome = run.run()
    assert outcome.success
    assert body.played == ["look_at", "carry"]
    assert outcome.results["skipped"] == [2, 3, 4]


def test_what_was_lost_from_the_hand_is_grasped_again(store, held_cup):
    memory = Memory(held={"left": held_cup})
    world = World(object_in_hand=lambda count: count > 1)
    run, body = execution(store, ["reach", "grasp"], memory=memory, world=world)
    assert run.run().success
    assert body.played == ["reach", "grasp"]
    assert memory.held == {}


def test_a_hand_that_was_emptied_between_plans_is_not_taken_for_full(store, held_cup):
    memory = Memory(held={"left": held_cup})
    run, _ = execution(store, ["home"], memory=memory, world=World(object_held=False))
    assert run.run().success
    assert memory.held == {}


# --- steps side by side ---------------------------------------------------------------------------
class Busy(Still):
    """A body whose motions last until as many are under way as are expected."""

    def __init__(self, together):
        super().__init__()
        self.barrier = threading.Barrier(together, timeout=5.0)
        self.most = self.now_playing = 0
        self.lock = threading.Lock()

    def play(self, trajectory, report):
        with self.lock:
            self.now_playing += 1
            self.most = max(self.most, self.now_playing)
            self.played.append(trajectory.phase)
        report(0.5, False, 1.0)
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        with self.lock:
            self.now_playing -= 1


def step(number, skill_id, groups, *, after=(), tier=ExecutionTier.CONTROL, others=()):
    return SkillStep(
        step_id=number,
        task=skill_id,
        skill_ids=(skill_id, *others),
        weights=(1.0,) * (1 + len(others)),
        robot_id="r",
        joint_groups=groups,
        depends_on=after,
        tier=tier,
    )


def run_plan(store, steps, *, body, world=None, skills=None, hooks=None, plans=None, **fields):
    plan = SkillExecutionPlan(
        plan_id="p", task_description="t", steps=tuple(steps), total_estimated_duration_ms=1.0
    )
    run = Execution(
        plan,
        skills=skills or {name: Move(name) for name in store.ids},
        descriptors=store.get,
        check=world or World(),
        body=body,
        memory=Memory(),
        listener=lambda progress: None,
        hooks=hooks,
        on_plan=(plans if plans is not None else []).append,
        **fields,
    )
    return run, run.run()


def test_steps_with_different_joints_run_at_the_same_time(store):
    body = Busy(2)
    run, outcome = run_plan(
        store,
        [step(1, "wave", ("left_arm",)), step(2, "nod", ("waist",)), step(3, "home", (), after=(1, 2))],
        body=body,
    )  # fmt: skip
    assert outcome.success
    assert body.most == 2
    assert body.played[2] == "home"
    assert {each.status for each in run.plan.steps} == {StepStatus.COMPLETED}


def test_steps_that_want_one_joint_run_one_after_the_other(store):
    body = Busy(1)
    _, outcome = run_plan(
        store, [step(1, "wave", ("left_arm",)), step(2, "salute", ("left_arm",))], body=body
    )
    assert outcome.success
    assert (body.most, body.played) == (1, ["wave", "salute"])


def test_no_more_than_four_real_time_skills_run_but_any_number_of_planning_ones(store):
    free = ("none",)
    body = Busy(4)
    _, outcome = run_plan(store, [step(n, "nod", free) for n in range(1, 9)], body=body)
    assert outcome.success
    assert body.most == 4
    body = Busy(8)
    planning = [step(n, "nod", free, tier=ExecutionTier.PLANNING) for n in range(1, 9)]
    _, outcome = run_plan(store, planning, body=body)
    assert outcome.success
    assert body.most == 8


def test_a_step_that_fails_ends_those_beside_it_and_says_why(store):
    class Endless(Move):
        def run(self, first, parameters, memory):
            while True:
                yield short(self.id)

    class Failing(Move):
        def run(self, first, parameters, memory):
            yield short(self.id)
            raise SkillError(ErrorCode.OUT_OF_REACH, "too far")

    body = Still()
    run, outcome = run_plan(
        store,
        [step(1, "wave", ("left_arm",)), step(2, "nod", ("waist",)), step(3, "home", (), after=(2,))],
        body=body,
        skills={"wave": Endless("wave"), "nod": Failing("nod"), "home": Move("home")},
    )  # fmt: skip
    assert (outcome.code, outcome.text) == (ErrorCode.OUT_OF_REACH, "too far")
    assert [each.status for each in run.plan.steps] == ["cancelled", "failed", "pending"]
    assert "too far" in run.plan.steps[0].status_text
    assert body.braked >= 1
    assert run.plan.status is PlanStatus.FAILED


def test_a_plan_is_carried_on_from_the_first_step_that_is_not_done(store):
    body = Still()
    body.fail_at[1] = InterruptedExecutionError(ErrorCode.CANCELLED, "cancelled by the caller")
    chain = [step(1, "nod", ()), step(2, "wave", (), after=(1,)), step(3, "home", (), after=(2,))]
    run, outcome = run_plan(store, chain, body=body)
    assert outcome.code == ErrorCode.CANCELLED
    assert [each.status for each in run.plan.steps] == ["completed", "cancelled", "pending"]
    assert run.plan.status is PlanStatus.CANCELLED
    world = World(at_home=True)
    body = Still()
    again, outcome = run_plan(store, run.plan.steps, body=body, world=world)
    assert outcome.success
    assert body.played == ["wave", "home"]
    assert again.plan.status is PlanStatus.COMPLETED


def test_another_skill_that_promises_the_same_takes_the_failed_ones_place(store):
    # Both promise an open hand; the other one promises something else and is not tried.
    world = World(hand_open=lambda count: count > 16)
    body = Still()
    _, outcome = run_plan(
        store, [step(1, "release", (), others=("nod", "open_hand"))], body=body, world=world
    )
    assert outcome.success
    assert body.played == ["release", "open_hand"]
    (told,) = outcome.results["alternatives"]
    assert (told["step"], told["skill"]) == (1, "open_hand")
    assert "hand_open" in told["because"]


def test_hooks_are_called_around_each_step_and_can_end_the_plan(store):
    class Hooks:
        def __init__(self):
            self.calls = []

        def before_step(self, step, wait):
            wait(1.0)
            self.calls.append(("before", step.step_id))
            if step.step_id == 2:
                raise SkillError(ErrorCode.LEADER_LOST, "the leader is gone")

        def after_step(self, step, wait):
            self.calls.append(("after", step.step_id))

    hooks, body = Hooks(), Still()
    _, outcome = run_plan(
        store, [step(1, "nod", ()), step(2, "wave", (), after=(1,))], body=body, hooks=hooks
    )
    assert hooks.calls == [("before", 1), ("after", 1), ("before", 2)]
    assert outcome.code == ErrorCode.LEADER_LOST
    assert body.played == ["nod"]
    assert body.braked == 1


def test_a_motion_that_needs_the_joints_of_another_step_waits_for_its_end(store):
    class Reaching(Move):
        """Moves an elbow that is not its own."""

        def run(self, first, parameters, memory):
            turn = np.linspace(0.0, 0.6, 20)[:, None]
            yield Trajectory(
                joint_names=("left_elbow_joint",), period=0.02, position=turn,
                velocity=np.zeros((20, 1)), phase="nod",
            )  # fmt: skip

    body = Busy(1)
    _, outcome = run_plan(
        store,
        [step(1, "wave", ("left_arm",)), step(2, "nod", ("waist",))],
        body=body,
        skills={"wave": Move("wave"), "nod": Reaching("nod")},
    )
    assert outcome.success
    assert body.most == 1


def test_the_plans_status_is_told_at_every_change(store):
    plans = []
    run_plan(store, [step(1, "nod", ())], body=Still(), plans=plans)
    assert [(plan.status, plan.steps[0].status) for plan in plans] == [
        ("running", "pending"), ("running", "running"), ("running", "completed"),
        ("completed", "completed"),
    ]  # fmt: skip
