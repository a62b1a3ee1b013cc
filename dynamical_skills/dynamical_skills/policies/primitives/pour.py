"""Tilt what a hand holds, to pour it out."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.level import level_pose, tilt_of, turned_in_place
from dynamical_skills.motion.rotations import about_x
from dynamical_skills.policies.policy import Memory, Observation, SeenObject, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, held_side, named, number

_HEIGHTS = (0.10, 0.05, 0.0)  # how far it is raised before it is tilted [m]


class Pour(Primitive):
    """Tilt the held object about the fingers, over the thumb's side, and set it upright again."""

    id = "pour"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; result: ``tilt``, measured at its furthest [rad].

        Raises:
            SkillError: PARAMETER_INVALID, PRECONDITION_FAILED if nothing is held, OUT_OF_REACH.
        """
        angle = np.radians(number(parameters, "angle", 60.0, 10.0, 90.0))
        side, held = held_side(self.kinematics, first, memory)
        memory.results.pop("tilt", None)
        self.avoid(first, memory)
        over, tilted = self._way(first, side, held, float(angle))
        motion = self.planner.path(
            first.joint_position,
            side,
            [over, tilted],
            speed=0.6,
            phase="pour",
            what=f"the tilted {named(held)}",
        )
        seen = yield motion
        memory.results["tilt"] = tilt_of(self.kinematics, seen, side, held)
        yield self.planner.path(
            seen.joint_position,
            side,
            [over],
            speed=0.6,
            phase="upright",
            what=f"the upright {named(held)}",
        )

    def _way(
        self, seen: Observation, side: str, held: SeenObject, angle: float
    ) -> tuple[Pose, Pose]:
        """Upright and tilted hand pose at the greatest height from which the tilt is in reach."""
        now = self.kinematics.hand_pose(seen.joint_position, side)
        upright = level_pose(now, side, held)
        turn = about_x(angle if side == "right" else -angle)
        for height in _HEIGHTS:
            over = upright.moved([0.0, 0.0, height])
            tilted = turned_in_place(over, over.rotation @ turn, side, held)
            end = self.kinematics.solve(seen.joint_position, {side: over})
            if self.kinematics.solve(end.joints, {side: tilted}).miss < 0.005:
                break
        return over, tilted
