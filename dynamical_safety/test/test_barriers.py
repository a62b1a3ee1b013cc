"""Barriers of the real robot: their distances, their gradients, and which there are."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.layout import START_POSTURE
from dynamical_interfaces.joints import load_urdf
from dynamical_safety.barriers import BarrierSet, RobotBarriers
from dynamical_safety.capsule_robot import CapsuleRobot
from dynamical_safety.errors import KinematicsError
from dynamical_safety.obstacles import Obstacle, ObstacleKind, tabled
from dynamical_safety.parameters import SafetyGateParameters

MODEL = ensure_robot_model()
URDF = load_urdf(MODEL.urdf)
NAMES = URDF.names
PARAMETERS = replace(SafetyGateParameters(), barrier_count=400)
ROBOT = CapsuleRobot(MODEL.mjcf, joint_names=NAMES, parameters=PARAMETERS)
START = np.array([START_POSTURE.get(name, 0.0) for name in NAMES])
seeds = st.integers(0, 2**31)


def box(
    x: float,
    y: float,
    z: float,
    *,
    half: tuple[float, float, float] = (0.1, 0.1, 0.1),
    kind: ObstacleKind = ObstacleKind.FIXED,
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0),
    margin: float = 0.0,
    name: str = "box",
) -> Obstacle:
    return Obstacle(name, kind, np.array([x, y, z]), np.array(half), np.array(velocity), margin)


def posture(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    middle, span = (URDF.upper + URDF.lower) / 2, (URDF.upper - URDF.lower) / 2
    anywhere = middle + random.uniform(-1, 1, len(NAMES)) * span * 0.8
    return np.where(ROBOT.free, anywhere, START)


def by_pair(barriers: BarrierSet) -> dict[tuple[int, int], int]:
    pairs = zip(barriers.link.tolist(), barriers.other.tolist(), strict=True)
    return {pair: row for row, pair in enumerate(pairs)}


@pytest.mark.parametrize("exact_below", [-np.inf, np.inf], ids=["capsules", "shapes"])
@settings(max_examples=25, deadline=None)
@given(seeds)
def test_gradients_are_those_of_the_distances(exact_below: float, seed: int) -> None:
    measuring = RobotBarriers(ROBOT, PARAMETERS, exact_below=exact_below)
    around = tabled([box(0.45, 0.0, 0.7), box(0.2, 0.45, 0.9), box(0.0, -0.5, 1.0)])
    position = posture(seed)
    random = np.random.default_rng(seed + 1)
    step = np.where(ROBOT.free, random.normal(size=len(NAMES)), 0.0) * 1e-4
    here = measuring.measure(position, around, 0.0)
    before = measuring.measure(position - step, around, 0.0)
    after = measuring.measure(position + step, around, 0.0)
    first, last = by_pair(before), by_pair(after)
    expected, wrong = here.gradient @ (2 * step), 0
    seen = 0
    for pair, row in by_pair(here).items():
        if pair in first and pair in last and abs(here.distance[row]) > 1e-3:
            change = after.distance[last[pair]] - before.distance[first[pair]]
            seen += 1
            # At an edge or among parallel faces a distance has no gradient, only two slopes.
            wrong += abs(change - expected[row]) > 0.05 * np.linalg.norm(step) * 2
    assert seen > 10
    assert wrong <= max(1, seen // 20)


def test_shapes_are_never_nearer_than_their_capsules() -> None:
    around = tabled([box(0.45, 0.0, 0.7)])
    coarse = RobotBarriers(ROBOT, PARAMETERS, exact_below=-np.inf).measure(START, around, 0.0)
    exact = RobotBarriers(ROBOT, PARAMETERS, exact_below=np.inf).measure(START, around, 0.0)
    rows = by_pair(coarse)
    # Of the capsules of two shapes the nearest pair stands for both; rounding decides between equals.
    compared = [
        exact.distance[row] - coarse.distance[rows[pair]]
        for pair, row in by_pair(exact).items()
        if pair in rows
    ]
    assert len(compared) > 100
    assert min(compared) > -1e-6
    assert max(compared) > 0.005


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_distances_are_those_of_mujoco(seed: int) -> None:
    spec = mujoco.MjSpec.from_file(str(MODEL.mjcf))
    spec.worldbody.add_geom(
        name="box", type=mujoco.mjtGeom.mjGEOM_BOX, pos=[0.40, 0, 0.7], size=[0.1, 0.1, 0.1]
    )
    model = spec.compile()
    data = mujoco.MjData(model)
    position = posture(seed)
    data.qpos[[model.joint(name).qposadr[0] for name in NAMES]] = position
    mujoco.mj_kinematics(model, data)
    measuring = RobotBarriers(ROBOT, PARAMETERS, exact_below=np.inf)
    found = measuring.measure(position, tabled([box(0.40, 0.0, 0.7)]), 0.0)
    rows = found.rows(ObstacleKind.FIXED)
    if not len(rows):
        return
    nearest = min(
        mujoco.mj_geomDistance(model, data, geom, model.geom("box").id, 1.0, None)
        for geom in range(model.ngeom)
        if model.geom_contype[geom]
        and model.body(model.geom_bodyid[geom]).name in set(ROBOT.capsules.links)
        and not any(
            k in model.body(model.geom_bodyid[geom]).name for k in ("hip", "knee", "ank", "pelvis")
        )
    )
    # Where there was no time for shapes their capsules stand for them, never too far off.
    assert found.distance[rows].min() <= nearest + 1e-4
    if rows[0] < 8:
        assert found.distance[rows].min() == pytest.approx(nearest, abs=2e-5)


def test_nothing_is_too_near_in_the_start_posture() -> None:
    found = RobotBarriers(ROBOT, SafetyGateParameters()).measure(START, tabled(()), 0.0)
    assert found.room.min() > 0.0
    assert {found.names(row)[1] for row in range(len(found))} >= {"torso_link"}


def test_one_arm_is_not_kept_from_itself_and_legs_have_no_say() -> None:
    found = RobotBarriers(ROBOT, PARAMETERS).measure(posture(3), tabled(()), 0.0)
    for row in range(len(found)):
        link, other = found.names(row)
        assert not (link.startswith("left_") and other.startswith("left_") and "h" in other[5:7])
        assert not any(part in link for part in ("hip", "knee", "ankle"))
    assert ROBOT.free.sum() == 31
    assert ROBOT.limb_joints.sum() == 28


def test_margins_follow_the_kind_of_obstacle_and_the_part_of_the_robot() -> None:
    parameters = PARAMETERS
    measuring = RobotBarriers(ROBOT, parameters, exact_below=-np.inf)
    wanted = {
        ObstacleKind.FIXED: parameters.barrier_margin_hand,
        ObstacleKind.AVOID: parameters.barrier_margin_hand,
        ObstacleKind.ZONE: parameters.barrier_margin_zone,
        ObstacleKind.PERSON: parameters.barrier_margin_person,
    }
    for kind, margin in wanted.items():
        found = measuring.measure(START, tabled([box(0.4, 0.2, 0.7, kind=kind, margin=0.01)]), 0.0)
        kept = found.distance - found.room
        for row in found.rows(kind).tolist():
            link, _ = found.names(row)
            arm = "_hand_" not in link and "wrist_yaw" not in link
            fixed = kind in (ObstacleKind.FIXED, ObstacleKind.AVOID)
            base = parameters.barrier_margin_arm if arm and fixed else margin
            assert kept[row] == pytest.approx(base + 0.01), (link, kind)


def test_only_an_obstacle_that_comes_nearer_has_a_speed_of_approach() -> None:
    measuring = RobotBarriers(ROBOT, PARAMETERS)
    for speed, wanted in ((-1.0, True), (1.0, False)):
        person = box(0.75, 0.0, 0.9, kind=ObstacleKind.PERSON, velocity=(speed, 0.0, 0.0))
        found = measuring.measure(START, tabled([person]), 0.0)
        approach = found.approach[found.rows(ObstacleKind.PERSON)]
        if wanted:
            assert approach.max() > 0.8
        else:
            assert (approach == 0.0).all()
        assert (found.approach[found.rows(None)] == 0.0).all()


def test_of_too_many_barriers_the_nearest_stay() -> None:
    many = tabled([box(0.4, y, 0.6, name=f"box {y}") for y in np.linspace(-0.6, 0.6, 12)])
    everything = RobotBarriers(ROBOT, PARAMETERS, exact_below=-np.inf).measure(START, many, 0.0)
    few = replace(PARAMETERS, barrier_count=20)
    nearest = RobotBarriers(ROBOT, few, exact_below=-np.inf).measure(START, many, 0.0)
    assert nearest.left_out == len(everything) + everything.left_out - 20
    np.testing.assert_allclose(nearest.room, np.sort(everything.room)[:20])


def test_a_model_without_a_joint_is_refused_by_name() -> None:
    with pytest.raises(KinematicsError, match="tail_joint"):
        CapsuleRobot(MODEL.mjcf, joint_names=(*NAMES, "tail_joint"), parameters=PARAMETERS)
