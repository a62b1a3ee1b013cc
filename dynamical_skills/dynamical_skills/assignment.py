"""Layer 5, WHICH robot: one robot for a task by one of five strategies."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_skills.errors import UnknownRobotError
from dynamical_skills.fleet import Fit, Fleet, fleet_of
from dynamical_skills.fleet import RobotLocation as RobotLocation
from dynamical_skills.plan import AssignmentStrategy

_TOLD = 10  # robots whose reason is told where none fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The robot chosen, and a sentence that says why and how many were left out."""

    robot: RobotLocation
    reason: str


class TaskRouter:
    """Chooses a robot; safe to call from several threads."""

    def __init__(self) -> None:
        self._turn = 0
        self._lock = threading.Lock()

    def assign_task(
        self,
        robots: Fleet | Mapping[str, RobotLocation],
        *,
        strategy: AssignmentStrategy,
        robot_id: str | None = None,
        target_position: Sequence[float] | None = None,
        required_capabilities: Sequence[str] = (),
        workspace_id: str | None = None,
        now: float | None = None,
    ) -> Assignment:
        """Choose one robot.

        Robots that are not healthy, or whose location is old, are left out. A robot named by
        ``robot_id`` is taken under every strategy, wherever and whenever it was last seen: whoever
        carries out its task says better what is wrong with it.

        Args:
            robots: A fleet kept up to date, or robots by id.
            strategy: How to choose if none is named.
            robot_id: Robot wanted.
            target_position: Where the work is, x, y, z [m]; used by NEAREST.
            required_capabilities: Only robots that have them all.
            workspace_id: Only robots in this workspace, if any that fits is there.
            now: ROS time [s], for the age of locations; ``None`` = no age is judged.

        Raises:
            UnknownRobotError: If no robot fits; says of each why.
        """
        fleet = fleet_of(robots)
        with fleet.lock:
            if robot_id:
                return _named(fleet, robot_id, required_capabilities)
            if strategy is AssignmentStrategy.EXPLICIT:
                raise UnknownRobotError("strategy EXPLICIT needs a robot_id")
            fits = fleet.fits(required_capabilities, now)
            able = np.flatnonzero(fits == Fit.ABLE)
            if not len(able):
                raise UnknownRobotError(_nobody(fleet, fits, required_capabilities, now))
            if workspace_id:
                there = able[fleet.in_workspace(workspace_id)[able]]
                able = there if len(there) else able
            row, reason = self._choose(
                fleet, able, strategy, target_position, required_capabilities
            )
            return Assignment(robot=fleet.robots[row], reason=reason + _left_out(fits))

    def _choose(
        self,
        fleet: Fleet,
        able: np.ndarray,
        strategy: AssignmentStrategy,
        target: Sequence[float] | None,
        needed: Sequence[str],
    ) -> tuple[int, str]:
        """Row of the robot, of equal ones the first by id, and why it is this one."""
        match strategy:
            case AssignmentStrategy.NEAREST if target is not None:
                squares = np.square(fleet.position[able] - np.asarray(target, dtype=float)).sum(1)
                best = int(np.argmin(squares))
                return int(able[best]), f"nearest, {math.sqrt(squares[best]):.2f} m away"
            case AssignmentStrategy.CAPABILITY:
                # The one with the fewest other talents, so that the versatile stay free.
                others = np.bitwise_count(fleet.capabilities[able] & ~fleet.mask(needed))
                able = able[others == others.min()]
                row = int(able[np.argmin(fleet.load[able])])
                return row, f"has {', '.join(sorted(needed)) or 'what is needed'}"
            case AssignmentStrategy.ROUND_ROBIN:
                with self._lock:
                    row = int(able[self._turn % len(able)])
                    self._turn += 1
                return row, "its turn"
            case _:  # LEAST_BUSY, and NEAREST to a place that is not known
                row = int(able[np.argmin(fleet.load[able])])
                return row, f"least busy, {fleet.load[row]:.0f} executions"


def _named(fleet: Fleet, robot_id: str, required: Sequence[str]) -> Assignment:
    robot = fleet.get(robot_id)
    if robot is None:
        known = ", ".join(fleet.known()[:20]) or "none"
        raise UnknownRobotError(f"there is no robot {robot_id[:80]!r}; known: {known}")
    lacking = sorted(set(required) - robot.capabilities)
    if lacking:
        raise UnknownRobotError(
            f"robot {robot_id!r} lacks {', '.join(lacking)}; "
            f"it has {', '.join(sorted(robot.capabilities))}"
        )
    return Assignment(robot=robot, reason="named")


def _nobody(fleet: Fleet, fits: np.ndarray, needed: Sequence[str], now: float | None) -> str:
    """The sentence for a fleet in which no robot fits."""
    if not len(fleet):
        return "no robot has been seen yet"
    reasons = [
        fleet.why(robot, int(fit), needed, now)
        for robot, fit in zip(fleet.robots[:_TOLD], fits[:_TOLD], strict=True)
    ]
    more = f"; and {len(fleet) - _TOLD} more" if len(fleet) > _TOLD else ""
    wanted = f"has {', '.join(sorted(needed))} and " if needed else ""
    return f"none of {len(fleet)} robots {wanted}can work now: {'; '.join(reasons)}{more}"


def _left_out(fits: np.ndarray) -> str:
    """How many robots were left out, and why; empty if none was."""
    counts = np.bincount(fits, minlength=len(Fit)).tolist()
    words = [f"{counts[fit]} {fit.name.lower()}" for fit in Fit if fit and counts[fit]]
    return f"; left out: {', '.join(words)}" if words else ""
