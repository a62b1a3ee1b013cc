"""The constraint filter on the real robot: it lets pass what is safe and bends what is not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.layout import START_POSTURE, Layout
from dynamical_interfaces.joints import load_urdf
from dynamical_safety.barriers import RobotBarriers
from dynamical_safety.capsule_robot import CapsuleRobot
from dynamical_safety.constraint_filter import (
    FARTHEST,
    TRUNK_WEIGHT,
    ConstraintFilter,
    FilterResult,
    FilterStatus,
)
from dynamical_safety.limits import gate_limits
from dynamical_safety.obstacles import Obstacle, ObstacleKind, ObstacleTable, tabled
from dynamical_safety.parameters import SafetyGateParameters

MODEL = ensure_robot_model()
URDF = load_urdf(MODEL.urdf)
PARAMETERS = SafetyGateParameters()
LIMITS = gate_limits(URDF, PARAMETERS)
NAMES = URDF.names
N = len(NAMES)
ROBOT = CapsuleRobot(MODEL.mjcf, joint_names=NAMES, parameters=PARAMETERS)
START = np.array([START_POSTURE.get(name, 0.0) for name in NAMES])
WEIGHT = np.where(ROBOT.limb_joints | ~ROBOT.free, 1.0, TRUNK_WEIGHT)
TICK = 0.001
ALLOWED = 0.002  # below a margin [m]
seeds = st.integers(0, 2**31)


def new_filter(**changes: Any) -> ConstraintFilter:
    parameters = replace(PARAMETERS, **changes)
    return ConstraintFilter(
        LIMITS, barriers=RobotBarriers(ROBOT, parameters), parameters=parameters
    )


def furniture() -> list[Obstacle]:
    lay = Layout()
    return [
        Obstacle(
            name,
            ObstacleKind.FIXED,
            np.array([sum(x) / 2, sum(y) / 2, top / 2]),
            np.array([x[1] - x[0], y[1] - y[0], top]) / 2,
            np.zeros(3),
        )
        for name, x, y, top in (
            ("table", lay.table_x, lay.table_y, lay.table_top),
            ("shelf", lay.shelf_x, lay.shelf_y, lay.shelf_top),
        )
    ]


def person(x: float, *, vx: float = 0.0, y: float = 0.0) -> Obstacle:
    return Obstacle(
        "person",
        ObstacleKind.PERSON,
        np.array([x, y, 0.9]),
        np.array([0.2, 0.25, 0.9]),
        np.array([vx, 0.0, 0.0]),
    )


def toward(name: str, direction: tuple[float, float, float], speed: float) -> np.ndarray:
    """Joint velocity that moves one capsule of a link along a direction [m/s]."""
    ROBOT.place(START)
    capsule = ROBOT.capsules.links.index(name)
    line = np.concatenate([np.cross(ROBOT.middle[capsule], direction), direction])
    gradient = (line @ ROBOT.screws()) * ROBOT.moves[capsule] * ROBOT.limb_joints
    return gradient * speed / float(gradient @ gradient)


def wander(random: np.random.Generator) -> np.ndarray:
    """A velocity of all joints that may be filtered, often as fast as they can."""
    wanted = random.uniform(-1, 1, N)
    if random.random() < 0.5:
        wanted = np.sign(wanted)
    return np.where(ROBOT.free, wanted * LIMITS.velocity, 0.0)


def least_room(filtering: ConstraintFilter) -> float:
    assert filtering.barriers is not None
    return float(filtering.barriers.room.min())


# --- unchanged ---------------------------------------------------------------------------------
def test_a_motion_with_nothing_near_is_not_changed() -> None:
    filtering = new_filter()
    filtering.refresh(START, tabled(()), 0.0)
    wanted = toward("right_wrist_yaw_link", (1.0, 0.0, 0.0), 0.3)
    result = filtering.filter(wanted, START)
    assert result.status == FilterStatus.UNCHANGED
    assert result.velocity is wanted
    assert result.active == ()
    assert not result.must_stop


def test_a_motion_that_leads_away_from_what_is_near_is_not_changed() -> None:
    filtering = new_filter()
    ROBOT.place(START)
    x, y, z = ROBOT.middle[ROBOT.capsules.links.index("right_wrist_yaw_link")]
    wall = Obstacle(
        "wall", ObstacleKind.FIXED, np.array([x, y - 0.10, z]), np.full(3, 0.02), np.zeros(3)
    )
    filtering.refresh(START, tabled([wall]), 0.0)
    assert 0.0 < least_room(filtering) < 0.05
    fingers = np.array(["_hand_" in name for name in NAMES])
    away = np.where(fingers, 0.0, toward("right_wrist_yaw_link", (0.0, 1.0, 0.0), 0.5))
    assert filtering.filter(away, START).status == FilterStatus.UNCHANGED
    assert filtering.filter(-2.0 * away, START).status == FilterStatus.CHANGED


# --- changed -----------------------------------------------------------------------------------
def test_what_made_the_difference_is_named() -> None:
    filtering = new_filter()
    ROBOT.place(START)
    x, y, z = ROBOT.middle[ROBOT.capsules.links.index("left_hand_index_1_link")]
    wall = Obstacle(
        "wall", ObstacleKind.FIXED, np.array([x + 0.1, y, z]), np.full(3, 0.03), np.zeros(3)
    )
    filtering.refresh(START, tabled([wall]), 0.0)
    result = filtering.filter(toward("left_hand_index_1_link", (1.0, 0.0, 0.0), 1.0), START)
    assert result.status == FilterStatus.CHANGED
    assert any(link.startswith("left_hand") and other == "wall" for link, other in result.active)


def test_a_joint_is_slowed_before_its_hard_stop_and_named() -> None:
    filtering = new_filter()
    elbow = NAMES.index("right_elbow_joint")
    position = START.copy()
    position[elbow] = LIMITS.upper[elbow] - 0.001
    filtering.refresh(position, tabled(()), 0.0)
    wanted = np.zeros(N)
    wanted[elbow] = 1.0
    result = filtering.filter(wanted, position)
    assert result.velocity[elbow] == pytest.approx(
        np.sqrt(2 * LIMITS.acceleration[elbow] * 0.001), rel=0.15
    )
    assert ("right_elbow_joint", "joint limit") in result.active


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_filter_never_asks_for_more_motion_than_was_requested(seed: int) -> None:
    random = np.random.default_rng(seed)
    filtering = new_filter(barrier_recovery=0.0)
    position = np.where(ROBOT.free, START + random.normal(0, 0.3, N), START)
    position = np.clip(position, LIMITS.lower, LIMITS.upper)
    filtering.refresh(position, tabled([*furniture(), person(0.6, vx=-1.0)]), 0.0)
    wanted = wander(random)
    result = filtering.filter(wanted, position)
    if not result.must_stop:
        assert np.linalg.norm(WEIGHT * result.velocity) <= (np.linalg.norm(WEIGHT * wanted) + 1e-6)
    assert not result.must_stop


def test_legs_are_not_moved_out_of_an_arms_way() -> None:
    filtering = new_filter()
    random = np.random.default_rng(5)
    legs = ~ROBOT.free
    for _ in range(20):
        filtering.refresh(START, tabled(furniture()), 0.0)
        wanted = wander(random)
        wanted[legs] = 0.1
        result = filtering.filter(wanted, START)
        if not result.must_stop:
            np.testing.assert_array_equal(result.velocity[legs], wanted[legs])


# --- adversarial -------------------------------------------------------------------------------
@pytest.mark.parametrize(("seed", "period"), [(0, 40), (1, 300), (2, 1000)])
def test_random_motions_at_full_speed_keep_every_margin(seed: int, period: int) -> None:
    filtering, random = new_filter(), np.random.default_rng(seed)
    around, position, worst = tabled(furniture()), START.copy(), np.inf
    wanted = np.zeros(N)
    for tick in range(2000):
        if tick % period == 0:
            wanted = wander(random)
        if tick % 5 == 0:
            filtering.refresh(position, around, tick * TICK)
            worst = min(worst, least_room(filtering))
        result = filtering.filter(wanted, position)
        assert not result.must_stop, result
        position = position + result.velocity * TICK
    assert worst > -ALLOWED
    assert (position >= LIMITS.lower - 1e-9).all()
    assert (position <= LIMITS.upper + 1e-9).all()


@pytest.mark.parametrize(("seed", "period"), [(0, 60), (3, 2000), (4, 200)])
def test_margins_are_kept_within_acceleration_limits_by_braking_when_it_must(
    seed: int, period: int
) -> None:
    filtering, random = new_filter(), np.random.default_rng(seed)
    around, worst, wanted = tabled(furniture()), np.inf, np.zeros(N)
    position, velocity, step = START.copy(), np.zeros(N), LIMITS.acceleration * TICK
    stopped = 0
    for tick in range(2000):
        if tick % period == 0:
            wanted = wander(random)
        if tick % 5 == 0:
            filtering.refresh(position, around, tick * TICK)
            worst = min(worst, least_room(filtering))
        lower, upper = velocity - step, velocity + step
        low, high = filtering._bounds(position, lower, upper)
        nominal = np.clip(wanted, low, high)
        result = filtering.filter(nominal, position, lower=lower, upper=upper)
        if result.must_stop:
            # Along the path, as hard as the slowest joint allows.
            stopped += 1
            velocity = velocity * max(0.0, 1.0 - 1.0 / max((np.abs(velocity) / step).max(), 1.0))
        else:
            velocity = result.velocity.copy()
            assert (velocity <= upper + 1e-4).all()
            assert (velocity >= lower - 1e-4).all()
        position = position + velocity * TICK
    assert worst > -2 * ALLOWED
    assert stopped < 600


def test_a_robot_in_motion_does_not_touch_a_person_who_walks_up_and_stops() -> None:
    filtering, random = new_filter(), np.random.default_rng(7)
    position, wanted, worst = START.copy(), np.zeros(N), np.inf
    for tick in range(2000):
        x = max(1.6 - tick * TICK, 0.75)
        walking = person(x, vx=-1.0 if x > 0.75 else 0.0)
        if tick % 200 == 0:
            wanted = wander(random)
        if tick % 5 == 0:
            filtering.refresh(position, tabled([walking]), tick * TICK)
            if tick > 1000:
                worst = min(worst, least_room(filtering))
        result = filtering.filter(wanted, position)
        assert not result.must_stop
        nearer = _rates(filtering, result)
        # What is too near already, the robot itself never brings nearer.
        assert nearer.min() > -1e-5
        position = position + result.velocity * TICK
    assert worst > -PARAMETERS.barrier_margin_person - ALLOWED


def _rates(filtering: ConstraintFilter, result: FilterResult) -> np.ndarray:
    """Rates of the distances below their margins, shape (r,); 0 if there is none [m/s]."""
    found = filtering.barriers
    assert found is not None
    below = (found.room < 0.0) & (found.approach > 0.0)
    return np.append(found.gradient[below] @ result.velocity, 0.0)


# --- people and rest -----------------------------------------------------------------------------
@pytest.mark.parametrize("x", [0.9, 0.6, 0.4, 0.25])
def test_a_person_who_walks_into_a_resting_robot_leaves_it_at_rest(x: float) -> None:
    filtering = new_filter()
    filtering.refresh(START, tabled([person(x, vx=-1.0)]), 0.0)
    filtering.refresh(START, tabled([person(x - 0.05, vx=-1.0)]), 0.05)
    result = filtering.filter(np.zeros(N), START)
    assert result.status == FilterStatus.UNCHANGED
    assert (result.velocity == 0.0).all()


def test_who_walks_up_lets_the_robot_approach_more_slowly_than_who_stands() -> None:
    filtering, speeds = new_filter(), []
    wanted = toward("right_wrist_yaw_link", (1.0, 0.0, 0.0), 1.5)
    for vx in (0.0, -0.5, -1.0):
        filtering.refresh(START, tabled([person(0.72, y=-0.2, vx=vx)]), 0.0)
        result = filtering.filter(wanted, START)
        found = filtering.barriers
        assert found is not None
        row = int(found.rows(ObstacleKind.PERSON)[0])
        speeds.append(-float(found.gradient[row] @ result.velocity))
    assert speeds[0] > speeds[1] >= speeds[2] - 1e-6
    assert speeds[2] < 0.5 * speeds[0]


def test_one_who_leaves_allows_no_more_than_one_who_stands() -> None:
    filtering = new_filter()
    wanted = toward("right_wrist_yaw_link", (1.0, 0.0, 0.0), 1.5)
    results = []
    for vx in (0.0, 1.0):
        filtering.refresh(START, tabled([person(0.72, y=-0.2, vx=vx)]), 0.0)
        results.append(filtering.filter(wanted, START).velocity)
    np.testing.assert_allclose(results[0], results[1], atol=1e-9)


# --- refused -------------------------------------------------------------------------------------
def test_what_cannot_be_slowed_down_in_time_is_reported() -> None:
    filtering = new_filter()
    ROBOT.place(START)
    x, y, z = ROBOT.middle[ROBOT.capsules.links.index("right_wrist_yaw_link")]
    wall = Obstacle(
        "wall", ObstacleKind.FIXED, np.array([x + 0.14, y, z]), np.full(3, 0.05), np.zeros(3)
    )
    filtering.refresh(START, tabled([wall]), 0.0)
    fast = toward("right_wrist_yaw_link", (1.0, 0.0, 0.0), 1.0)
    step = LIMITS.acceleration * TICK
    result = filtering.filter(fast, START, lower=fast - step, upper=fast + step)
    assert result.status == FilterStatus.INFEASIBLE
    assert result.must_stop
    assert (result.velocity == 0.0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["velocity", "set_point", "posture", "refresh", "obstacle"])
def test_numbers_that_are_not_finite_are_refused(bad: float, where: str) -> None:
    filtering = new_filter()
    arrays = {
        name: np.zeros(N) if name == "velocity" else START.copy()
        for name in ("velocity", "set_point", "posture", "refresh")
    }
    obstacle = person(2.0)
    filtering.refresh(START, tabled([obstacle]), 0.0)
    if where == "obstacle":
        obstacle = replace(obstacle, velocity=np.array([0.0, bad, 0.0]))
    else:
        arrays[where][7] = bad
    filtering.refresh(arrays["refresh"], tabled([obstacle]), 0.005)
    result = filtering.filter(arrays["velocity"], arrays["set_point"], posture=arrays["posture"])
    assert result.status == FilterStatus.NOT_FINITE
    assert result.must_stop
    assert (result.velocity == 0.0).all()
    filtering.refresh(START, tabled([person(2.0)]), 0.010)
    assert filtering.filter(np.zeros(N), START).status == FilterStatus.UNCHANGED


def test_barriers_that_were_never_measured_or_far_from_here_are_stale() -> None:
    filtering = new_filter()
    assert filtering.filter(np.zeros(N), START).status == FilterStatus.STALE
    filtering.refresh(START, tabled(()), 0.0)
    moved = START.copy()
    moved[20] += 2 * FARTHEST
    assert filtering.filter(np.zeros(N), moved).status == FilterStatus.STALE
    assert filtering.filter(np.zeros(N), START).status == FilterStatus.UNCHANGED


def test_a_solver_that_takes_too_long_is_reported() -> None:
    filtering = new_filter(barrier_time_limit=1e-4)
    filtering._parameters = replace(PARAMETERS, barrier_time_limit=1e-9)
    table: ObstacleTable = tabled(furniture())
    random = np.random.default_rng(2)
    statuses = set()
    position = START.copy()
    for _ in range(50):
        filtering.refresh(position, table, 0.0)
        statuses.add(filtering.filter(wander(random), position).status)
    assert statuses <= {FilterStatus.LATE, FilterStatus.CHANGED, FilterStatus.UNCHANGED}
