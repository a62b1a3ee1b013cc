"""Open and close hands where they are."""

from collections.abc import Generator, Mapping
from typing import Any

from dynamical_skills.motion.model import SIDES
from dynamical_skills.policies.policy import Memory, Observation, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, held_by, side_of


class OpenHand(Primitive):
    """Open one hand, or both."""

    id = "open_hand"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID.
        """
        side = side_of(parameters)
        seen = first
        for hand in (side,) if side else SIDES:
            memory.held.pop(hand, None)
            seen = yield self.planner.fingers(seen.joint_position, hand, 0.0)


class Release(Primitive):
    """Let go of what is held; without a side, of whatever any hand holds."""

    id = "release"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID.
        """
        side = side_of(parameters)
        holding = [
            hand for hand in SIDES if held_by(self.kinematics, first, memory, hand) is not None
        ]
        seen = first
        for hand in (side,) if side else (holding or SIDES):
            memory.held.pop(hand, None)
            seen = yield self.planner.fingers(seen.joint_position, hand, 0.0)


class CloseHand(Primitive):
    """Close one empty hand, or both."""

    id = "close_hand"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID.
        """
        side = side_of(parameters)
        seen = first
        for hand in (side,) if side else SIDES:
            if held_by(self.kinematics, seen, memory, hand) is None:
                seen = yield self.planner.fingers(seen.joint_position, hand, 1.0)
