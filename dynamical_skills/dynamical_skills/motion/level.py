"""How far what a hand holds is tilted, and hand poses that turn it without moving it."""

import numpy as np

from dynamical_skills.motion import grasps
from dynamical_skills.motion.kinematics import Kinematics, Pose
from dynamical_skills.motion.rotations import yaw_of
from dynamical_skills.policies.policy import Observation, SeenObject


def tilt_of(kinematics: Kinematics, seen: Observation, side: str, held: SeenObject) -> float:
    """Angle between the vertical and that of what a hand took standing, by measured joints [rad]."""
    up = kinematics.hand_pose(seen.joint_position, side).rotation @ grasps.up_in_hand(
        side, grasps.style_of(held)
    )
    return float(np.arccos(np.clip(up[2], -1.0, 1.0)))


def level_pose(pose: Pose, side: str, held: SeenObject) -> Pose:
    """The hand pose with the same heading in which the object stands upright, in the same place."""
    rotation = grasps.rotation_of(side, grasps.style_of(held), yaw_of(pose.rotation))
    return turned_in_place(pose, rotation, side, held)


def turned_in_place(pose: Pose, rotation: np.ndarray, side: str, held: SeenObject) -> Pose:
    """A hand pose turned to a rotation so that the object's centre stays where it is."""
    centre = grasps.centre_in_hand(side, grasps.style_of(held), held=True)
    return Pose(pose.position + pose.rotation @ centre - rotation @ centre, rotation)
