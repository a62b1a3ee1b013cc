"""Where messages of the control package meet plain values."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from dynamical_control.command_guard import SealedCommand
from dynamical_control.interpolation import Chunk, ChunkError
from dynamical_control.permit_guard import SealedPermit

if TYPE_CHECKING:  # the physics engine stays out of processes that have no use for it
    from dynamical_control.robots.simulated.robot import RoomState
    from dynamical_control.simulation.cameras import CameraMount
    from dynamical_control.simulation.world import ObjectPose


def seconds(stamp: Any) -> float:
    """Time or duration message -> [s]."""
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def chunk_from_msg(message: Any) -> Chunk:
    """ActionChunk message -> Chunk.

    Raises:
        ChunkError: If its points have not the shape that its joint names ask for.
    """
    names = tuple(message.trajectory.joint_names)
    points = message.trajectory.points
    for number, point in enumerate(points):
        if len(point.positions) != len(names) or len(point.velocities) != len(names):
            raise ChunkError(
                f"point {number} of a chunk of skill {message.skill_id!r} has "
                f"{len(point.positions)} positions and {len(point.velocities)} velocities, want "
                f"{len(names)} of each"
            )
    shape = (len(points), len(names))
    return Chunk(
        trajectory_id=message.trajectory_id,
        skill_id=message.skill_id,
        start_time=seconds(message.start_time),
        offset=message.offset,
        period=message.period,
        joint_names=names,
        position=np.array([point.positions for point in points], dtype=float).reshape(shape),
        velocity=np.array([point.velocities for point in points], dtype=float).reshape(shape),
        final=message.final,
        abort=message.abort,
    )


def sealed_command_from_msg(message: Any) -> SealedCommand:
    """JointCommand message -> SealedCommand, nothing checked."""
    stamp = message.header.stamp
    return SealedCommand(
        sequence=message.sequence,
        trajectory_id=message.trajectory_id,
        stamp_ns=stamp.sec * 1_000_000_000 + stamp.nanosec,
        joint_names=tuple(message.joint_names),
        position=np.array(message.position),
        velocity=np.array(message.velocity),
        effort=np.array(message.effort),
        stiffness=message.stiffness_scale,
        damping=message.damping_scale,
        tag=bytes(message.authentication_tag),
    )


def sealed_permit_from_msg(message: Any) -> SealedPermit:
    """SafetyPermit message -> SealedPermit, nothing checked."""
    stamp = message.header.stamp
    return SealedPermit(
        sequence=message.sequence,
        stamp_ns=stamp.sec * 1_000_000_000 + stamp.nanosec,
        permitted=message.permitted,
        reason=message.reason,
        tag=bytes(message.authentication_tag),
    )


def room_state_to_msg(state: RoomState, message: Any) -> Any:
    """RoomState -> SimulationState, into a message that is used again and again."""
    message.simulated_time = state.time
    message.qpos = array("d", state.qpos)
    message.mocap_pos = array("d", state.mocap_pos)
    message.mocap_quat = array("d", state.mocap_quat)
    message.human_distance = state.human_distance
    return message


def object_to_track(pose: ObjectPose, track: Any, *, number: int) -> Any:
    """ObjectPose -> Track: exact, so without covariance and with full confidence."""
    track.id = number
    track.class_id = pose.class_id
    track.color = pose.name.partition("_")[0]
    track.motion = track.MOTION_MOVABLE
    track.confidence = 1.0
    centre, turn = track.pose.position, track.pose.orientation
    centre.x, centre.y, centre.z = pose.position
    turn.w, turn.x, turn.y, turn.z = pose.quaternion
    track.size.x, track.size.y, track.size.z = pose.size
    track.velocity.x, track.velocity.y, track.velocity.z = pose.velocity
    return track


def image_to_msg(pixels: np.ndarray, *, encoding: str, frame: str, stamp: Any) -> Image:
    """Picture, shape (height, width) or (height, width, channels), rows from the top -> Image."""
    message = Image()
    message.header.stamp = stamp
    message.header.frame_id = frame
    message.height, message.width = pixels.shape[:2]
    message.encoding = encoding
    message.is_bigendian = 0
    message.step = pixels.strides[0]
    data = array("B")
    data.frombytes(pixels.tobytes())
    message.data = data
    return message


def camera_info_to_msg(mount: CameraMount, *, stamp: Any) -> CameraInfo:
    """Intrinsics of a camera without distortion -> CameraInfo."""
    message = CameraInfo()
    message.header.stamp = stamp
    message.header.frame_id = mount.frame
    message.height, message.width = mount.height, mount.width
    message.distortion_model = "plumb_bob"
    message.d = [0.0] * 5
    matrix = mount.intrinsics()
    message.k = matrix.ravel()
    message.r = np.eye(3).ravel()
    message.p = np.hstack([matrix, np.zeros((3, 1))]).ravel()
    return message
