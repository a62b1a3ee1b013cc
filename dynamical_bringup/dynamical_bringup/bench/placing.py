"""Figures of the layers WHICH robot and HOW: time, and how it grows with fleet and workspace."""

import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from dynamical_bringup.bench.bare import percentiles
from dynamical_bringup.bench.row import Row
from dynamical_skills.adaptation import LocationAdaptiveSkillManager
from dynamical_skills.assignment import RobotLocation, TaskRouter
from dynamical_skills.fleet import Fleet
from dynamical_skills.library.store import load_skills
from dynamical_skills.plan import AssignmentStrategy
from dynamical_skills.policies.policy import SeenObject
from dynamical_skills.workspaces import Obstacle, Workspace

FLEETS = (10, 100, 1_000, 10_000)
OBSTACLES = (1, 10, 100, 1_000)
_ROUNDS = 2_000
_GOAL_AT = 1_000  # robots
_GOAL = 1.0  # ms, 99th percentile
_NOW = 100.0
_TARGET = (3.0, -2.0, 0.0)
_TALENTS = ("arm", "hand", "head", "waist")


def assignment() -> list[Row]:
    """Choosing a robot under every strategy, and taking in a location message."""
    rows = []
    for count in FLEETS:
        robots = _robots(count)
        fleet = Fleet(robots)
        bare = _timed(partial(_nearest, robots))
        for strategy in AssignmentStrategy:
            choose = partial(
                TaskRouter().assign_task,
                fleet,
                strategy=strategy,
                robot_id=robots[0].robot_id if strategy is AssignmentStrategy.EXPLICIT else None,
                target_position=_TARGET,
                required_capabilities=("arm",),
                now=_NOW,
            )
            if count == _GOAL_AT or strategy is AssignmentStrategy.NEAREST:
                rows += _rows(
                    f"assignment {strategy}, {count} robots",
                    _timed(choose),
                    goal=count == _GOAL_AT,
                    baseline=bare if strategy is AssignmentStrategy.NEAREST else None,
                )
        rows += _rows(f"location taken in, {count} robots", _timed(_updates(fleet, robots)))[:1]
    return rows


def adaptation() -> list[Row]:
    """Adapting a grasp to its workspace, with as many fixed things and tracks in it."""
    rows = []
    skill = load_skills()["grasp"]
    given = {"object": {"class_id": "cup", "color": "red"}}
    bare = _timed(lambda: {**given, "speed": 1.0, "clearance": 0.02})
    for count in OBSTACLES:
        workspace = _workspace(count)
        seen = _seen(min(count, 50))
        manager = LocationAdaptiveSkillManager({workspace.id: workspace})
        adapt = partial(manager.adapt, skill, given, workspace, seen=seen, now=_NOW)
        rows += _rows(
            f"adaptation, {count} obstacles, {len(seen)} tracks",
            _timed(adapt),
            goal=count <= 100,
            baseline=bare,
        )
    return rows


def _timed(action: Callable[[], object]) -> list[float]:
    """Time of each of many calls [ms]."""
    for _ in range(20):
        action()
    spent = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        action()
        spent.append((time.perf_counter() - begin) * 1e3)
    return spent


def _rows(
    name: str, spent: list[float], *, goal: bool = False, baseline: list[float] | None = None
) -> list[Row]:
    own, bare = percentiles(spent), percentiles(baseline or [])
    return [
        Row(
            name=f"{name}: {part}",
            value=own[part],
            unit="ms",
            baseline=bare[part] if baseline else None,
            goal=f"< {_GOAL:g}" if goal and part == "p99" else "",
            met=own[part] < _GOAL if goal and part == "p99" else None,
        )
        for part in ("p50", "p99")
    ]


def _robots(count: int) -> list[RobotLocation]:
    """Robots all over a hall; one in ten old, one in twenty not able to work."""
    rng = np.random.default_rng(count)
    return [
        RobotLocation(
            robot_id=f"thor_{number:05d}",
            position=tuple(rng.uniform(-50, 50, 3)),
            capabilities=frozenset(rng.choice(_TALENTS, 3, replace=False).tolist()),
            load=float(rng.integers(5)),
            stamp=_NOW - (60.0 if number % 10 == 9 else 0.1),
            problem="emergency stop" if number % 20 == 11 else "",
        )
        for number in range(count)
    ]


def _nearest(robots: list[RobotLocation]) -> RobotLocation:
    """The bare counterpart: a plain search that judges nothing but distance."""
    return min(robots, key=lambda robot: math.dist(robot.position, _TARGET))


def _updates(fleet: Fleet, robots: list[RobotLocation]) -> Callable[[], None]:
    turn = iter(range(10**9))
    return lambda: fleet.update(robots[next(turn) % len(robots)])


def _workspace(count: int) -> Workspace:
    rng = np.random.default_rng(count)
    corners = rng.uniform((0.0, -0.8, 0.0), (0.8, 0.8, 0.9), (count, 3))
    return Workspace(
        id="lab",
        table_height=0.76,
        shelf_heights=(0.86,),
        obstacles=tuple(
            Obstacle(
                name=f"post {number}",
                minimum=tuple(corner.tolist()),
                maximum=tuple((corner + 0.05).tolist()),
            )
            for number, corner in enumerate(corners)
        ),
    )


def _seen(count: int) -> tuple[SeenObject, ...]:
    """A table, a red cup, and other things."""
    kinds = [("table", ""), ("cup", "red"), *[("cube", "blue")] * count]
    return tuple(
        SeenObject(
            id=number,
            class_id=kind,
            color=color,
            position=np.array([0.4, 0.01 * number, 0.38]),
            size=np.array([0.6, 0.6, 0.76]),
            velocity=np.zeros(3),
            deviation=np.zeros(3),
            confidence=0.9,
            stamp=_NOW,
        )
        for number, (kind, color) in enumerate(kinds[: count + 1])
    )


PLACING_FIGURES: dict[str, Callable[[], list[Row]]] = {
    "assignment": assignment,
    "adaptation": adaptation,
}
