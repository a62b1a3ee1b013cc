"""Robots known now, in arrays, so that one of thousands is chosen in well under a millisecond.

Each location message changes one row; choosing looks at whole columns.
"""

import math
import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

MOST_CAPABILITIES = 63  # bits of a column
_COLUMNS = ("position", "load", "stamp", "capabilities", "workspace", "healthy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotLocation:
    """Where a robot stands and what it can do.

    Attributes:
        robot_id: Its id.
        position: x, y, z of its base in ``odom`` [m].
        workspace_id: Workspace it stands in, or ``""``.
        capabilities: ``"arm"``, ``"hand"`` ...
        load: Executions it runs or has waiting.
        stamp: ROS time of the observation it rests on [s]; 0 = it has not been observed yet, which
            is no reason to leave it out.
        problem: Why it cannot work now, in words; ``""`` if it can.
    """

    robot_id: str
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    workspace_id: str = ""
    capabilities: frozenset[str] = frozenset()
    load: float = 0.0
    stamp: float = 0.0
    problem: str = ""


class Fit(IntEnum):
    """Whether a robot may be chosen, and why not: the first of these that holds."""

    ABLE = 0
    UNHEALTHY = 1
    STALE = 2
    INCAPABLE = 3


class Fleet:
    """Rows are robots, ordered by id. Not safe for threads by itself: hold ``lock``.

    Args:
        robots: Known at start.
        max_age: Age of a location from which a robot is left out [s].
    """

    def __init__(self, robots: Iterable[RobotLocation] = (), *, max_age: float = 5.0) -> None:
        self.lock = threading.RLock()
        self.max_age = max_age
        self._bits: dict[str, int] = {}
        self._places: dict[str, int] = {"": 0}
        self.robots = sorted(robots, key=lambda robot: robot.robot_id)
        self._index()
        count = len(self.robots)
        self.position = np.zeros((count, 3))
        self.load = np.zeros(count)
        self.stamp = np.zeros(count)
        self.capabilities = np.zeros(count, np.uint64)
        self.workspace = np.zeros(count, np.int64)
        self.healthy = np.zeros(count, bool)
        for row, robot in enumerate(self.robots):
            self._write(row, robot)

    def __len__(self) -> int:
        return len(self.robots)

    def get(self, robot_id: str) -> RobotLocation | None:
        """The robot with that id, if it is known."""
        row = self._rows.get(robot_id)
        return None if row is None else self.robots[row]

    def known(self) -> tuple[str, ...]:
        """All ids, in order."""
        return tuple(robot.robot_id for robot in self.robots)

    def update(self, robot: RobotLocation) -> None:
        """Take in a newer location; a robot not seen before is added.

        Raises:
            ValueError: If the fleet would have more than 63 different capabilities.
        """
        with self.lock:
            row = self._rows.get(robot.robot_id)
            if row is None:
                row = bisect_left(self.robots, robot.robot_id, key=lambda other: other.robot_id)
                self.robots.insert(row, robot)
                self._index()
                for name in _COLUMNS:
                    column = getattr(self, name)
                    setattr(self, name, np.insert(column, row, column.dtype.type(0), axis=0))
            self._write(row, robot)

    def remove(self, robot_id: str) -> None:
        """Forget a robot; nothing happens if it is not known."""
        with self.lock:
            row = self._rows.get(robot_id)
            if row is None:
                return
            del self.robots[row]
            self._index()
            for name in _COLUMNS:
                setattr(self, name, np.delete(getattr(self, name), row, axis=0))

    def fits(self, needed: Iterable[str], now: float | None) -> np.ndarray:
        """Shape (n,), ``Fit`` of every robot.

        Args:
            needed: Capabilities that are needed.
            now: ROS time from which ages are counted [s]; ``None`` = no age is judged.
        """
        result = np.zeros(len(self.robots), np.int8)
        needed = tuple(needed)
        if any(name not in self._bits for name in needed):
            result[:] = Fit.INCAPABLE
        else:
            mask = self.mask(needed)
            result[(self.capabilities & mask) != mask] = Fit.INCAPABLE
        if now is not None:
            result[(self.stamp > 0.0) & (self.stamp < now - self.max_age)] = Fit.STALE
        result[~self.healthy] = Fit.UNHEALTHY
        return result

    def mask(self, names: Iterable[str]) -> np.uint64:
        """Bits of capabilities some robot has; other names have none."""
        return np.uint64(sum(1 << self._bits[name] for name in names if name in self._bits))

    def in_workspace(self, workspace_id: str) -> np.ndarray:
        """Shape (n,), whether each robot stands in that workspace."""
        return np.asarray(self.workspace == self._places.get(workspace_id, -1))

    def why(self, robot: RobotLocation, fit: int, needed: Iterable[str], now: float | None) -> str:
        """Why a robot is left out, in words."""
        match Fit(fit):
            case Fit.UNHEALTHY:
                return f"{robot.robot_id}: {robot.problem}"
            case Fit.STALE:
                age = math.inf if now is None else now - robot.stamp
                return f"{robot.robot_id}: last seen {age:.1f} s ago, at most {self.max_age:.1f} s"
            case Fit.INCAPABLE:
                lacking = ", ".join(sorted(set(needed) - robot.capabilities))
                return f"{robot.robot_id}: lacks {lacking}"
            case _:
                return f"{robot.robot_id}: able"

    def _index(self) -> None:
        self._rows = {robot.robot_id: row for row, robot in enumerate(self.robots)}

    def _write(self, row: int, robot: RobotLocation) -> None:
        for name in sorted(robot.capabilities):
            if self._bits.setdefault(name, len(self._bits)) >= MOST_CAPABILITIES:
                del self._bits[name]
                raise ValueError(
                    f"robot {robot.robot_id!r} brings capability {name!r}, the fleet has "
                    f"{MOST_CAPABILITIES} different ones already"
                )
        self.robots[row] = robot
        self.position[row] = robot.position
        self.load[row] = robot.load
        self.stamp[row] = robot.stamp
        self.capabilities[row] = self.mask(robot.capabilities)
        self.workspace[row] = self._places.setdefault(robot.workspace_id, len(self._places))
        self.healthy[row] = not robot.problem


def fleet_of(robots: Fleet | Mapping[str, RobotLocation]) -> Fleet:
    """The fleet itself, or one made of robots by id."""
    return robots if isinstance(robots, Fleet) else Fleet(robots.values())
