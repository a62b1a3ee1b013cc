"""Messages and plain values."""

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image, JointState

from dynamical_interfaces.msg import LabelInfo
from dynamical_perception import conversions
from dynamical_perception.catalogue import Motion
from dynamical_perception.errors import CameraError
from dynamical_perception.forecast import Forecast
from dynamical_perception.segments import Instance
from dynamical_perception.tracks import TrackState


def image(picture: np.ndarray, encoding: str, step: int) -> Image:
    height, width = picture.shape[:2]
    message = Image(height=height, width=width, encoding=encoding, step=step)
    message.data.frombytes(picture.tobytes())
    return message


@pytest.mark.parametrize(
    ("encoding", "kind", "shape"),
    [("rgb8", np.uint8, (4, 6, 3)), ("32FC1", np.float32, (4, 6)), ("mono16", np.uint16, (4, 6))],
)
def test_a_picture_comes_through_unchanged(encoding: str, kind: type, shape: tuple[int, ...]):
    picture = (np.random.default_rng(0).random(shape) * 200).astype(kind)
    got = conversions.picture_from_msg("head", image(picture, encoding, picture.strides[0]))
    np.testing.assert_array_equal(got, picture)


def test_a_picture_is_not_copied():
    message = image(np.zeros((4, 6), np.uint16), "mono16", 12)
    got = conversions.picture_from_msg("head", message)
    message.data[0] = 7
    assert got[0, 0] == 7


def test_rows_with_padding_are_read():
    padded = np.arange(32, dtype=np.uint8).reshape(4, 8)
    message = image(padded, "mono16", 8)
    message.width = 3
    got = conversions.picture_from_msg("head", message)
    np.testing.assert_array_equal(got, padded.view(np.uint16)[:, :3])


@pytest.mark.parametrize(("encoding", "step"), [("bgr8", 18), ("rgb8", 17), ("rgb8", 19)])
def test_a_picture_that_does_not_fit_is_refused_with_the_cameras_name(encoding: str, step: int):
    message = image(np.zeros((4, 6, 3), np.uint8), encoding, step)
    with pytest.raises(CameraError, match="camera 'head'"):
        conversions.picture_from_msg("head", message)


def test_a_distorted_camera_is_refused():
    info = CameraInfo(width=6, height=4, k=[5.0, 0, 2.5, 0, 5.0, 1.5, 0, 0, 1.0], d=[0.1])
    with pytest.raises(CameraError, match="distortion"):
        conversions.camera_model_from_msg("head", info)
    info.d = [0.0] * 5
    assert conversions.camera_model_from_msg("head", info).cy == 1.5


def test_joint_states_without_velocity_stand_still():
    names, sample = conversions.joints_from_msg(JointState(name=["a"], position=[1.5]))
    assert names == ("a",)
    assert (sample.position[0], sample.velocity[0]) == (1.5, 0.0)


def test_labels_are_read():
    message = LabelInfo(label=[3], instance=["red_cup"], class_id=["cup"])
    assert conversions.labels_from_msg(message) == {3: Instance("red_cup", "cup")}


def test_a_track_keeps_all_it_says():
    state = TrackState(
        id=4,
        instance="red_cup",
        class_id="cup",
        color="red",
        motion=Motion.MOVABLE,
        position=np.array([0.1, 0.2, 0.3]),
        yaw=0.5,
        size=np.array([0.07, 0.08, 0.1]),
        velocity=np.array([1.0, 2.0, 3.0]),
        covariance=np.arange(36.0).reshape(6, 6),
        confidence=0.75,
        cameras=("head",),
        stamp=12.25,
    )
    message = conversions.tracks_to_msg([state], 12.5)
    track = message.tracks[0]
    assert (track.id, track.class_id, track.color, track.motion) == (4, "cup", "red", 2)
    assert (track.pose.position.x, track.size.y, track.velocity.z) == (0.1, 0.08, 3.0)
    assert 2 * np.arctan2(track.pose.orientation.z, track.pose.orientation.w) == pytest.approx(0.5)
    assert list(track.covariance) == list(range(36))
    assert (track.observation_stamp.sec, track.observation_stamp.nanosec) == (12, 250_000_000)
    assert (message.header.stamp.nanosec, message.header.frame_id) == (500_000_000, "odom")
    assert len(conversions.markers_to_msg([state], 12.5).markers) == 2


def test_the_hands_of_a_person_are_told():
    state = TrackState(
        id=1,
        instance="person",
        class_id="person",
        color="",
        motion=Motion.AGENT,
        position=np.array([1.0, 0.0, 0.9]),
        yaw=0.0,
        size=np.array([0.5, 0.5, 1.8]),
        velocity=np.zeros(3),
        covariance=np.zeros((6, 6)),
        confidence=0.9,
        cameras=("head",),
        stamp=12.0,
        hands=(np.array([0.5, 0.1, 1.1]), np.array([0.6, -0.2, 1.2])),
    )
    hands = conversions.track_to_msg(state).hands
    assert [(hand.x, hand.y, hand.z) for hand in hands] == [(0.5, 0.1, 1.1), (0.6, -0.2, 1.2)]


def test_a_forecast_says_its_horizon():
    value = Forecast(step=0.1, separation=np.full(10, np.inf), probability=np.zeros(10))
    message = conversions.forecast_to_msg(value, 1.0)
    assert (message.horizon.sec, message.step.nanosec) == (1, 100_000_000)
    assert list(message.separation) == [float("inf")] * 10
