"""A skill carried out as its workspace asks for: slower, with more room, around fixed things."""

from collections.abc import Generator, Mapping
from typing import Any

from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.site import site_of
from dynamical_skills.motion.trajectories import slowed
from dynamical_skills.policies.policy import Memory, Observation, Skill, Trajectory


class Adapted(Skill):
    """Another skill with the adaptation of the step that is planned.

    Args:
        skill: What is carried out.
        kinematics: Plans for it.
    """

    def __init__(self, skill: Skill, kinematics: Kinematics) -> None:
        self.id = skill.id
        self.skill = skill
        self._kinematics = kinematics

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID if the adaptation is wrong, and as the skill.
        """
        site = site_of(parameters)
        way = self.skill.run(first, parameters, memory)
        answer: Any = None
        try:
            while True:
                # Another skill may have been planned since: they take turns.
                self._kinematics.site = site
                try:
                    motion = way.send(answer)
                except StopIteration:
                    return
                answer = yield slowed(motion, site.speed)
        finally:
            way.close()

    def accompany(
        self,
        motion: Trajectory,
        seen: Observation,
        parameters: Mapping[str, Any],
        memory: Memory,
    ) -> Trajectory:
        """See ``Skill.accompany``; the motion followed sets the speed."""
        self._kinematics.site = site_of(parameters)
        return self.skill.accompany(motion, seen, parameters, memory)
