"""The robot's URDF, written from its compiled MuJoCo model, so that the two never disagree.

Joints come in MuJoCo's order, which is the joint order of the whole graph.
Source: http://wiki.ros.org/urdf/XML; speeds: Unitree's g1_description and dex3_1 URDF files.
"""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mujoco
import numpy as np

from dynamical_control.errors import RobotModelError

# Largest joint speed [rad/s] by the part of the joint's name that tells the motor.
VELOCITY_LIMITS = {
    "hip_pitch": 32.0,
    "hip_roll": 20.0,
    "hip_yaw": 32.0,
    "knee": 20.0,
    "ankle": 37.0,
    "waist_yaw": 32.0,
    "waist": 30.0,
    "shoulder": 37.0,
    "elbow": 37.0,
    "wrist_roll": 37.0,
    "wrist": 22.0,
    "hand_thumb_0": 3.14,
    "hand": 12.0,
}


def velocity_limit(joint: str) -> float:
    """Largest speed of a joint [rad/s], from the first entry of the table that its name contains.

    Raises:
        RobotModelError: If no entry fits.
    """
    for part, limit in VELOCITY_LIMITS.items():
        if part in joint:
            return limit
    raise RobotModelError(f"no velocity limit is known for joint {joint!r}")


def write_urdf(
    model: mujoco.MjModel, path: Path, *, mesh_folder: Path, files: dict[str, str]
) -> None:
    """Write the URDF of a fixed-base robot.

    Args:
        model: Compiled robot whose only child of the world is its root link.
        path: File to write.
        mesh_folder: Folder that mesh files will be found in, written as ``file://`` addresses.
        files: Mesh name -> file name.

    Raises:
        RobotModelError: If a joint is not a hinge at its body's origin, or lacks limits.
    """
    robot = ElementTree.Element("robot", name="unitree_g1_dex3")
    for body in range(1, model.nbody):
        robot.append(_link(model, body, mesh_folder=mesh_folder, files=files))
    for joint in range(model.njnt):
        robot.append(_joint(model, joint))
    jointed = {int(model.jnt_bodyid[joint]) for joint in range(model.njnt)}
    for body in range(2, model.nbody):
        if body not in jointed:
            robot.append(_fixed_joint(model, body))
    ElementTree.indent(robot)
    ElementTree.ElementTree(robot).write(path, encoding="utf-8", xml_declaration=True)


def _link(
    model: mujoco.MjModel, body: int, *, mesh_folder: Path, files: dict[str, str]
) -> ElementTree.Element:
    link = ElementTree.Element("link", name=model.body(body).name)
    inertial = ElementTree.SubElement(link, "inertial")
    inertial.append(_origin(model.body_ipos[body], model.body_iquat[body]))
    ElementTree.SubElement(inertial, "mass", value=_text(model.body_mass[body]))
    ixx, iyy, izz = model.body_inertia[body]
    ElementTree.SubElement(
        inertial,
        "inertia",
        ixx=_text(ixx),
        iyy=_text(iyy),
        izz=_text(izz),
        ixy="0",
        ixz="0",
        iyz="0",
    )
    for geom in range(model.ngeom):
        if model.geom_bodyid[geom] != body:
            continue
        visible = model.geom_contype[geom] == 0 and model.geom_conaffinity[geom] == 0
        element = ElementTree.SubElement(link, "visual" if visible else "collision")
        element.append(_geom_origin(model, geom))
        element.append(_geometry(model, geom, mesh_folder=mesh_folder, files=files))
        if visible:
            rgba = (
                model.mat_rgba[model.geom_matid[geom]]
                if model.geom_matid[geom] >= 0
                else model.geom_rgba[geom]
            )
            material = ElementTree.SubElement(
                element, "material", name=f"grey_{int(100 * rgba[0])}"
            )
            ElementTree.SubElement(material, "color", rgba=" ".join(_text(c) for c in rgba))
    return link


