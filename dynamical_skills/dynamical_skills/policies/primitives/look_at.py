"""Turn the upper body, which carries the head camera, towards something."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import poses
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.home import go_home
from dynamical_skills.policies.primitives.primitive import Primitive, find, named

YAW_LIMIT = 1.4  # the arms come along: no further than this [rad]
_PITCHES = (-0.1, 0.35)
CAMERA = np.array([0.08, 0.0, 0.43])  # head camera on the torso link [m]
VIEW_DOWN = 0.65  # how far below the horizontal the head camera looks when upright [rad]


class LookAt(Primitive):
    """Face an object or a place by turning and bending the waist; the G1 has no neck."""

    id = "look_at"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: OBJECT_NOT_SEEN, OBJECT_AMBIGUOUS, OUT_OF_REACH if it lies behind,
                PLANNING_FAILED.
        """
        target = find(
            first, parameters, memory, key="object" if parameters.get("object") else "target"
        )
        yaw = heading_to(target.position)
        if abs(yaw) > YAW_LIMIT:
            raise SkillError(
                ErrorCode.OUT_OF_REACH,
                f"the {named(target)} lies {np.degrees(yaw):.0f} degrees to the side; "
                f"the waist turns {np.degrees(YAW_LIMIT):.0f} degrees either way",
            )
        motion = self.turn(first, memory, target.position, yaw)
        if motion is None:
            # An arm is in the way: take the arms home, then turn.
            first = yield from go_home(self.kinematics, first, memory)
            motion = self.turn(first, memory, target.position, yaw)
        if motion is None:
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                f"turning to the {named(target)} would bring an arm into something, even from home",
            )
        yield motion

    def turn(
        self, first: Observation, memory: Memory, position: np.ndarray, yaw: float
    ) -> Trajectory | None:
        """A clear motion of the waist that faces the position, or ``None``."""
        self.avoid(first, memory)
        pitch = wanted_pitch(self.kinematics, first, position)
        for arms in ({}, poses.FOREARMS_UP):
            for bend in (pitch, 0.0):
                posture = {"waist_yaw_joint": yaw, "waist_pitch_joint": bend, **arms}
                way = [arms, posture] if arms else [posture]
                motion = self.planner.joint_path(first.joint_position, way, phase="look")
                if self.planner.is_clear(first.joint_position, motion):
                    return motion
        return None


def heading_to(position: np.ndarray) -> float:
    """Waist yaw that faces a position [rad]."""
    return float(np.arctan2(position[1], position[0]))


def wanted_pitch(kinematics: Kinematics, seen: Observation, position: np.ndarray) -> float:
    """Waist pitch that brings a position to the middle of the head camera's view [rad]."""
    head = kinematics.body_pose(seen.joint_position, "torso_link").position + np.array(
        [0.0, 0.0, 0.43]
    )
    down = np.arctan2(head[2] - position[2], max(0.05, float(np.hypot(position[0], position[1]))))
    return float(np.clip(down - VIEW_DOWN, *_PITCHES))


def camera_ray(kinematics: Kinematics, seen: Observation) -> tuple[np.ndarray, np.ndarray]:
    """Place of the head camera and direction of its axis in ``odom``, shapes (3,) [m] and (3,)."""
    torso = kinematics.body_pose(seen.joint_position, "torso_link")
    axis = np.array([np.cos(VIEW_DOWN), 0.0, -np.sin(VIEW_DOWN)])
    return torso.position + torso.rotation @ CAMERA, torso.rotation @ axis
