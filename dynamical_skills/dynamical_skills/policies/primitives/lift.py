"""Raise what a hand holds."""

from collections.abc import Generator, Mapping
from typing import Any

from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, held_side, named, number

_LOWER = (0.13, 0.10, 0.07)  # heights that do if the wanted one is out of reach [m]
_USUAL = 0.13  # m


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
        wanted = number(parameters, "height", self.kinematics.site.lift or _USUAL, 0.01, 0.40)
        side, held = held_side(self.kinematics, first, memory)
        self.avoid(first, memory)
        pose = self.kinematics.hand_pose(first.joint_position, side)
        # Near the body the arm cannot go as high everywhere: clear of the table is what matters.
        for height in (wanted, *(lower for lower in _LOWER if lower < wanted)):
            try:
                motion = self.planner.path(
                    first.joint_position,
                    side,
                    [pose.moved([0.0, 0.0, height])],
                    local=True,
                    speed=0.8,
                    phase="lift",
                    what=f"the place {height:.2f} m above the {named(held)}",
                )
            except SkillError as error:
                refusal = error
            else:
                yield motion
                return
        raise refusal
