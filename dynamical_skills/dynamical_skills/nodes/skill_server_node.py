"""Node ``skill_server``: the action ``invoke_skill``; one robot, one motion at a time."""

import itertools
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.action import CancelResponse, GoalResponse

from dynamical_interfaces import graph
from dynamical_interfaces.action import InvokeSkill
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.parameters import param
from dynamical_interfaces.runtime.node import FatalError, GraphNode, run
from dynamical_skills.conditions import check
from dynamical_skills.conversions import goal_from_msg, plan_to_msg
from dynamical_skills.errors import PlanError, SkillsError
from dynamical_skills.execution import Outcome
from dynamical_skills.library.store import SkillStore
from dynamical_skills.motion.forward import HandPositions
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.planner import Planner
from dynamical_skills.motion.turns import PlanningTurns
from dynamical_skills.nodes.answering import answering
from dynamical_skills.nodes.robot_links import RobotLinks
from dynamical_skills.nodes.session import Robot, Session
from dynamical_skills.nodes.team_link import TeamLink
from dynamical_skills.plan_book import PlanBook
from dynamical_skills.policies.policy import Memory, Trajectory
from dynamical_skills.policies.primitives.registry import make_skills
from dynamical_skills.queueing import ExecutionQueue

_SHUTDOWN_LIMIT = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillServerParameters:
    """Parameters of the node."""

    robot_id: str = param("thor_001", "Robot this server moves")
    robot_mjcf: str = param("", "Kinematic model of the robot (MJCF file)")
    queue_capacity: int = param(
        8, "Executions that may wait behind the running one", low=0, high=100
    )


