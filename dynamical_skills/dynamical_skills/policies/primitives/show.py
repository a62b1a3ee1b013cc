"""Hold an object before the head camera."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import numpy as np

from dynamical_skills.motion import grasps
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Trajectory,
)
from dynamical_skills.policies.primitives.look_at import camera_ray
from dynamical_skills.policies.primitives.primitive import Primitive, held_side, named, number

_DISTANCES = (0.34, 0.30, 0.38)  # from the camera [m]
_YAWS = (0.0, 0.35, 0.7)


class Show(Primitive):
    """Hold the object in the middle of the head camera's view."""

    id = "show"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID, PRECONDITION_FAILED if nothing is held, OUT_OF_REACH.
        """
        duration = number(parameters, "duration", 1.0, 0.0, 600.0)
        side, held = held_side(self.kinematics, first, memory)
        self.avoid(first, memory)
        failure: SkillError | None = None
        for pose in self._poses(first, side, held):
            try:
                motion = self.planner.path(
                    first.joint_position,
                    side,
                    [pose],
                    speed=0.7,
                    phase="show",
                    what=f"the {named(held)} before the head camera",
                )
            except SkillError as error:
                failure = failure or error
                continue
            if self.planner.is_clear(first.joint_position, motion):
                seen = yield motion
                yield self.planner.hold(seen.joint_position, side, duration, phase="show")
                return
        assert failure is not None
        raise failure

    def _poses(self, seen: Observation, side: str, held: SeenObject) -> Iterator[Pose]:
        """Hand poses with the object upright on the camera's axis."""
        eye, axis = camera_ray(self.kinematics, seen)
        style = grasps.style_of(held)
        inward = 1.0 if side == "right" else -1.0
        for distance in _DISTANCES:
            for turn in _YAWS:
                yaw = float(np.arctan2(axis[1], axis[0])) + inward * turn
                rotation = grasps.rotation_of(side, style, yaw)
                centre = rotation @ grasps.centre_in_hand(side, style, held=True)
                yield Pose(eye + distance * axis - centre, rotation)
