"""Keeps a hand's load upright while the waist moves under it.

The waist turns and bends the whole upper body. Turning about the vertical does no harm to what a hand
holds, so the hand goes along; bending tilts it, so the arm undoes that. Solved for the seven joints
of one arm with damped least squares, row by row, the waist being given.

Source: C. W. Wampler, Manipulator inverse kinematic solutions based on vector formulations and damped
least-squares methods, 1986.
"""

import mujoco
import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.blending import restricted
from dynamical_skills.motion import model
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.rotations import about_z, turned_share
from dynamical_skills.policies.policy import SkillError, Trajectory

_DAMPING = 1e-4
_ITERATIONS = 10
_TILT_LIMIT = 0.07  # how well the rotation has to be met [rad]
_MISS_LIMIT = 0.06  # how far the hand may be from its place: being level comes first [m]
_POSITION_WEIGHT = 0.5  # of a metre, beside a radian of tilt
_HEADING_WEIGHT = 0.1  # of a radian about the vertical, which spills nothing
_AWAY = 0.5  # share of the motion after which the hand is out of the way of what stands around
_FASTEST = 2.5  # rad/s, well inside the limits of the safety gate


def levelled(
    kinematics: Kinematics,
    joints: np.ndarray,
    side: str,
    motion: Trajectory,
    *,
    upright: np.ndarray | None = None,
    raised: float = 0.0,
    drawn_in: float = 0.0,
) -> Trajectory:
    """Motion of one arm that keeps its hand level while the waist moves.

    Args:
        kinematics: The robot's.
        joints: Shape (n,), where the robot is now, robot joint order [rad].
        side: Arm.
        motion: What the waist does, from now on; other joints in it are ignored.
        upright: Shape (3, 3), rotation of the hand frame in ``odom`` in which its load stands
            upright, for the present heading of the waist; the hand is brought there over the
            motion. ``None`` = the rotation it has now.
        raised: Height that the hand gains over the motion [m].
        drawn_in: Distance by which it comes nearer to the waist's axis over the motion [m].

    Returns:
        Trajectory of the arm's joints with as many samples as ``motion``.

    Raises:
        SkillError: PLANNING_FAILED if the arm cannot keep its hand level.
    """
    start = kinematics.hand_pose(joints, side)
    upright = start.rotation if upright is None else upright
    names = model.arm_joints(side)
    planned = kinematics.planning.joint_names
    arm = [planned.index(name) for name in names]
    waist = {
        name: motion.position[:, motion.joint_names.index(name)]
        for name in model.WAIST_JOINTS
        if name in motion.joint_names
    }
    yaw_joint = model.WAIST_JOINTS[0]
    mj, count = kinematics.planning.model, len(motion.position)
    data = mujoco.MjData(mj)
    body = mj.body(model.hand_body(side)).id
    dofs = [int(mj.jnt_dofadr[number]) for number in arm]
    data.qpos[:] = kinematics.reduced(joints)
    rows = np.empty((count, len(arm)))
    for row in range(count):
        for name, values in waist.items():
            data.qpos[planned.index(name)] = values[row]
        turn = waist[yaw_joint][row] - waist[yaw_joint][0] if yaw_joint in waist else 0.0
        along = row / max(1, count - 1)
        share, early = _eased(along), _eased(along / _AWAY)
        about = about_z(float(turn))
        rotation = about @ turned_share(start.rotation, upright, share)
        place = start.position.copy()
        place[:2] *= 1.0 - early * drawn_in / max(float(np.hypot(*place[:2])), drawn_in, 1e-6)
        place[2] += early * raised
        miss, tilt = _solve(mj, data, body, arm, dofs, about @ place, rotation, kinematics)
        if tilt > _TILT_LIMIT or miss > _MISS_LIMIT:
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                f"the {side} arm cannot keep its hand level while the waist moves: it would be "
                f"tilted by {np.degrees(tilt):.0f} degrees and {miss * 1e3:.0f} mm off its place",
            )
        rows[row] = data.qpos[arm]
    velocity = np.zeros_like(rows)
    velocity[1:-1] = (rows[2:] - rows[:-2]) / (2.0 * motion.period)
    fastest = float(np.abs(velocity).max())
    if fastest > _FASTEST:
        raise SkillError(
            ErrorCode.PLANNING_FAILED,
            f"the {side} arm would have to turn at {fastest:.1f} rad/s to keep its hand level; "
            f"at most {_FASTEST} rad/s",
        )
    return Trajectory(
        joint_names=names,
        period=motion.period,
        position=rows,
        velocity=velocity,
        hand=side,
        phase="level",
    )


def _eased(along: float) -> float:
    """A smooth step from 0 to 1."""
    along = min(1.0, along)
    return along * along * (3.0 - 2.0 * along)


def others_in(motion: Trajectory, own: Trajectory) -> Trajectory:
    """The part of a motion that concerns other joints than those of ``own``."""
    return restricted(motion, [name for name in motion.joint_names if name not in own.joint_names])


def _solve(
    mj: mujoco.MjModel,
    data: mujoco.MjData,
    body: int,
    arm: list[int],
    dofs: list[int],
    position: np.ndarray,
    rotation: np.ndarray,
    kinematics: Kinematics,
) -> tuple[float, float]:
    """Turn the arm in ``data`` towards a pose; what is missing of it [m] and [rad]."""
    jacobian = np.zeros((6, mj.nv))
    target = np.empty(4)
    mujoco.mju_mat2Quat(target, rotation.reshape(-1))
    lower, upper = kinematics.lower[arm] + 1e-3, kinematics.upper[arm] - 1e-3
    weights = np.array([_POSITION_WEIGHT] * 3 + [1.0, 1.0, _HEADING_WEIGHT])
    for _ in range(_ITERATIONS):
        mujoco.mj_kinematics(mj, data)
        mujoco.mj_comPos(mj, data)
        error = _error(data, body, position, target)
        if float(np.abs(error).max()) < 1e-4:
            break
        mujoco.mj_jacBody(mj, data, jacobian[:3], jacobian[3:], body)
        own = jacobian[:, dofs] * weights[:, None]
        step = own.T @ np.linalg.solve(own @ own.T + _DAMPING * np.eye(6), error * weights)
        data.qpos[arm] = np.clip(data.qpos[arm] + np.clip(step, -0.2, 0.2), lower, upper)
    mujoco.mj_kinematics(mj, data)
    error = _error(data, body, position, target)
    return float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:5]))


def _error(data: mujoco.MjData, body: int, position: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Shape (6,): what is missing of position [m] and rotation [rad], both in ``odom``."""
    error = np.empty(6)
    error[:3] = position - data.xpos[body]
    inverse, difference = np.empty(4), np.empty(4)
    mujoco.mju_negQuat(inverse, data.xquat[body])
    mujoco.mju_mulQuat(difference, target, inverse)
    mujoco.mju_quat2Vel(error[3:], difference, 1.0)
    return error
