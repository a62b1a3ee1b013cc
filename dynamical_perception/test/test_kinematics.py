"""Joint states at the moment of a picture, and cameras on links."""

from pathlib import Path

import numpy as np
import pytest

from dynamical_perception.cameras.mounting import Mounting
from dynamical_perception.errors import KinematicsError
from dynamical_perception.kinematics import JointHistory, JointSample, RobotKinematics
from dynamical_perception.transforms import Transform

ARM = """
<mujoco><worldbody><body name="base" pos="0 0 1">
  <geom size="0.1"/>
  <body name="arm" pos="0 0 0.5"><joint name="yaw" axis="0 0 1"/><geom size="0.1"/></body>
</body></worldbody></mujoco>
"""


def sample(stamp: float, position: float, velocity: float = 0.0) -> JointSample:
    return JointSample(stamp, np.array([position]), np.array([velocity]))


def test_joints_are_interpolated_between_two_states():
    history = JointHistory()
    history.add(["yaw"], sample(10.0, 1.0))
    history.add(["yaw"], sample(10.1, 2.0))
    assert history.at(10.025) == pytest.approx([1.25])


def test_joints_go_on_with_their_velocity_for_a_moment_only():
    history = JointHistory()
    history.add(["yaw"], sample(10.0, 1.0, velocity=2.0))
    assert history.at(10.03) == pytest.approx([1.06])
    assert history.at(10.15) == pytest.approx([1.1])
    assert history.at(10.3) is None
    assert history.at(9.7) is None


def test_a_clock_that_went_back_starts_the_history_anew():
    history = JointHistory()
    history.add(["yaw"], sample(100.0, 1.0))
    history.add(["yaw"], sample(10.0, 2.0))
    assert history.at(10.0) == pytest.approx([2.0])


@pytest.fixture
def arm(tmp_path: Path) -> RobotKinematics:
    path = tmp_path / "arm.xml"
    path.write_text(ARM, encoding="utf-8")
    return RobotKinematics(path)


def test_a_camera_moves_with_its_link(arm: RobotKinematics):
    mounting = Mounting("head", "arm", Transform(np.eye(3), np.array([0.2, 0.0, 0.1])))
    arm.move(("other", "yaw"), np.array([9.0, np.pi / 2]))
    pose = arm.camera_pose(mounting)
    np.testing.assert_allclose(pose.translation, (0.0, 0.2, 1.6), atol=1e-12)
    np.testing.assert_allclose(pose.rotation[:, 0], (0, 1, 0), atol=1e-12)


def test_a_link_that_does_not_exist_is_named_with_the_camera(arm: RobotKinematics):
    with pytest.raises(KinematicsError, match=r"camera 'head': parent 'neck' is no link"):
        arm.check(Mounting("head", "neck", Transform.identity()))


def test_joint_states_of_another_robot_are_refused(arm: RobotKinematics):
    with pytest.raises(KinematicsError, match=r"no joint of \['wheel'\]"):
        arm.move(("wheel",), np.array([0.0]))


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path):
    with pytest.raises(KinematicsError, match=r"absent.xml"):
        RobotKinematics(tmp_path / "absent.xml")
