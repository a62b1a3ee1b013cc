"""Keep the present posture for a while."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_skills.policies.policy import Memory, Observation, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, number

_PART = 1.0  # the posture is measured this often [s]


class StandStill(Primitive):
    """Wait without moving."""

    id = "stand_still"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; results: ``drift``, the most that a joint moved meanwhile [rad].

        Raises:
            SkillError: PARAMETER_INVALID.
        """
        duration = number(parameters, "duration", 2.0, 0.0, 600.0)
        seen, drift = first, 0.0
        for _ in range(max(1, round(duration / _PART))):
            seen = yield self.planner.hold(
                first.joint_position, "", min(_PART, max(duration, 0.1)), phase="wait"
            )
            drift = max(drift, float(np.abs(seen.joint_position - first.joint_position).max()))
        memory.results["drift"] = drift
