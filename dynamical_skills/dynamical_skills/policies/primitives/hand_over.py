"""Hold out what a hand holds to a person, and let go when it is pulled."""

from collections.abc import Generator, Mapping
from dataclasses import replace
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
from dynamical_skills.policies.primitives.primitive import (
    Primitive,
    find,
    held_side,
    named,
    number,
)

_HEIGHT = 1.02
_DISTANCES = (0.42, 0.38, 0.34)
_HEADING_LIMIT = 0.7
_PULLED = 0.012  # the hand is this far from where it was sent: somebody pulls [m]


class HandOver(Primitive):
    """Stretch the held object out towards a person, or straight ahead if none is seen.

    The hand opens when it is pulled from its place while waiting; else it keeps what it holds.
    """

    id = "hand_over"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PRECONDITION_FAILED if nothing is held, OUT_OF_REACH.
        """
        wait = number(parameters, "wait", 3.0, 0.0, 60.0)
        side, held = held_side(self.kinematics, first, memory)
        self.avoid(first, memory)
        motion = self._offer(first, side, held, self._heading(first, parameters, memory))
        seen = yield motion
        offered = self.kinematics.hand_pose(seen.joint_position, side).position
        for _ in range(int(np.ceil(wait / 0.5))):
            seen = yield self.planner.hold(seen.joint_position, side, 0.5, phase="offer")
            now = self.kinematics.hand_pose(seen.joint_position, side).position
            if float(np.linalg.norm(now - offered)) > _PULLED:
                memory.held.pop(side, None)
                memory.results["handed_over"] = True
                yield self.planner.fingers(seen.joint_position, side, 0.0, duration=0.5)
                return
        memory.results["handed_over"] = False

    def _heading(self, seen: Observation, parameters: Mapping[str, Any], memory: Memory) -> float:
        """Direction of whoever shall take it, in front of the robot [rad]."""
        if parameters.get("target"):
            place = find(seen, parameters, memory, key="target").position
        else:
            people = [other for other in seen.objects if other.class_id == "person"]
            if not people:
                return 0.0
            place = min(
                people, key=lambda other: float(np.linalg.norm(other.position[:2]))
            ).position
        return float(np.clip(np.arctan2(place[1], place[0]), -_HEADING_LIMIT, _HEADING_LIMIT))

    def _offer(self, seen: Observation, side: str, held: SeenObject, heading: float) -> Trajectory:
        style = grasps.style_of(held)
        rotation = grasps.rotation_of(side, style, heading)
        centre = rotation @ grasps.centre_in_hand(side, style, held=True)
        failure: SkillError | None = None
        for distance in _DISTANCES:
            point = np.array([distance * np.cos(heading), distance * np.sin(heading), _HEIGHT])
            try:
                motion = self.planner.path(
                    seen.joint_position,
                    side,
                    [Pose(point - centre, rotation)],
                    speed=0.7,
                    phase="offer",
                    what=f"the place to hand over the {named(held)}",
                )
            except SkillError as error:
                failure = error
                continue
            return replace(motion, settle=0.2)
        assert failure is not None
        raise failure
