"""Keep what a hand holds upright and still."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion.level import level_pose, tilt_of
from dynamical_skills.motion.levelling import levelled, others_in
from dynamical_skills.motion.trajectories import merged
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, held_side, named, number

_PART = 0.5  # the tilt is measured this often [s]
# How far the hand is raised and drawn in on the way [m], where things stand in it: least first.
_EVASIONS = (
    (0.0, 0.0),
    (0.06, 0.0),
    (0.0, 0.05),
    (0.06, 0.05),
    (0.12, 0.0),
    (0.12, 0.08),
    (0.18, 0.05),
)


class HoldLevel(Primitive):
    """Set the held object upright where it is and keep it so."""

    id = "hold_level"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; result: ``worst_tilt``, measured while holding [rad].

        Raises:
            SkillError: PARAMETER_INVALID, PRECONDITION_FAILED if nothing is held, OUT_OF_REACH.
        """
        duration = number(parameters, "duration", 2.0, 0.0, 600.0)
        side, held = held_side(self.kinematics, first, memory)
        memory.results.pop("worst_tilt", None)
        self.avoid(first, memory)
        pose = level_pose(self.kinematics.hand_pose(first.joint_position, side), side, held)
        seen = yield self.planner.path(
            first.joint_position,
            side,
            [pose],
            local=True,
            speed=0.6,
            phase="level",
            what=f"the upright {named(held)}",
        )
        worst = tilt_of(self.kinematics, seen, side, held)
        for _ in range(int(np.ceil(duration / _PART))):
            seen = yield self.planner.hold(seen.joint_position, side, _PART, phase="hold")
            worst = max(worst, tilt_of(self.kinematics, seen, side, held))
        memory.results["worst_tilt"] = worst

    def accompany(
        self,
        motion: Trajectory,
        seen: Observation,
        parameters: Mapping[str, Any],
        memory: Memory,
    ) -> Trajectory:
        """See ``Skill.accompany``: the arm undoes the tilt that the waist's motion would bring.

        Raises:
            SkillError: PRECONDITION_FAILED if nothing is held, PLANNING_FAILED.
        """
        del parameters
        joints = seen.joint_position
        side, held = held_side(self.kinematics, seen, memory)
        upright = level_pose(self.kinematics.hand_pose(joints, side), side, held).rotation
        self.avoid(seen, memory)
        failure: SkillError | None = None
        for raised, drawn_in in _EVASIONS:
            try:
                own = levelled(
                    self.kinematics,
                    joints,
                    side,
                    motion,
                    upright=upright,
                    raised=raised,
                    drawn_in=drawn_in,
                )
            except SkillError as error:
                failure = failure or error
                continue
            if self.planner.is_clear(joints, merged(others_in(motion, own), own)):
                return own
        raise failure or SkillError(
            ErrorCode.PLANNING_FAILED,
            f"holding the {named(held)} level on the way would bring the {side} arm into something",
        )
