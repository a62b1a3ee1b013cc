"""Projection, and checks of pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_perception.cameras.camera import CameraModel, Frame
from dynamical_perception.errors import CameraError
from dynamical_perception.transforms import Transform

CAMERA = CameraModel("head", 320, 240, 156.4, 150.0, 159.5, 119.5)
UNIT = st.floats(-1.0, 1.0)


@given(st.floats(0, 319), st.floats(0, 239), st.floats(0.1, 10.0))
def test_a_pixel_comes_back_from_space_where_it_was(column: float, row: float, depth: float):
    points = CAMERA.unproject(np.array([column]), np.array([row]), np.array([depth]))
    pixels, depths = CAMERA.project(points)
    np.testing.assert_allclose(pixels[0], (column, row), atol=1e-9)
    assert depths[0] == pytest.approx(depth)


@given(st.lists(UNIT, min_size=4, max_size=4), st.lists(UNIT, min_size=3, max_size=3))
def test_a_transform_and_its_inverse_cancel(quaternion: list[float], position: list[float]):
    if np.linalg.norm(quaternion) < 0.1:
        return
    pose = Transform.from_quaternion(np.array(position), np.array(quaternion))
    np.testing.assert_allclose(pose.rotation @ pose.rotation.T, np.eye(3), atol=1e-12)
    both = pose.compose(pose.inverse())
    np.testing.assert_allclose(both.rotation, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(both.translation, 0.0, atol=1e-12)


def test_a_point_behind_the_camera_has_no_pixel():
    pixels, depths = CAMERA.project(np.array([[0.0, 0.0, -1.0]]))
    assert np.isnan(pixels).all()
    assert depths[0] == -1.0
    assert not CAMERA.contains(pixels)[0]


def test_intrinsics_that_make_no_sense_are_refused_with_the_cameras_name():
    with pytest.raises(CameraError, match=r"camera 'head'.*fx=0"):
        CameraModel("head", 320, 240, 0.0, 150.0, 159.5, 119.5)


def test_a_picture_of_another_size_than_announced_is_refused():
    with pytest.raises(CameraError, match=r"depth picture has shape \(10, 10\)"):
        Frame(
            model=CAMERA,
            pose=Transform.identity(),
            stamp=0.0,
            color=np.zeros((240, 320, 3), np.uint8),
            depth=np.zeros((10, 10), np.float32),
            labels=np.zeros((240, 320), np.uint16),
        )
