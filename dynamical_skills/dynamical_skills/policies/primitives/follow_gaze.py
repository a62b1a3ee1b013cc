"""Keep the head camera on something that may move."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.look_at import (
    YAW_LIMIT,
    LookAt,
    heading_to,
    wanted_pitch,
)
from dynamical_skills.policies.primitives.primitive import Primitive, as_part, find, number

_LOOK = 0.4  # it is looked for this often while nothing has moved [s]
_STILL = 0.05  # a heading off by less than this is left as it is [rad]


class FollowGaze(Primitive):
    """Face something and turn after it for a while; what is hidden for a moment is waited for."""

    id = "follow_gaze"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; results: ``turns``, how often the waist was turned.

        Raises:
            SkillError: PARAMETER_INVALID, and as ``LookAt`` at the start.
        """
        duration = number(parameters, "duration", 5.0, 0.0, 600.0)
        look, seen, turns = LookAt(self.kinematics), first, 0
        seen = yield from as_part(look.run(seen, parameters, memory), seen)
        spent = 0.0
        while spent < duration:
            turned = self._turn(look, seen, parameters, memory)
            turns += turned is not None
            motion = turned or self.planner.hold(seen.joint_position, "", _LOOK, phase="watch")
            seen = yield motion
            spent += motion.duration
        memory.results["turns"] = turns

    def _turn(
        self, look: LookAt, seen: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Trajectory | None:
        """A clear turn after the target, or ``None`` if it has not moved or is not seen now."""
        key = "object" if parameters.get("object") else "target"
        try:
            target = find(seen, parameters, memory, key=key)
        except SkillError:
            return None
        index = self.kinematics.index
        yaw = float(np.clip(heading_to(target.position), -YAW_LIMIT, YAW_LIMIT))
        pitch = wanted_pitch(self.kinematics, seen, target.position)
        off = max(
            abs(yaw - float(seen.joint_position[index["waist_yaw_joint"]])),
            abs(pitch - float(seen.joint_position[index["waist_pitch_joint"]])) - _STILL,
        )
        return look.turn(seen, memory, target.position, yaw) if off > _STILL else None
