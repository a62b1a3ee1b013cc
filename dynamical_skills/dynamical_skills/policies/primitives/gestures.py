"""Gestures: wave a hand, nod."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import poses
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, held_by, number, side_of

_SWING = 0.35
_NOD = 0.16


class Wave(Primitive):
    """Raise an arm, swing the forearm from side to side, and return to where the arm was."""

    id = "wave"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID, or PLANNING_FAILED if no free arm can be raised.
        """
        times = round(number(parameters, "times", 3, 1, 20))
        wanted = side_of(parameters)
        self.avoid(first, memory)
        joints = first.joint_position
        for side in (wanted,) if wanted else ("right", "left"):
            if held_by(self.kinematics, first, memory, side) is not None:
                continue
            raising = self.planner.joint_path(joints, [poses.wave(side, 0.0)], phase="raise")
            if not self.planner.is_clear(joints, raising):
                continue
            seen = yield raising
            swings = [
                poses.wave(side, _SWING * (1 if i % 2 == 0 else -1)) for i in range(2 * times)
            ]
            for swing in (*swings, poses.wave(side, 0.0)):
                seen = yield self.planner.joint_path(seen.joint_position, [swing], phase="wave")
            back = {
                name: float(joints[self.kinematics.index[name]]) for name in raising.joint_names
            }
            yield self.planner.joint_path(seen.joint_position, [back], phase="lower")
            return
        raise SkillError(
            ErrorCode.PLANNING_FAILED,
            f"the {wanted or 'right or left'} arm cannot wave: it holds something "
            "or has no clear way up",
        )


class Nod(Primitive):
    """Bow the upper body slightly and come up again."""

    id = "nod"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID, or PLANNING_FAILED if a hand would touch something.
        """
        times = round(number(parameters, "times", 2, 1, 10))
        self.avoid(first, memory)
        joint = "waist_pitch_joint"
        upright = float(first.joint_position[self.kinematics.index[joint]])
        low, high = self.kinematics.range_of(joint)
        for depth in (_NOD, _NOD / 2):
            bowed = float(np.clip(upright + depth, low + 0.02, high - 0.02))
            bow = self.planner.joint_path(first.joint_position, [{joint: bowed}], phase="nod")
            if self.planner.is_clear(first.joint_position, bow):
                break
        else:
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                "bowing would bring a hand into something; go home first",
            )
        seen = first
        for _ in range(times):
            seen = yield self.planner.joint_path(
                seen.joint_position, [{joint: bowed}], phase="nod"
            )
            seen = yield self.planner.joint_path(
                seen.joint_position, [{joint: upright}], phase="nod"
            )
