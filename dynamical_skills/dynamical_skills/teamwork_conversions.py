"""The one door between ``Participation`` messages and plain values."""

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np

from dynamical_interfaces.msg import Participation as ParticipationMsg
from dynamical_skills.coordination import ROLES, SYNC_MODES
from dynamical_skills.errors import ParameterError
from dynamical_skills.teamwork.word import ANY_NUMBER, Bearing, Phase, Word


def word_to_msg(word: Word, *, stamp: Any, time: Callable[[float], Any]) -> Any:
    """A ``Participation``.

    Args:
        word: What is told.
        stamp: Message time of now.
        time: ROS time [s] to message time.
    """
    message = ParticipationMsg()
    message.header.stamp, message.header.frame_id = stamp, "odom"
    message.coordination_id, message.robot_id = word.coordination_id, word.robot_id
    message.execution_id, message.sequence = word.execution_id, word.sequence
    message.joined = time(word.joined)
    message.role, message.sync_mode = word.role, word.sync_mode
    message.min_robots = word.min_robots
    message.max_robots = 0 if word.max_robots >= ANY_NUMBER else word.max_robots
    message.phase = int(word.phase)
    message.reached = list(word.reached)
    message.skill_id, message.progress = word.skill_id, float(word.progress)
    message.error_code, message.error_msg = int(word.error_code), word.error_text
    if word.bearing is not None:
        _put_bearing(word.bearing, message)
    return message


def _put_bearing(bearing: Bearing, message: Any) -> None:
    message.joint_names = list(bearing.joints)
    message.joint_positions = [float(value) for value in bearing.joints.values()]
    message.hand = bearing.hand
    pose, quaternion = message.hand_pose, np.empty(4)
    pose.position.x, pose.position.y, pose.position.z = (float(v) for v in bearing.position)
    mujoco.mju_mat2Quat(quaternion, np.asarray(bearing.rotation, dtype=float).ravel())
    orientation = pose.orientation
    orientation.w, orientation.x, orientation.y, orientation.z = quaternion.tolist()


def word_from_msg(message: Any) -> Word:
    """A ``Participation``.

    Raises:
        ParameterError: If a field is not valid; names robot, field and value.
    """
    if message.role not in ROLES or message.sync_mode not in SYNC_MODES:
        raise ParameterError(
            f"{message.robot_id[:80]!r} takes part as {message.role[:40]!r} in sync mode "
            f"{message.sync_mode[:40]!r}; allowed are {ROLES} and {SYNC_MODES}"
        )
    joined = message.joined
    return Word(
        coordination_id=message.coordination_id,
        robot_id=message.robot_id,
        execution_id=message.execution_id,
        sequence=int(message.sequence),
        joined=float(joined.sec) + 1e-9 * float(joined.nanosec),
        role=message.role,
        sync_mode=message.sync_mode,
        min_robots=int(message.min_robots),
        max_robots=int(message.max_robots) or ANY_NUMBER,
        phase=Phase(message.phase) if message.phase in list(Phase) else Phase.UNKNOWN,
        reached=tuple(message.reached),
        skill_id=message.skill_id,
        progress=float(message.progress),
        error_code=int(message.error_code),
        error_text=message.error_msg,
        bearing=_bearing(message),
    )


def _bearing(message: Any) -> Bearing | None:
    count = len(message.joint_names)
    if not count and not message.hand:
        return None
    if len(message.joint_positions) != count or not np.isfinite(message.joint_positions).all():
        raise ParameterError(
            f"{message.robot_id[:80]!r} tells {len(message.joint_positions)} positions of "
            f"{count} joints, or such as are not finite"
        )
    pose, rotation = message.hand_pose, np.empty(9)
    orientation = pose.orientation
    quaternion = np.array([orientation.w, orientation.x, orientation.y, orientation.z])
    position = np.array([pose.position.x, pose.position.y, pose.position.z])
    if not np.isfinite([*quaternion, *position]).all() or np.linalg.norm(quaternion) < 0.5:
        raise ParameterError(f"{message.robot_id[:80]!r} tells a hand_pose that is none")
    mujoco.mju_quat2Mat(rotation, quaternion / np.linalg.norm(quaternion))
    return Bearing(
        joints=dict(zip(message.joint_names, message.joint_positions, strict=True)),
        hand=message.hand,
        position=position,
        rotation=rotation.reshape(3, 3),
    )
