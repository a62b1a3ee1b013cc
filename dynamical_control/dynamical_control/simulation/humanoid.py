"""The Unitree G1 with Dex3 hands: pelvis held, hands that grip, a camera in the head.

Source: MuJoCo Menagerie's ``unitree_g1`` (BSD-3-Clause, Unitree Robotics).
"""

from pathlib import Path

import mujoco

from dynamical_control.simulation.cameras import HEAD

PELVIS_POSITION = (0.0, 0.0, 0.793)
# Rubber finger pads on a dry object: sliding, torsional and rolling friction.
HAND_FRICTION = (1.2, 0.02, 0.001)


def light_robot(source: Path) -> mujoco.MjSpec:
    """Read the robot and change what this platform needs changed; meshes stay as they are.

    Args:
        source: ``g1_with_hands.xml``.

    Returns:
        The robot alone: no floor, no light, pelvis fixed at ``PELVIS_POSITION`` facing +x.
    """
    spec = mujoco.MjSpec.from_file(str(source))
    spec.modelname = "unitree_g1_dex3"
    for joint in list(spec.joints):
        if joint.type == mujoco.mjtJoint.mjJNT_FREE:
            spec.delete(joint)
    while spec.keys:
        spec.delete(spec.keys[0])
    for light in list(spec.lights):
        spec.delete(light)
    spec.body("pelvis").pos = PELVIS_POSITION
    for body in spec.bodies:
        if "hand" in body.name or "wrist_yaw" in body.name:
            for geom in body.geoms:
                if geom.classname.name == "collision":
                    geom.friction = HAND_FRICTION
                    geom.condim = 4
    spec.body(HEAD.parent).add_camera(
        name=HEAD.name, pos=HEAD.position, quat=HEAD.mujoco_quaternion(), fovy=HEAD.fovy
    )
    for material in spec.materials:
        material.specular, material.shininess = 0.4, 0.6
    return spec