def _geom_origin(model: mujoco.MjModel, geom: int) -> ElementTree.Element:
    """Pose of the shape as in its file: MuJoCo moves meshes to their centre of mass."""
    position, quaternion = model.geom_pos[geom].copy(), model.geom_quat[geom].copy()
    mesh = int(model.geom_dataid[geom])
    if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH and mesh >= 0:
        inverse_position, inverse_quaternion = np.zeros(3), np.zeros(4)
        mujoco.mju_negPose(
            inverse_position, inverse_quaternion, model.mesh_pos[mesh], model.mesh_quat[mesh]
        )
        centre, turn = position.copy(), quaternion.copy()
        mujoco.mju_mulPose(
            position, quaternion, centre, turn, inverse_position, inverse_quaternion
        )
    return _origin(position, quaternion)


def _geometry(
    model: mujoco.MjModel, geom: int, *, mesh_folder: Path, files: dict[str, str]
) -> ElementTree.Element:
    geometry = ElementTree.Element("geometry")
    kind, size = model.geom_type[geom], model.geom_size[geom]
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        file = mesh_folder / files[model.mesh(int(model.geom_dataid[geom])).name]
        ElementTree.SubElement(geometry, "mesh", filename=f"file://{file}")
    elif kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        ElementTree.SubElement(geometry, "sphere", radius=_text(size[0]))
    elif kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        ElementTree.SubElement(
            geometry, "cylinder", radius=_text(size[0]), length=_text(2.0 * size[1])
        )
    elif kind == mujoco.mjtGeom.mjGEOM_BOX:
        ElementTree.SubElement(geometry, "box", size=" ".join(_text(2.0 * s) for s in size))
    else:
        raise RobotModelError(f"URDF has no shape for geom {geom} of MuJoCo type {kind}")
    return geometry


def _joint(model: mujoco.MjModel, joint: int) -> ElementTree.Element:
    name = model.joint(joint).name
    body = int(model.jnt_bodyid[joint])
    if model.jnt_type[joint] != mujoco.mjtJoint.mjJNT_HINGE or np.any(model.jnt_pos[joint]):
        raise RobotModelError(f"joint {name!r} is not a hinge at the origin of its link")
    if not (model.jnt_limited[joint] and model.jnt_actfrclimited[joint]):
        raise RobotModelError(f"joint {name!r} has no position or effort limit in the MJCF")
    element = ElementTree.Element("joint", name=name, type="revolute")
    element.append(_origin(model.body_pos[body], model.body_quat[body]))
    _connect(model, element, body)
    ElementTree.SubElement(element, "axis", xyz=" ".join(_text(a) for a in model.jnt_axis[joint]))
    lower, upper = model.jnt_range[joint]
    ElementTree.SubElement(
        element,
        "limit",
        lower=_text(lower),
        upper=_text(upper),
        effort=_text(model.jnt_actfrcrange[joint, 1]),
        velocity=_text(velocity_limit(name)),
    )
    return element


def _fixed_joint(model: mujoco.MjModel, body: int) -> ElementTree.Element:
    element = ElementTree.Element("joint", name=f"{model.body(body).name}_fixed", type="fixed")
    element.append(_origin(model.body_pos[body], model.body_quat[body]))
    _connect(model, element, body)
    return element


def _connect(model: mujoco.MjModel, element: ElementTree.Element, body: int) -> None:
    parent = model.body(int(model.body_parentid[body])).name
    ElementTree.SubElement(element, "parent", link=parent)
    ElementTree.SubElement(element, "child", link=model.body(body).name)


def _origin(position: np.ndarray, quaternion: np.ndarray) -> ElementTree.Element:
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, quaternion)
    r = rotation.reshape(3, 3)
    # Fixed-axis roll, pitch, yaw as URDF has them.
    pitch = math.atan2(-r[2, 0], math.hypot(r[2, 1], r[2, 2]))
    if math.hypot(r[2, 1], r[2, 2]) > 1e-9:
        roll, yaw = math.atan2(r[2, 1], r[2, 2]), math.atan2(r[1, 0], r[0, 0])
    else:
        roll, yaw = math.atan2(-r[1, 2], r[1, 1]), 0.0
    return ElementTree.Element(
        "origin",
        xyz=" ".join(_text(p) for p in position),
        rpy=" ".join(_text(a) for a in (roll, pitch, yaw)),
    )


def _text(value: float) -> str:
    return f"{float(value):.9g}"
