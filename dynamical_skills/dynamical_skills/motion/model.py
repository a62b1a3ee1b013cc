"""The planning model: waist and arms, hands held open, and boxes that must not be touched.

Built from the robot's MJCF alone. Joints that no skill plans with (legs, waist roll, fingers) are
frozen at a given posture, which makes an inverse-kinematics step three times cheaper than on all
43 joints. Obstacles are mocap boxes whose pose and size are set before each plan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

SIDES = ("left", "right")
WAIST_JOINTS = ("waist_yaw_joint", "waist_pitch_joint")
_ARM = (
    "shoulder_pitch",
    "shoulder_roll",
    "shoulder_yaw",
    "elbow",
    "wrist_roll",
    "wrist_pitch",
    "wrist_yaw",
)
BOX_COUNT = 16
_FAR = 50.0


def arm_joints(side: str) -> tuple[str, ...]:
    """Names of the seven arm joints of one side, shoulder to wrist."""
    return tuple(f"{side}_{name}_joint" for name in _ARM)


def hand_body(side: str) -> str:
    """Body that carries palm and fingers: the hand frame (x along the fingers, palm inward)."""
    return f"{side}_wrist_yaw_link"


@dataclass(frozen=True, slots=True)
class PlanningModel:
    """Reduced model and the ids in it.

    Attributes:
        model: MuJoCo model whose joints are ``joint_names``.
        all_joint_names: The robot's joints in robot order.
        joint_names: Planned joints, in the order of the model's qpos.
        columns: Shape (m,), index of each planned joint in robot order.
        box_geoms: Geoms of the obstacle boxes.
        held_geoms: Side -> geom of the box that stands for an object in that hand.
        hand_geoms: Side -> collision geoms of hand and fingers.
        arm_geoms: Side -> collision geoms from the upper arm to the fingers.
        body_geoms: Collision geoms of torso, head, pelvis and thighs.
    """

    model: mujoco.MjModel
    all_joint_names: tuple[str, ...]
    joint_names: tuple[str, ...]
    columns: np.ndarray
    box_geoms: tuple[int, ...]
    held_geoms: dict[str, int]
    hand_geoms: dict[str, tuple[int, ...]]
    arm_geoms: dict[str, tuple[int, ...]]
    body_geoms: tuple[int, ...]


def build(robot_mjcf: Path, *, frozen_posture: Mapping[str, float]) -> PlanningModel:
    """Read the robot and reduce it.

    Args:
        robot_mjcf: MJCF of the robot alone, pelvis fixed.
        frozen_posture: Position [rad] of joints that are not planned; the rest are frozen at 0.

    Raises:
        ValueError: If the file is not the robot this planner knows.
    """
    spec = mujoco.MjSpec.from_file(str(robot_mjcf))
    names = tuple(joint.name for joint in spec.joints if joint.type == mujoco.mjtJoint.mjJNT_HINGE)
    planned = tuple(
        name
        for name in names
        if name in {*WAIST_JOINTS, *arm_joints("left"), *arm_joints("right")}
    )
    if len(planned) != 16:
        raise ValueError(
            f"{robot_mjcf} has {len(planned)} of the 16 waist and arm joints of a Unitree G1; "
            f"found {planned}"
        )
    _freeze(spec, frozen_posture, planned)
    for element in (*spec.actuators, *spec.sensors, *spec.keys):
        spec.delete(element)
    for index in range(BOX_COUNT):
        body = spec.worldbody.add_body(
            name=f"obstacle_{index}", mocap=True, pos=[0, 0, _FAR + index]
        )
        body.add_geom(
            name=f"obstacle_{index}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[0.01] * 3,
            contype=1,
            conaffinity=1,
        )
    for side in SIDES:
        spec.body(hand_body(side)).add_geom(
            name=f"held_{side}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[0.001] * 3,
            contype=1,
            conaffinity=1,
            mass=0.0,
        )
    model = spec.compile()
    return PlanningModel(
        model=model,
        all_joint_names=names,
        joint_names=planned,
        columns=np.array([names.index(name) for name in planned]),
        box_geoms=tuple(model.geom(f"obstacle_{i}").id for i in range(BOX_COUNT)),
        held_geoms={side: model.geom(f"held_{side}").id for side in SIDES},
        hand_geoms={side: _collision_geoms(model, _is_hand(side)) for side in SIDES},
        arm_geoms={side: _collision_geoms(model, _is_arm(side)) for side in SIDES},
        body_geoms=_collision_geoms(
            model,
            lambda body: (
                body in {"torso_link", "pelvis", "left_hip_yaw_link", "right_hip_yaw_link"}
            ),
        ),
    )


def _freeze(spec: mujoco.MjSpec, posture: Mapping[str, float], planned: tuple[str, ...]) -> None:
    """Turn every joint that is not planned into a fixed link at its posture."""
    for joint in list(spec.joints):
        if joint.name in planned:
            continue
        angle = posture.get(joint.name, 0.0)
        if angle and joint.type == mujoco.mjtJoint.mjJNT_HINGE:
            turn, turned = np.empty(4), np.empty(4)
            mujoco.mju_axisAngle2Quat(turn, np.asarray(joint.axis, dtype=float), angle)
            mujoco.mju_mulQuat(turned, np.asarray(joint.parent.quat, dtype=float), turn)
            joint.parent.quat = turned
        spec.delete(joint)


def _is_hand(side: str) -> Callable[[str], bool]:
    return lambda body: body.startswith(f"{side}_hand") or body == hand_body(side)


def _is_arm(side: str) -> Callable[[str], bool]:
    names = ("shoulder_roll", "shoulder_yaw", "elbow", "wrist_roll", "wrist_pitch")
    links = {f"{side}_{name}_link" for name in names}
    return lambda body: body in links or _is_hand(side)(body)


def _collision_geoms(model: mujoco.MjModel, wanted: Callable[[str], bool]) -> tuple[int, ...]:
    """Ids of colliding geoms on the bodies wanted (obstacle and held boxes left out)."""
    return tuple(
        geom
        for geom in range(model.ngeom)
        if model.geom_contype[geom]
        and not model.geom(geom).name.startswith(("held_", "obstacle_"))
        and wanted(model.body(model.geom_bodyid[geom]).name)
    )
