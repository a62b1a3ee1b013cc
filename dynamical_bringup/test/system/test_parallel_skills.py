"""Skills at the same time on the running platform: one blended motion, and two arms side by side.

The last of its folder: the robot has things in its hands afterwards.
"""

import threading

import numpy as np
import pytest

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.layout import RED_CUP, Layout
from dynamical_control.simulation.world import World

pytestmark = pytest.mark.system

LEVEL = 0.12  # a full cup spills at a tilt of about this much [rad]
FACING = 0.25  # [rad]


@pytest.fixture(scope="module")
def world():
    """The simulated world's model: where things are in the truth that the grader records."""
    return World(ensure_robot_model(), Layout()).model


def carry_out(platform, goal):
    answer = platform.client.invoke(platform.here.robot_id, goal)
    assert answer["execution_id"], answer
    execution = platform.client.follow(answer["execution_id"])
    assert execution["success"], execution["error_message"]
    return execution


def start_over(platform, seed):
    platform.grader.node.reset_simulation(seed)
    threading.Event().wait(2.0)
    platform.grader.node.evidence.clear()
    platform.grader.wait_for_truth()


def tilt_of_the_cup(world, room):
    """Angle between the cup's axis and the vertical in each sample [rad]."""
    joint = world.body_jntadr[world.body(RED_CUP.name).id]
    first = world.jnt_qposadr[joint] + 3
    quaternions = np.array([sample.qpos[first : first + 4] for sample in room])
    upright = 1.0 - 2.0 * (quaternions[:, 1] ** 2 + quaternions[:, 2] ** 2)
    return np.arccos(np.clip(upright, -1.0, 1.0))


def angles(world, room, joint):
    return np.array([sample.qpos[world.joint(joint).qposadr[0]] for sample in room])


def test_the_cup_is_kept_level_while_the_robot_looks_at_the_shelf(platform, world):
    start_over(platform, 11)
    carry_out(platform, "pick up the red cup")
    evidence = platform.grader.node.evidence
    evidence.clear()
    carry_out(platform, "hold the cup level while looking at the shelf")
    threading.Event().wait(0.3)
    room = list(evidence.room)
    assert len(room) > 20
    assert tilt_of_the_cup(world, room).max() < LEVEL
    layout = Layout()
    shelf = np.arctan2(sum(layout.shelf_y) / 2, sum(layout.shelf_x) / 2)
    turned = angles(world, room, "waist_yaw_joint")
    assert abs(turned[-1] - shelf) < FACING
    assert abs(turned[-1] - turned[0]) > 0.3, "it looked there before"


def test_one_arm_waves_while_the_other_is_raised(platform, world):
    start_over(platform, 11)
    execution = carry_out(platform, "wave with your left hand while raising your right hand")
    assert set(execution["result_data"]["skill_ids_used"]) == {"wave", "raise_hand"}, execution
    room = list(platform.grader.node.evidence.room)
    times = np.array([sample.time for sample in room])
    speeds = {}
    for side in ("left", "right"):
        joints = [
            f"{side}_shoulder_pitch_joint",
            f"{side}_elbow_joint",
            f"{side}_shoulder_roll_joint",
        ]
        moved = [np.abs(np.gradient(angles(world, room, joint), times)) for joint in joints]
        speeds[side] = np.max(moved, axis=0)
    together = (speeds["left"] > 0.15) & (speeds["right"] > 0.15)
    assert together.sum() >= 5, "the arms moved one after the other"
