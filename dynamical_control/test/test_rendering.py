"""What the simulated cameras see agrees with where things are."""

from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml

from dynamical_control.simulation.cameras import mounting_table
from dynamical_control.simulation.layout import Layout, instances, sensor_cameras
from dynamical_control.simulation.rendering import MovieRenderer, SensorRenderer
from dynamical_control.simulation.scene import build_scene
from dynamical_control.simulation.world import World

LAYOUT = Layout()
LABEL = {instance.name: instance.label for instance in instances(LAYOUT)}
CAMERAS = {mount.name: mount for mount in sensor_cameras(LAYOUT)}


@pytest.fixture(scope="module")
def world(robot_model):
    made = World(robot_model)
    made.person.walk([(1.3, 0.3)], speed=1.0, dwell=0.0, now=made.time)
    for _ in range(50):
        made.step(1)
    return made


@pytest.fixture(scope="module")
def renderer(robot_model, world):
    made = SensorRenderer(build_scene(robot_model.mjcf, LAYOUT), instances(LAYOUT))
    made.set_state(**state(world))
    yield made
    made.close()


def state(world):
    data = world.data
    return {"qpos": data.qpos, "mocap_pos": data.mocap_pos, "mocap_quat": data.mocap_quat}


def test_a_picture_has_the_sizes_and_types_of_its_contract(renderer):
    picture = renderer.picture(CAMERAS["head"])
    assert picture.color.shape == (240, 320, 3)
    assert picture.color.dtype == np.uint8
    assert picture.depth.shape == (240, 320)
    assert picture.depth.dtype == np.float32
    assert picture.labels.dtype == np.uint16
    assert picture.color.std() > 10.0


def test_the_head_camera_sees_the_objects_and_the_room_cameras_see_the_person(renderer):
    head = set(np.unique(renderer.picture(CAMERAS["head"]).labels))
    assert {LABEL[n] for n in ("table", "shelf", "red_cup", "blue_cube", "green_bottle")} <= head
    for name in ("room_left", "room_right"):
        seen = set(np.unique(renderer.picture(CAMERAS[name]).labels))
        assert {LABEL["table"], LABEL["robot"]} <= seen
    assert LABEL["person"] in set(np.unique(renderer.picture(CAMERAS["head"]).labels))


@pytest.mark.parametrize("camera", ["head", "room_left", "room_right"])
def test_pixels_of_an_object_lie_on_it_in_the_world(renderer, world, camera):
    """Depth, intrinsics, mounting and labels fit together: what perception relies on."""
    mount = CAMERAS[camera]
    picture = renderer.picture(mount)
    v, u = np.nonzero(picture.labels == LABEL["green_bottle"])
    assert len(u) > 20
    depth = picture.depth[v, u]
    rays = np.linalg.inv(mount.intrinsics()) @ np.vstack([u, v, np.ones_like(u)])
    optical = rays * depth
    if mount.parent == "odom":
        rotation, origin = np.eye(3), np.zeros(3)
    else:
        body = world.model.body(mount.parent).id
        rotation, origin = world.data.xmat[body].reshape(3, 3), world.data.xpos[body]
    inside = mount.optical_rotation() @ optical + np.array(mount.position)[:, None]
    points = (rotation @ inside).T + origin
    bottle = next(pose for pose in world.object_poses() if pose.name == "green_bottle")
    offset = points - np.array(bottle.position)
    assert np.median(np.hypot(offset[:, 0], offset[:, 1])) < 0.036
    assert np.percentile(offset[:, 2], 5) > -0.10
    assert np.percentile(offset[:, 2], 95) < 0.10


def test_depth_noise_is_seeded_and_grows_with_distance(robot_model, world):
    pictures = []
    for _ in range(2):
        made = SensorRenderer(build_scene(robot_model.mjcf, LAYOUT), instances(LAYOUT), seed=4)
        made.set_state(**state(world))
        pictures.append((made.picture(CAMERAS["head"]).depth, made.picture(CAMERAS["head"]).depth))
        made.close()
    np.testing.assert_array_equal(pictures[0][0], pictures[1][0])
    first, second = pictures[0]
    finite = np.isfinite(first) & np.isfinite(second)
    first, second = first[finite], second[finite]
    difference = first - second
    near, far = first < 0.8, first > 2.0
    assert 0.001 < difference[near].std() < 0.005
    assert difference[far].std() > 2.0 * difference[near].std()


def test_the_sky_is_beyond_range(renderer):
    assert np.isinf(renderer.picture(CAMERAS["room_left"]).depth[0, 0])


def test_cameras_yaml_says_where_the_simulated_cameras_are():
    path = Path(__file__).parents[2] / "dynamical_bringup" / "config" / "cameras.yaml"
    if not path.is_file():
        pytest.skip("dynamical_bringup is not beside this package")
    assert yaml.safe_load(path.read_text())["cameras"] == mounting_table(sensor_cameras(LAYOUT))


def test_the_scene_mounts_the_cameras_as_the_layout_says(robot_model):
    model = build_scene(robot_model.mjcf, LAYOUT)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for mount in LAYOUT.cameras:
        camera = model.camera(mount.name).id
        np.testing.assert_allclose(data.cam_xpos[camera], mount.position, atol=1e-9)
        forward = np.subtract(mount.target, mount.position)
        looked = -data.cam_xmat[camera].reshape(3, 3)[:, 2]
        np.testing.assert_allclose(looked, forward / np.linalg.norm(forward), atol=1e-6)


def test_a_movie_frame_is_drawn_from_a_recorded_state(robot_model, world):
    data = world.data
    with MovieRenderer(robot_model, width=320, height=240) as movie:
        frame = movie.frame(data.qpos, data.mocap_pos, data.mocap_quat)
    assert frame.shape == (240, 320, 3)
    assert frame.dtype == np.uint8
    assert frame.std() > 10.0
