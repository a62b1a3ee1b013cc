"""Capsules hold the robot's links, and hold them tightly where hands work."""

from typing import Any

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.capsules import Capsules, hull_capsules, robot_capsules

lengths = st.floats(0.005, 0.3)


def segment_distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - start
    t = np.clip((points - start) @ along / max(along @ along, 1e-12), 0.0, 1.0)
    return np.linalg.norm(points - start - t[:, None] * along, axis=1)


@pytest.fixture(scope="module")
def model(robot: Any) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_path(str(robot.mjcf_path))


@pytest.fixture(scope="module")
def capsules(model: mujoco.MjModel) -> Capsules:
    return robot_capsules(model)


def shape_points(model: mujoco.MjModel, geom: int) -> np.ndarray:
    """Points all over a mesh's hull, in the body's frame: corners and mixtures of them."""
    mesh = model.geom_dataid[geom]
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    corners = np.array(model.mesh_vert[first : first + count], dtype=float)
    random = np.random.default_rng(0)
    mixed = random.dirichlet(np.full(3, 0.5), 600)
    inside = np.einsum("pk,pkx->px", mixed, corners[random.integers(0, count, (600, 3))])
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
    points = np.concatenate([corners, inside])
    return points @ rotation.reshape(3, 3).T + model.geom_pos[geom]


def test_every_point_of_every_link_lies_in_a_capsule(
    model: mujoco.MjModel, capsules: Capsules
) -> None:
    meshes = 0
    for geom in range(model.ngeom):
        if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH or not model.geom_contype[geom]:
            continue
        points = shape_points(model, geom)
        own = np.flatnonzero(capsules.geom == geom)
        outside = np.min(
            [
                segment_distance(points, capsules.start[i], capsules.end[i]) - capsules.radius[i]
                for i in own
            ],
            axis=0,
        )
        assert outside.max() < 1e-6, model.geom(geom).name
        meshes += 1
    assert meshes > 30


def test_fingers_and_palms_are_held_to_within_some_millimetres(
    model: mujoco.MjModel, capsules: Capsules
) -> None:
    random = np.random.default_rng(1).normal(size=(300, 3))
    directions = random / np.linalg.norm(random, axis=1, keepdims=True)
    for geom in range(model.ngeom):
        name = model.body(model.geom_bodyid[geom]).name
        if "_hand_" not in name or model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH:
            continue
        if not model.geom_contype[geom]:
            continue
        extent = (shape_points(model, geom) @ directions.T).max(axis=0)
        own = capsules.geom == geom
        ends = np.maximum(capsules.start[own] @ directions.T, capsules.end[own] @ directions.T)
        excess = (ends + capsules.radius[own, None]).max(axis=0) - extent
        assert excess.max() < 0.012, name
        assert excess.mean() < 0.005, name


def test_few_capsules_make_up_the_robot(capsules: Capsules) -> None:
    assert len(capsules.links) < 90
    assert np.isfinite(capsules.radius).all()
    assert len({"left_elbow_link", "torso_link", "pelvis"} & set(capsules.links)) == 3


@settings(max_examples=10, deadline=None)
@given(st.tuples(lengths, lengths, lengths), st.integers(0, 2**31))
def test_the_capsules_of_any_box_hold_it(half: tuple[float, float, float], seed: int) -> None:
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T * half
    found = hull_capsules(corners, np.array(np.triu_indices(8, 1)).T)
    points = np.random.default_rng(seed).uniform(-1, 1, (200, 3)) * half
    points = np.concatenate([points, corners])
    outside = np.min([segment_distance(points, c.start, c.end) - c.radius for c in found], axis=0)
    assert outside.max() < 1e-6


def test_primitive_shapes_become_their_own_capsules() -> None:
    model = mujoco.MjModel.from_xml_string(
        """<mujoco><worldbody><body name="a"><freejoint/>
        <geom type="capsule" size="0.02 0.1" pos="0 0 1"/><geom type="sphere" size="0.03"/>
        <geom type="cylinder" size="0.03 0.1"/></body></worldbody></mujoco>"""
    )
    capsules = robot_capsules(model)
    np.testing.assert_allclose(capsules.radius[:2], [0.02, 0.03])
    np.testing.assert_allclose(capsules.start[0], [0, 0, 0.9])
    np.testing.assert_allclose(capsules.end[0], [0, 0, 1.1])
    assert (capsules.radius[2:] < 0.035).all()
