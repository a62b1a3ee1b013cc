"""Inverse kinematics: it reaches what can be reached, says what it misses, and keeps clear."""

import numpy as np
import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import hands, poses
from dynamical_skills.motion.kinematics import Kinematics, Pose
from dynamical_skills.motion.model import SIDES
from dynamical_skills.motion.obstacles import Box
from dynamical_skills.motion.planner import Planner
from dynamical_skills.policies.policy import SkillError

TABLE = Box(np.array([0.53, 0.0, 0.38]), np.array([0.33, 0.30, 0.38]))


@pytest.fixture
def home(kinematics: Kinematics) -> np.ndarray:
    kinematics.set_obstacles([TABLE])
    return np.array([poses.HOME.get(name, 0.0) for name in kinematics.joint_names])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("x", [0.26, 0.35, 0.44])
@pytest.mark.parametrize("y", [0.0, 0.10, 0.19])
def test_each_hand_reaches_its_half_of_the_table(
    kinematics: Kinematics, home: np.ndarray, side: str, x: float, y: float
) -> None:
    out = 1.0 if side == "left" else -1.0
    place = np.array([x - 0.12, out * (y + 0.044), 0.82])
    over = kinematics.solve(home, {side: Pose(place, np.eye(3)).moved([0.0, 0.0, 0.1])})
    found = kinematics.solve(over.joints, {side: Pose(place, np.eye(3))})
    assert found.miss < 0.003
    assert found.turn < 0.03
    assert np.allclose(kinematics.hand_pose(found.joints, side).position, place, atol=0.003)


def test_the_arms_mirror_each_other(kinematics: Kinematics, home: np.ndarray) -> None:
    right, left = (kinematics.hand_pose(home, side).position for side in ("right", "left"))
    assert np.allclose(right * [1, -1, 1], left, atol=2e-3)


def test_a_hand_sent_into_the_table_stays_above_it(
    kinematics: Kinematics, home: np.ndarray
) -> None:
    found = kinematics.solve(home, {"right": Pose(np.array([0.25, -0.15, 0.77]), np.eye(3))})
    assert found.miss > 0.02
    assert kinematics.clearance(found.joints) > -0.003


def test_what_is_out_of_reach_is_refused_with_the_distance(
    kinematics: Kinematics, home: np.ndarray
) -> None:
    with pytest.raises(
        SkillError, match=r"the right hand misses the far cup at \(0\.90.* by \d+ mm"
    ) as failure:
        Planner(kinematics).path(
            home, "right", [Pose(np.array([0.9, -0.1, 0.9]), np.eye(3))], what="the far cup"
        )
    assert failure.value.code == ErrorCode.OUT_OF_REACH


def test_a_path_starts_where_the_robot_is_and_ends_at_its_goal(
    kinematics: Kinematics, home: np.ndarray
) -> None:
    planner = Planner(kinematics)
    goal = Pose(np.array([0.25, -0.15, 0.90]), np.eye(3))
    motion = planner.path(home, "right", [goal])
    assert np.allclose(motion.position[0], kinematics.reduced(home))
    assert np.allclose(
        kinematics.hand_pose(planner.end(home, motion), "right").position,
        goal.position,
        atol=0.003,
    )
    assert planner.is_clear(home, motion)


def test_the_other_arm_keeps_its_posture(kinematics: Kinematics, home: np.ndarray) -> None:
    posed = np.array(home)
    posed[kinematics.index["left_elbow_joint"]] = 0.1
    planner = Planner(kinematics)
    motion = planner.path(posed, "right", [Pose(np.array([0.25, -0.15, 0.90]), np.eye(3))])
    moved = planner.end(posed, motion) - posed
    still = [i for name, i in kinematics.index.items() if name.startswith("left_")]
    assert np.abs(moved[still]).max() < 0.02


@pytest.mark.parametrize("side", SIDES)
def test_finger_postures_are_within_the_joints_range(side: str) -> None:
    from dynamical_control.simulation.assets import ensure_robot_model
    from dynamical_interfaces.joints import load_urdf

    limits = load_urdf(ensure_robot_model().urdf)
    for share in (0.0, 0.5, 1.0):
        for name, value in hands.posture(side, share).items():
            index = limits.names.index(name)
            assert limits.lower[index] <= value <= limits.upper[index], name
        measured = hands.positions(side, share)
        assert hands.closed_share(side, measured) == pytest.approx(share)


def test_a_way_out_of_a_touch_is_clear_unless_it_leads_into_another(
    kinematics: Kinematics, home: np.ndarray
) -> None:
    planner = Planner(kinematics)
    hand = kinematics.hand_pose(home, "right")
    raised = kinematics.solve(home, {"right": hand.moved([0.0, 0.0, 0.12])}, posture=home).joints
    up = {
        name: raised[kinematics.index[name]]
        for name in kinematics.joint_names
        if name.startswith("right_") and "hand" not in name
    }
    away = planner.joint_path(home, [up])
    both = planner.joint_path(home, [up, {"left_shoulder_pitch_joint": -1.0}])
    ahead = kinematics.hand_pose(planner.end(home, both), "left").position
    under = hand.position - [0.0, 0.0, 0.06]
    kinematics.set_obstacles([Box(under, np.full(3, 0.04)), Box(ahead, np.full(3, 0.04))])
    assert kinematics.clearance(home) < 0.0
    assert planner.is_clear(home, away)
    assert not planner.is_clear(home, both)
