"""What a rogue publisher writes: messages that look right, made without any secret."""

from array import array
from collections.abc import Callable
from typing import Any

from trajectory_msgs.msg import JointTrajectoryPoint

from dynamical_interfaces.seal import TAG_BYTES

Filler = Callable[[Any, Any], None]
FAR = 0.4  # of what a forged command wants [rad]
ARM = slice(15, 22)  # of the robot's joints, those of its left arm
CHUNK_POINTS = 25
TRAJECTORY_AHEAD = 2**40


def _command(message: Any, stamp: Any) -> None:
    count = len(message.joint_names)
    message.position = [FAR] * count
    message.velocity = [0.0] * count
    message.stiffness_scale = message.damping_scale = 1.0
    message.source = "control"


def _sealed_command(message: Any, stamp: Any) -> None:
    _command(message, stamp)
    message.source = "safety_gate"
    message.authentication_tag = array("B", [7] * TAG_BYTES)


def _permit(message: Any, stamp: Any) -> None:
    message.permitted = True
    message.authentication_tag = array("B", [7] * TAG_BYTES)


def _joints(message: Any, stamp: Any) -> None:
    count = len(message.name)
    message.position = [FAR] * count
    message.velocity = [0.0] * count
    message.effort = [0.0] * count


def _tracks(message: Any, stamp: Any) -> None:
    message.header.frame_id = "odom"
    message.tracks = []


def _forecast(message: Any, stamp: Any) -> None:
    message.model = "backup"
    message.horizon.sec, message.step.nanosec = 1, 100_000_000
    message.collision_probability = [0.0] * 10
    message.separation = [9.0] * 10


def _supervision(message: Any, stamp: Any) -> None:
    message.permitted = True


def _chunk(message: Any, stamp: Any) -> None:
    message.skill_id = message.execution_id = "rogue"
    message.trajectory_id = TRAJECTORY_AHEAD
    message.start_time = stamp
    message.period = 0.02
    message.confidence = 1.0
    message.observation_stamp = stamp
    rest = [0.0] * len(message.trajectory.joint_names)
    for index in range(CHUNK_POINTS):
        share = index / CHUNK_POINTS
        message.trajectory.points.append(
            JointTrajectoryPoint(positions=[FAR * share for _ in rest], velocities=rest)
        )


# Topic -> what a forged message of it holds.
FORGERIES: dict[str, Filler] = {
    "requested_command": _command,
    "safe_command": _sealed_command,
    "safety/permit": _permit,
    "joint_states": _joints,
    "tracks": _tracks,
    "forecast": _forecast,
    "safety/supervision": _supervision,
    "action_chunk": _chunk,
}
SEQUENCE_AHEAD = 10**15  # newer than anything true


def fill(topic: str, message: Any, *, stamp: Any, names: list[str], sequence: int) -> Any:
    """Fill a fresh message of a topic with what a rogue would write.

    Args:
        topic: One of ``FORGERIES``.
        message: An empty message of its type.
        stamp: Now, as a time message.
        names: The robot's joints.
        sequence: How many were sent before.
    """
    message.header.stamp = stamp
    for field in ("joint_names", "name"):
        if hasattr(message, field):
            setattr(message, field, names)
    if hasattr(message, "trajectory"):
        message.trajectory.joint_names = names[ARM]
    if hasattr(message, "sequence"):
        message.sequence = SEQUENCE_AHEAD + sequence
    FORGERIES[topic](message, stamp)
    return message
