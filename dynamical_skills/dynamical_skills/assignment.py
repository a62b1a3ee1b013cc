"""Layer 5, WHICH robot: one robot for a task by one of five strategies."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamical_skills.errors import UnknownRobotError
from dynamical_skills.plan import AssignmentStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotLocation:
    """Where a robot stands and what it can do.

    Attributes:
        robot_id: Its id.
        position: x, y, z of its base in ``odom`` [m].
        workspace_id: Workspace it stands in, or ``""``.
        capabilities: ``"arm"``, ``"hand"`` ...
        load: Executions it runs or has waiting.
        stamp: ROS time of the observation it rests on [s].
    """

    robot_id: str
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    workspace_id: str = ""
    capabilities: frozenset[str] = frozenset()
    load: float = 0.0
    stamp: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The robot chosen, and a sentence that says why."""

    robot: RobotLocation
    reason: str


class TaskRouter:
    """Chooses a robot; safe to call from several threads."""

    def __init__(self) -> None:
        self._turn = 0
        self._lock = threading.Lock()

    def assign_task(
        self,
        robots: Mapping[str, RobotLocation],
        *,
        strategy: AssignmentStrategy,
        robot_id: str | None = None,
        target_position: Sequence[float] | None = None,
        required_capabilities: Sequence[str] = (),
        workspace_id: str | None = None,
    ) -> Assignment:
        """Choose one robot. A robot named by ``robot_id`` is taken under every strategy.

        Args:
            robots: Robots by id.
            strategy: How to choose if none is named.
            robot_id: Robot wanted.
            target_position: Where the work is, x, y, z [m]; used by NEAREST.
            required_capabilities: Only robots that have them all.
            workspace_id: Only robots in this workspace, if any robot is there.

        Raises:
            UnknownRobotError: If no robot fits; says what is missing.
        """
        if robot_id:
            return self._named(robots, robot_id, required_capabilities)
        if strategy is AssignmentStrategy.EXPLICIT:
            raise UnknownRobotError("strategy EXPLICIT needs a robot_id")
        needed = set(required_capabilities)
        able = [robot for robot in robots.values() if needed <= robot.capabilities]
        if not able:
            raise UnknownRobotError(
                f"none of {len(robots)} robots has {', '.join(sorted(needed)) or 'been seen yet'}"
            )
        if workspace_id:
            able = [robot for robot in able if robot.workspace_id == workspace_id] or able
        able.sort(key=lambda robot: robot.robot_id)
        match strategy:
            case AssignmentStrategy.NEAREST if target_position is not None:
                goal = tuple(target_position)
                robot = min(able, key=lambda item: math.dist(item.position, goal))
                reason = f"nearest, {math.dist(robot.position, goal):.2f} m away"
            case AssignmentStrategy.CAPABILITY:
                # The one with the fewest other talents, so that the versatile stay free.
                robot = min(able, key=lambda item: (len(item.capabilities - needed), item.load))
                reason = f"has {', '.join(sorted(needed)) or 'what is needed'}"
            case AssignmentStrategy.ROUND_ROBIN:
                with self._lock:
                    robot = able[self._turn % len(able)]
                    self._turn += 1
                reason = "its turn"
            case _:  # LEAST_BUSY, and NEAREST to a place that is not known
                robot = min(able, key=lambda item: item.load)
                reason = f"least busy, {robot.load:.0f} executions"
        return Assignment(robot=robot, reason=reason)

    @staticmethod
    def _named(
        robots: Mapping[str, RobotLocation], robot_id: str, required: Sequence[str]
    ) -> Assignment:
        robot = robots.get(robot_id)
        if robot is None:
            known = ", ".join(sorted(robots)[:20]) or "none"
            raise UnknownRobotError(f"there is no robot {robot_id[:80]!r}; known: {known}")
        lacking = sorted(set(required) - robot.capabilities)
        if lacking:
            raise UnknownRobotError(
                f"robot {robot_id!r} lacks {', '.join(lacking)}; "
                f"it has {', '.join(sorted(robot.capabilities))}"
            )
        return Assignment(robot=robot, reason="named")
