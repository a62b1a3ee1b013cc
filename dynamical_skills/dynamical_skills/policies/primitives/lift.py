"""Raise what a hand holds."""

from collections.abc import Generator, Mapping
from typing import Any

from dynamical_skills.policies.policy import Memory, Observation, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, held_side, named, number


class Lift(Primitive):
    """Raise the held object straight up."""

    id = "lift"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PRECONDITION_FAILED if nothing is held, OUT_OF_REACH.
        """
        height = number(parameters, "height", 0.13, 0.01, 0.40)
        side, held = held_side(self.kinematics, first, memory)
        self.avoid(first, memory)
        pose = self.kinematics.hand_pose(first.joint_position, side)
        yield self.planner.path(
            first.joint_position,
            side,
            [pose.moved([0.0, 0.0, height])],
            local=True,
            speed=0.8,
            phase="lift",
            what=f"the place {height:.2f} m above the {named(held)}",
        )