class SkillServerNode(GraphNode[SkillServerParameters]):
    """Takes goals, runs one at a time, lets others wait or refuses them."""

    def __init__(self) -> None:
        super().__init__(graph.SKILL_SERVER, SkillServerParameters)
        self._ids = itertools.count(time.time_ns())
        self._lock = threading.Lock()
        self._sessions: dict[bytes, Session] = {}

    def configure(self) -> None:
        """Build the kinematics and the skills, open the streams, offer the action."""
        own = self.parameters
        if not own.robot_mjcf or not Path(own.robot_mjcf).is_file():
            raise FatalError(f"parameter robot_mjcf is {own.robot_mjcf!r}: there is no such file")
        kinematics = Kinematics(own.robot_mjcf)
        self._queue: ExecutionQueue[Session] = ExecutionQueue(own.queue_capacity)
        turns, planner = PlanningTurns(kinematics), Planner(kinematics)
        memory, hands = Memory(), HandPositions(kinematics)

        def clear(joints: Any, motion: Trajectory) -> bool:
            with turns.taken("several motions together"):
                return planner.is_clear(joints, motion)

        self._robot = Robot(
            links=RobotLinks(self, kinematics.joint_names),
            skills=make_skills(kinematics),
            descriptors=SkillStore().get,
            check=lambda name, seen, parameters, memory: check(
                name, kinematics, seen, parameters, memory
            ),
            memory=memory,
            hand_position=hands.of,
            # They grow over restarts: control never takes a new motion for an old one.
            trajectory_ids=self._ids.__next__,
            planner=self.client("orchestrate"),
            status=self.writer("skill_status"),
            now=self.now,
            queued=lambda: len(self._queue.waiting),
            plans=PlanBook(),
            planning=turns.taken,
            clear=clear,
            teams=TeamLink(self, own.robot_id, memory=memory, hands=hands),
        )
        for name, answer in (
            ("get_plan", self._on_get_plan),
            ("list_plans", self._on_list_plans),
            ("cancel_plan", self._on_cancel_plan),
        ):
            self.server(name, answering(answer))
        self.action_server(
            "invoke_skill",
            execute=self._execute,
            goal=lambda _: GoalResponse.ACCEPT,
            cancel=self._cancel,
            handle_accepted=self._accepted,
        )
        self.diagnose("skills", "ok", f"{len(self._robot.skills)} executable skills")

    def cleanup(self) -> None:
        """End what is running and what waits."""
        if not hasattr(self, "_queue"):
            return
        for session in self._queue.close():
            session.refusal = (int(ErrorCode.CANCELLED), "the skill server is shutting down")
        running = self._queue.running
        if running is not None:
            running.interruption.set(ErrorCode.CANCELLED, "the skill server is shutting down")
            end, still = time.monotonic() + _SHUTDOWN_LIMIT, threading.Event()
            while self._queue.running is running and time.monotonic() < end:
                still.wait(0.02)

    # --- goals --------------------------------------------------------------------------------
    def _accepted(self, handle: Any) -> None:
        """Every goal is accepted, so that a caller always gets code and sentence of a refusal."""
        session = Session(handle=handle, goal=None, robot=self._robot)
        with self._lock:
            self._sessions[bytes(handle.goal_id.uuid)] = session
        try:
            session.goal = goal_from_msg(handle.request, own_robot=self.parameters.robot_id)
        except SkillsError as error:
            session.refusal = (int(error.code), error.text)
            handle.execute()
            return
        admission = self._queue.admit(session, preempt=session.goal.preempt)
        if admission.refused:
            capacity = self.parameters.queue_capacity
            session.refusal = (
                int(ErrorCode.QUEUE_FULL),
                f"the robot is busy and {capacity} executions wait already; try again later",
            )
        if admission.start or admission.refused:
            if admission.start and self._robot.planner.service_is_ready():
                session.ask_for_plan()
            handle.execute()
            return
        session.tell()
        if admission.preempted is not None:
            admission.preempted.interruption.set(
                ErrorCode.PREEMPTED, f"pre-empted by the goal {session.goal.words[:80]!r}"
            )

    def _cancel(self, handle: Any) -> CancelResponse:
        with self._lock:
            session = self._sessions.get(bytes(handle.goal_id.uuid))
        if session is None:
            return CancelResponse.REJECT
        if self._queue.withdraw(session):
            session.refusal = (int(ErrorCode.CANCELLED), "cancelled while it was waiting")
            handle.execute()
        else:
            session.interruption.set(ErrorCode.CANCELLED, "cancelled by the caller")
        return CancelResponse.ACCEPT

    # --- plans --------------------------------------------------------------------------------
    def _on_get_plan(self, request: Any, response: Any) -> None:
        response.plan = plan_to_msg(self._robot.plans.get(request.plan_id))

    def _on_list_plans(self, request: Any, response: Any) -> None:
        found = self._robot.plans.newest(status=request.status, limit=request.limit)
        response.plans = [plan_to_msg(plan) for plan in found]

    def _on_cancel_plan(self, request: Any, response: Any) -> None:
        del response
        plan = self._robot.plans.get(request.plan_id)
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            if session.plan_id == plan.plan_id:
                session.interruption.set(ErrorCode.CANCELLED, "cancelled by its plan_id")
                return
        raise PlanError(
            ErrorCode.PARAMETER_INVALID, f"plan {plan.plan_id!r} does not run: it is {plan.status}"
        )

    def _execute(self, handle: Any) -> Any:
        key = bytes(handle.goal_id.uuid)
        with self._lock:
            session = self._sessions[key]
        begin = self.now()
        try:
            outcome = session.run()
        except Exception as error:  # noqa: BLE001 - the caller must get an answer, the next goal its turn
            self.get_logger().error(f"execution {session.execution_id} failed: {error!r}")
            outcome = Outcome(code=ErrorCode.INTERNAL, text=f"{type(error).__name__}: {error}")
        try:
            return self._finish(handle, session, outcome, self.now() - begin)
        finally:
            with self._lock:
                self._sessions.pop(key, None)
            following = self._queue.finish(session)
            if following is not None:
                following.handle.execute()

    def _finish(self, handle: Any, session: Session, outcome: Outcome, total: float) -> Any:
        result: InvokeSkill.Result = session.result(outcome, total=total)
        if outcome.success:
            handle.succeed()
        elif outcome.code == ErrorCode.CANCELLED and self._cancel_requested(handle):
            handle.canceled()
        else:
            handle.abort()
        words = repr(session.goal.words[:80]) if session.goal else "goal"
        # Two call sites: rclpy refuses a second severity from the same line.
        if outcome.success:
            self.get_logger().info(f"{words}: done after {total:.1f} s")
        else:
            self.get_logger().warning(
                f"{words}: ended after {total:.1f} s, "
                f"{ErrorCode(outcome.code).name}: {outcome.text}"
            )
        return result

    @staticmethod
    def _cancel_requested(handle: Any) -> bool:
        """Rclpy marks a goal as cancelling only after the cancel callback has returned."""
        moment = threading.Event()
        for _ in range(100):
            if handle.is_cancel_requested:
                return True
            moment.wait(0.005)
        return False


def main() -> None:
    """Run the node."""
    run(SkillServerNode)


if __name__ == "__main__":
    main()
