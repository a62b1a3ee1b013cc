"""Direct motion: to joint positions, or of one hand to a place."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.rotations import about_z
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, side_of

_KEPT_STILL = 0.02  # legs and waist roll hold the robot up: no further than this [rad]


class MoveJoints(Primitive):
    """Move waist, arms and fingers to given joint positions, if the way is clear."""

    id = "move_joints"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; ``joint_positions``: one per joint, robot joint order [rad].

        Raises:
            SkillError: PARAMETER_INVALID, or PLANNING_FAILED if the way is not clear.
        """
        wanted = _numbers(
            parameters.get("joint_positions"), len(self.kinematics.joint_names), "joint_positions"
        )
        target = dict(zip(self.kinematics.joint_names, wanted.tolist(), strict=True))
        for name, value in list(target.items()):
            if name in self.kinematics.planning.joint_names:
                low, high = self.kinematics.range_of(name)
                if not low <= value <= high:
                    raise SkillError(
                        ErrorCode.PARAMETER_INVALID,
                        f"{name} is {value:.3f} rad; it must be between {low:.3f} and {high:.3f}",
                    )
            elif "_hand_" not in name:
                now = float(first.joint_position[self.kinematics.index[name]])
                if abs(value - now) > _KEPT_STILL:
                    raise SkillError(
                        ErrorCode.PARAMETER_INVALID,
                        f"{name} is {value:.3f} rad and stands at {now:.3f}; "
                        "legs and waist roll hold still",
                    )
                del target[name]
        self.avoid(first, memory)
        motion = self.planner.joint_path(first.joint_position, [target], phase="move")
        if not self.planner.is_clear(first.joint_position, motion):
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                "the straight way to these joint positions touches something",
            )
        yield motion


class MoveHand(Primitive):
    """Move one hand to a place, its fingers heading the way they do now, or straight ahead."""

    id = "move_hand"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; ``position``: x, y, z of the hand frame (the wrist) in ``odom`` [m].

        Raises:
            SkillError: PARAMETER_INVALID, OUT_OF_REACH, PLANNING_FAILED if the way is not clear.
        """
        place = _numbers(parameters.get("position"), 3, "position")
        side = side_of(parameters, default="left" if place[1] > 0 else "right")
        joints = first.joint_position
        self.avoid(first, memory)
        failure: SkillError | None = None
        for rotation in (
            self.kinematics.hand_pose(joints, side).rotation,
            about_z(float(np.arctan2(place[1], place[0]))),
        ):
            try:
                motion = self.planner.path(
                    joints, side, [Pose(place, rotation)], phase="move", what="the place asked for"
                )
            except SkillError as error:
                failure = failure or error
                continue
            if self.planner.is_clear(joints, motion):
                memory.side = side
                yield motion
                return
        raise failure or SkillError(
            ErrorCode.PLANNING_FAILED,
            f"the straight way of the {side} hand to {place.round(2).tolist()} touches something",
        )


def _numbers(given: Any, count: int, name: str) -> np.ndarray:
    """An array of that many finite numbers.

    Raises:
        SkillError: PARAMETER_INVALID.
    """
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise SkillError(
            ErrorCode.PARAMETER_INVALID, f"{name} is {str(given)[:60]}; it must be {count} numbers"
        )
    return values
