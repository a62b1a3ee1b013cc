"""One execution of the skill server: plan, carry out, and tell the caller how it goes."""

import json
import math
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from dynamical_interfaces.action import InvokeSkill
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import SkillStatus
from dynamical_interfaces.srv import Orchestrate
from dynamical_skills.body import Interruption, JointReading, RobotBody, distance_to_goal
from dynamical_skills.conversions import action_to_msg, plan_from_msg, request_to_msg, time_to_msg
from dynamical_skills.coordination import check_supported
from dynamical_skills.errors import SkillsError
from dynamical_skills.execution import Execution, Outcome, Progress
from dynamical_skills.goal import Goal
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.nodes.robot_links import RobotLinks
from dynamical_skills.nodes.team_link import TeamLink
from dynamical_skills.plan import SkillExecutionPlan
from dynamical_skills.plan_book import PlanBook
from dynamical_skills.policies.policy import Memory, Skill, SkillError, Trajectory
from dynamical_skills.robot_state import SafetyState
from dynamical_skills.step_execution import CheckCondition
from dynamical_skills.streaming import HORIZON, STRIDE
from dynamical_skills.teamwork.participation import Participation
from dynamical_skills.teamwork.roles import CONDUCT
from dynamical_skills.teamwork.watching import watch

_FEEDBACK_PERIOD = 0.1
_STATUS_PERIOD = 0.2
_PLANNING_LIMIT = 5.0
_STATUS_OF_CODE = {
    ErrorCode.NONE: "completed",
    ErrorCode.TIMEOUT: "timeout",
    ErrorCode.CANCELLED: "cancelled",
    ErrorCode.PREEMPTED: "cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """What every execution of this robot shares.

    Attributes:
        links: Streams.
        skills: Executable skills by id.
        descriptors: Looks a descriptor up.
        check: Evaluates a condition.
        memory: What the robot remembers between executions.
        hand_position: Joints and side to the position of that hand [m].
        trajectory_ids: Gives a larger number at each call.
        planner: Client of the service ``orchestrate``.
        status: Writer of ``skill_status``.
        now: ROS time [s].
        queued: Number of executions that wait.
        plans: What was begun, and how far it is.
        planning: Given a step's number, its turn to plan with the robot's kinematics.
        clear: Whether a trajectory of several motions together, from these joints, touches nothing.
        teams: Parts of this robot in tasks of several robots. What it makes for a goal is called
            around each step of the plan (``execution.StepHooks``).
    """

    links: RobotLinks
    skills: Mapping[str, Skill]
    descriptors: Callable[[str], SkillDescriptor]
    check: CheckCondition
    memory: Memory
    hand_position: Callable[[Any, str], Any]
    trajectory_ids: Callable[[], int]
    planner: Any
    status: Any
    now: Callable[[], float]
    queued: Callable[[], int]
    plans: PlanBook
    planning: Callable[[int], AbstractContextManager[None]]
    clear: Callable[[Any, Trajectory], bool]
    teams: TeamLink


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One goal from acceptance to result.

    Attributes:
        handle: rclpy's goal handle.
        goal: What was asked for, or ``None`` if it was refused at once.
        robot: Shared by all sessions.
        execution_id: Unique.
        interruption: Ends it.
        refusal: Why it is not carried out, or ``None``.
    """

    handle: Any
    goal: Goal | None
    robot: Robot
    execution_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    interruption: Interruption = field(default_factory=Interruption)
    refusal: tuple[int, str] | None = None
    _progress: Progress = field(default_factory=lambda: Progress(phase="queued"))
    _asked: Any = None
    _plan: SkillExecutionPlan | None = None
    _body: RobotBody | None = None
    _actions: list[Any] = field(default_factory=list)
    _actions_told: bool = False
    _told_feedback: float = 0.0
    _told_status: float = 0.0
    _told_key: tuple[Any, ...] = ()

    @property
    def plan_id(self) -> str:
        """The plan it carries out, ``""`` while there is none."""
        return self._plan.plan_id if self._plan else ""

    def ask_for_plan(self) -> None:
        """Send the question for a plan; while it is on its way the goal gets its thread."""
        assert self.goal is not None
        if self.goal.plan_id or not CONDUCT[self.goal.role].moves:
            return
        request = request_to_msg(self.goal, Orchestrate.Request())
        self._asked = self.robot.planner.call_async(request)

    def run(self) -> Outcome:
        """Plan and carry out; blocks until it is over."""
        if self.refusal is not None or self.goal is None:
            code, text = self.refusal or (int(ErrorCode.INTERNAL), "no goal")
            return Outcome(code=code, text=text)
        self._progress.phase = "planning"
        self.tell()
        try:
            if not CONDUCT[self.goal.role].moves:
                return self._watch(self.goal)
            plans, known = self.robot.plans, self.goal.plan_id
            plan = plans.get(known) if known else self._planned(self.goal)
            self._check_roles(self.goal, plan)
            self._plan = plans.carried_on(known, self.execution_id) if known else plan
            return self._carry_out(self.goal, self._plan)
        except (SkillError, SkillsError) as error:
            return Outcome(code=error.code, text=error.text)

    def _planned(self, goal: Goal) -> SkillExecutionPlan:
        client = self.robot.planner
        if self._asked is None:
            if not client.service_is_ready() and not client.wait_for_service(_PLANNING_LIMIT):
                raise SkillError(
                    ErrorCode.PLANNING_FAILED, "the service 'orchestrate' is not there"
                )
            self.ask_for_plan()
        done, future = threading.Event(), self._asked
        future.add_done_callback(lambda _: done.set())
        until = self.robot.now() + _PLANNING_LIMIT
        while not done.wait(0.05):
            self.interruption.wait(0.0)
            if self.robot.now() > until:
                client.remove_pending_request(future)
                raise SkillError(
                    ErrorCode.PLANNING_FAILED,
                    f"the skill router did not answer within {_PLANNING_LIMIT:g} s",
                )
        answer = future.result()
        if not answer.success:
            raise SkillError(answer.error_code, answer.error_msg)
        return replace(plan_from_msg(answer.plan), execution_id=self.execution_id)

    def _check_roles(self, goal: Goal, plan: SkillExecutionPlan) -> None:
        for step in plan.steps:
            for skill_id in step.skill_ids if step.blended else step.skill_ids[:1]:
                descriptor = self.robot.descriptors(skill_id)
                check_supported(descriptor.id, descriptor.coordination, goal.role)

    def _take_body(self, goal: Goal) -> RobotBody:
        now = self.robot.now
        self.robot.links.execution_id = self.execution_id
        body = self._body = RobotBody(
            self.robot.links,
            clock=now,
            interruption=self.interruption,
            trajectory_ids=self.robot.trajectory_ids,
            deadline=now() + goal.timeout,
            timeout=goal.timeout,
            on_passed=self._on_passed,
            clear=self.robot.clear,
        )
        body.look()
        return body

    def _join(self, goal: Goal, body: RobotBody, skill_ids: Sequence[str]) -> Participation | None:
        """Take part in the task of several robots, if the goal belongs to one."""
        return self.robot.teams.join(
            goal,
            [self.robot.descriptors(skill_id).coordination for skill_id in skill_ids],
            steps=len(skill_ids),
            execution_id=self.execution_id,
            interruption=self.interruption,
            measured=lambda: body.measured,
            report=self._on_waiting,
        )

    def _on_waiting(self, phase: str) -> None:
        """The robot waits for others of its task."""
        self._progress.phase = phase
        self.tell()

    def _left(self, outcome: Outcome) -> Outcome:
        self.robot.teams.leave(self.execution_id, int(outcome.code), outcome.text)
        return outcome

    def _watch(self, goal: Goal) -> Outcome:
        """The part of an observer: no plan, no motion."""
        body = self._take_body(goal)
        part = self._join(goal, body, ())
        assert part is not None
        self._progress.phase = "observing"

        def report(skill_id: str, progress: float) -> None:
            self._progress.skill_id, self._progress.fraction = skill_id, progress
            self.tell()

        try:
            seen = watch(part, body.observe, body.pause, report)
        except (SkillError, SkillsError) as error:
            return self._left(Outcome(code=error.code, text=error.text))
        return self._left(Outcome(results=seen))

    def _carry_out(self, goal: Goal, plan: SkillExecutionPlan) -> Outcome:
        body = self._take_body(goal)
        part = self._join(goal, body, [step.skill_ids[0] for step in plan.steps])
        outcome = Execution(
            plan,
            skills=self.robot.skills,
            descriptors=self.robot.descriptors,
            check=self.robot.check,
            body=body,
            memory=self.robot.memory,
            listener=self._on_progress,
            hooks=part,
            on_plan=self._on_plan,
            planning=self.robot.planning,
        ).run()
        return self._left(outcome)

    def _on_plan(self, plan: SkillExecutionPlan) -> None:
        self._plan = plan
        self.robot.plans.put(plan)

    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress
        self.robot.links.skill_id = progress.skill_id
        self.tell()

    def _on_passed(self, trajectory: Trajectory, measured: JointReading) -> None:
        """The first actions that the gate has let through: the motion's first half second."""
        index = {name: place for place, name in enumerate(measured.names)}
        columns = [index[name] for name in trajectory.joint_names]
        stride = max(1, round(STRIDE / trajectory.period))
        rows = range(0, min(len(trajectory.position), round(HORIZON / trajectory.period)), stride)
        for row in rows:
            positions = measured.position.copy()
            positions[columns] = trajectory.position[row]
            gripper = trajectory.gripper[row] if row < len(trajectory.gripper) else 0.0
            self._actions.append(action_to_msg(self._progress.skill_id, positions, gripper))

    # --- telling ------------------------------------------------------------------------------
    def tell(self, outcome: Outcome | None = None) -> None:
        """Publish feedback at about 10 Hz and status at 5 Hz, both at once on a change."""
        now, seen = self.robot.now(), self._progress
        key = (seen.phase, seen.step, seen.step_count, outcome is not None)
        changed, self._told_key = key != self._told_key, key
        fresh_actions = bool(self._actions) and not self._actions_told
        if changed or fresh_actions or now - self._told_feedback >= _FEEDBACK_PERIOD:
            self._told_feedback = now
            self._feedback(with_actions=fresh_actions)
        if changed or now - self._told_status >= _STATUS_PERIOD:
            self._told_status = now
            self._status(outcome, now)

    def _distance(self) -> float:
        trajectory = self._progress.trajectory
        if self._body is None or trajectory is None or not trajectory.hand:
            return math.nan
        joints = self._body.measured
        if joints is None:
            return math.nan
        return distance_to_goal(
            trajectory, self.robot.hand_position(joints.position, trajectory.hand)
        )

    def _feedback(self, *, with_actions: bool) -> None:
        message, seen = InvokeSkill.Feedback(), self._progress
        message.execution_id = self.execution_id
        message.plan_id = self.plan_id
        message.phase = seen.phase
        message.skill_id = seen.skill_id
        message.step = seen.step
        message.step_count = seen.step_count
        message.progress = float(seen.fraction)
        message.distance_to_goal = self._distance()
        if self._body is not None and self._body.safety is not None:
            message.safety_state = int(self._body.safety.state)
            message.speed_scale = float(self._body.safety.speed_scale)
        message.skill_ids_used, message.blend_weights = self._used()
        if with_actions:
            message.actions = self._actions
            self._actions_told = True
        self.handle.publish_feedback(message)

    def _status(self, outcome: Outcome | None, now: float) -> None:
        message, seen = SkillStatus(), self._progress
        message.header.stamp = time_to_msg(now)
        message.execution_id = self.execution_id
        message.distance_to_goal = self._distance()
        message.robot_id = self.handle.request.robot_id[:200]
        message.goal = self.goal.words if self.goal else ""
        message.request_id = self.goal.request_id if self.goal else ""
        message.phase, message.skill_id = seen.phase, seen.skill_id
        message.step, message.step_count = seen.step, seen.step_count
        message.progress = float(seen.fraction)
        message.queued = self.robot.queued()
        message.status = "pending" if seen.phase == "queued" else "running"
        if outcome is not None:
            message.status = _STATUS_OF_CODE.get(ErrorCode(outcome.code), "failed")
            message.error_code, message.error_msg = int(outcome.code), outcome.text
        self.robot.status.publish(message)

    def _used(self) -> tuple[list[str], list[float]]:
        """Distinct skills of the plan in order, with their weights."""
        used: dict[str, float] = {}
        for step in self._plan.steps if self._plan else ():
            count = len(step.skill_ids) if step.blended else 1
            for skill_id, weight in zip(step.skill_ids[:count], step.weights, strict=False):
                used.setdefault(skill_id, weight)
        return list(used), list(used.values())

    def result(self, outcome: Outcome, *, total: float) -> Any:
        """The action's result, after telling the end; ``total`` is the time it took [s]."""
        self._progress.phase, self._progress.trajectory = "done", None
        if outcome.success:
            self._progress.fraction = 1.0
        self.tell(outcome)
        request = self.handle.request
        message = InvokeSkill.Result()
        message.success = outcome.success
        message.execution_id = self.execution_id
        message.plan_id = self.plan_id
        for name in ("request_id", "robot_id", "role", "coordination_id"):
            setattr(message, name, getattr(request, name)[:200])
        message.role = self.goal.role if self.goal else message.role
        message.goal = self.goal.words if self.goal else ""
        message.actions = self._actions
        message.skill_ids_used, message.blend_weights = self._used()
        safety = self._body.safety if self._body else None
        calm = safety is None or safety.state in (SafetyState.NORMAL, SafetyState.REDUCED)
        message.safety_status = "OK" if calm or safety is None else safety.text
        message.total_time_ms = total * 1000.0
        message.result_data = json.dumps(outcome.results, default=_plain)
        message.error_code, message.error = int(outcome.code), outcome.text
        return message


def _plain(value: Any) -> Any:
    """NumPy values and the like for JSON."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
