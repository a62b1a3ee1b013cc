"""Where perception's messages meet plain values. Pictures are viewed, never copied."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Vector3
from sensor_msgs.msg import CameraInfo, Image, JointState
from visualization_msgs.msg import Marker, MarkerArray

from dynamical_interfaces.msg import CollisionForecast, LabelInfo, RobotLocation, Track, TrackArray
from dynamical_perception.cameras.camera import CameraModel
from dynamical_perception.errors import CameraError
from dynamical_perception.forecast import MODEL, Forecast
from dynamical_perception.kinematics import JointSample
from dynamical_perception.robot_locations import Location
from dynamical_perception.segments import Instance
from dynamical_perception.tracks import TrackState

FRAME = "odom"
_NANOSECONDS = 1_000_000_000
_ENCODINGS: dict[str, tuple[type[Any], int]] = {
    "rgb8": (np.uint8, 3),
    "32FC1": (np.float32, 1),
    "mono16": (np.uint16, 1),
    "16UC1": (np.uint16, 1),
}
_MARKER_LIFE = 0.5  # a marker that is not renewed vanishes [s]
_PALETTE = {
    "red": (0.85, 0.1, 0.1),
    "green": (0.1, 0.6, 0.2),
    "blue": (0.1, 0.3, 0.85),
    "yellow": (0.9, 0.8, 0.1),
    "orange": (0.95, 0.55, 0.1),
    "brown": (0.5, 0.35, 0.2),
    "black": (0.1, 0.1, 0.1),
    "white": (0.95, 0.95, 0.95),
}


def nanoseconds(stamp: Time) -> int:
    """A stamp as whole nanoseconds."""
    return int(stamp.sec) * _NANOSECONDS + int(stamp.nanosec)


def stamp_to_msg(seconds: float) -> Time:
    """Time message for ROS time [s]."""
    total = round(seconds * _NANOSECONDS)
    return Time(sec=total // _NANOSECONDS, nanosec=total % _NANOSECONDS)


def picture_from_msg(camera: str, message: Image) -> np.ndarray:
    """A picture as an array over the message's own memory, shape (height, width[, 3]).

    Raises:
        CameraError: If the encoding is unknown or the size does not fit the data.
    """
    known = _ENCODINGS.get(message.encoding)
    if known is None:
        raise CameraError(
            camera, f"encoding {message.encoding!r} is unknown; known are {sorted(_ENCODINGS)}"
        )
    kind, channels = known
    item = np.dtype(kind).newbyteorder(">" if message.is_bigendian else "<")
    row = message.width * channels * item.itemsize
    if message.step < row or len(message.data) != message.step * message.height:
        raise CameraError(
            camera,
            f"{message.encoding} picture of {message.width}x{message.height} with step "
            f"{message.step} has {len(message.data)} bytes",
        )
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)[:, :row]
    picture = (
        np.ascontiguousarray(rows).view(item).reshape(message.height, message.width, channels)
    )
    return picture if channels > 1 else picture[:, :, 0]


def camera_model_from_msg(camera: str, message: CameraInfo) -> CameraModel:
    """Intrinsics.

    Raises:
        CameraError: If they make no sense, or the camera has lens distortion.
    """
    if any(abs(value) > 1e-9 for value in message.d):
        raise CameraError(
            camera, f"distortion {list(message.d)} is not supported; send rectified pictures"
        )
    return CameraModel.from_matrix(camera, (message.width, message.height), message.k)


def joints_from_msg(message: JointState) -> tuple[tuple[str, ...], JointSample]:
    """Joint names and state; a velocity that is absent is zero."""
    position = np.array(message.position, float)
    velocity = np.array(message.velocity, float)
    if velocity.shape != position.shape:
        velocity = np.zeros_like(position)
    return tuple(message.name), JointSample(
        nanoseconds(message.header.stamp) / _NANOSECONDS, position, velocity
    )


def labels_from_msg(message: LabelInfo) -> dict[int, Instance]:
    """Meaning of label numbers."""
    rows = zip(message.label, message.instance, message.class_id, strict=True)
    return {int(label): Instance(name, class_id) for label, name, class_id in rows}


def _vector(values: np.ndarray) -> Vector3:
    x, y, z = values.tolist()
    return Vector3(x=x, y=y, z=z)


def _point(values: np.ndarray) -> Point:
    x, y, z = values.tolist()
    return Point(x=x, y=y, z=z)


def track_to_msg(state: TrackState) -> Track:
    """One track."""
    message = Track(
        id=state.id,
        class_id=state.class_id,
        color=state.color,
        motion=int(state.motion),
        size=_vector(state.size),
        velocity=_vector(state.velocity),
        covariance=state.covariance.ravel(),
        confidence=state.confidence,
        hands=[_point(hand) for hand in state.hands],
        source_cameras=list(state.cameras),
        observation_stamp=stamp_to_msg(state.stamp),
    )
    message.pose.position = _point(state.position)
    message.pose.orientation.w = float(np.cos(state.yaw / 2))
    message.pose.orientation.z = float(np.sin(state.yaw / 2))
    return message


def tracks_to_msg(states: Sequence[TrackState], stamp: float) -> TrackArray:
    """All tracks; ``stamp`` is that of the newest pictures, ROS time [s]."""
    message = TrackArray(tracks=[track_to_msg(state) for state in states])
    message.header.stamp = stamp_to_msg(stamp)
    message.header.frame_id = FRAME
    return message


def location_to_msg(location: Location) -> RobotLocation:
    """Where a robot stands; its load is not known to perception."""
    message = RobotLocation(
        robot_id=location.robot_id,
        workspace_id=location.workspace_id,
        visible_cameras=list(location.cameras),
        load=float("nan"),
    )
    message.header.stamp = stamp_to_msg(location.stamp)
    message.header.frame_id = FRAME
    message.pose.pose.position = _point(location.pose.translation)
    w, x, y, z = _quaternion(location.pose.rotation)
    orientation = message.pose.pose.orientation
    orientation.w, orientation.x, orientation.y, orientation.z = w, x, y, z
    message.pose.covariance = location.covariance.ravel()
    return message


def forecast_to_msg(value: Forecast, stamp: float) -> CollisionForecast:
    """A forecast; ``stamp`` is that of the newest pictures it rests on, ROS time [s]."""
    count = len(value.separation)
    message = CollisionForecast(
        model=MODEL,
        horizon=_duration(count * value.step),
        step=_duration(value.step),
        collision_probability=value.probability.tolist(),
        separation=value.separation.tolist(),
    )
    message.header.stamp = stamp_to_msg(stamp)
    return message


def contact_to_msg(
    probability: np.ndarray, *, model: str, step: float, stamp: float
) -> CollisionForecast:
    """The world model's forecast: probabilities alone, it measures no distance.

    Args:
        probability: Shape (n,), of contact up to each step, 0..1.
        model: Who forecasts.
        step: Time between two values [s].
        stamp: When the newest picture it rests on was taken, ROS time [s].
    """
    message = CollisionForecast(
        model=model,
        horizon=_duration(len(probability) * step),
        step=_duration(step),
        collision_probability=probability.tolist(),
    )
    message.header.stamp = stamp_to_msg(stamp)
    return message


def markers_to_msg(states: Sequence[TrackState], stamp: float) -> MarkerArray:
    """Boxes and names for rviz2."""
    markers = []
    for state in states:
        red, green, blue = _PALETTE.get(state.color, (0.6, 0.6, 0.6))
        box = _marker(state, stamp, "box", Marker.CUBE)
        box.scale = _vector(np.maximum(state.size, 1e-3))
        box.color.r, box.color.g, box.color.b, box.color.a = red, green, blue, 0.55
        text = _marker(state, stamp, "name", Marker.TEXT_VIEW_FACING)
        text.pose.position.z += float(state.size[2]) / 2 + 0.05
        text.scale.z = 0.05
        text.color.r = text.color.g = text.color.b = text.color.a = 1.0
        text.text = f"{state.color} {state.class_id} {state.id}".strip()
        markers += [box, text]
    return MarkerArray(markers=markers)


def _marker(state: TrackState, stamp: float, namespace: str, kind: int) -> Marker:
    marker = Marker(ns=namespace, id=state.id, type=kind, action=Marker.ADD)
    marker.header.stamp = stamp_to_msg(stamp)
    marker.header.frame_id = FRAME
    marker.pose.position = _point(state.position)
    marker.lifetime = _duration(_MARKER_LIFE)
    return marker


def _duration(seconds: float) -> Duration:
    total = round(seconds * _NANOSECONDS)
    return Duration(sec=total // _NANOSECONDS, nanosec=total % _NANOSECONDS)


def _quaternion(rotation: np.ndarray) -> tuple[float, float, float, float]:
    """Unit quaternion (w, x, y, z), w >= 0: an eigenvector (Bar-Itzhack 2000), no division."""
    m = rotation
    k = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], 0.0, 0.0, 0.0],
            [m[2, 1] - m[1, 2], m[0, 0] - m[1, 1] - m[2, 2], 0.0, 0.0],
            [m[0, 2] - m[2, 0], m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], 0.0],
            [m[1, 0] - m[0, 1], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    w, x, y, z = np.linalg.eigh(k, UPLO="L")[1][:, -1]
    sign = 1.0 if w >= 0 else -1.0
    return float(sign * w), float(sign * x), float(sign * y), float(sign * z)


def label_names(table: Mapping[int, Instance]) -> str:
    """Names of all labelled things, for one line in the log."""
    return ", ".join(f"{number}={item.name}" for number, item in sorted(table.items()))
