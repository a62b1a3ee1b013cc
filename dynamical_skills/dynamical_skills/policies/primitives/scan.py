"""Look around: turn the waist to both sides and say what was seen."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import poses
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.home import go_home
from dynamical_skills.policies.primitives.primitive import Primitive, named

_TURNS = (1.0, 0.7, 0.45)  # how far to each side, tried in this order [rad]
_ENOUGH = 0.6  # rad; with less than this from one side to the other nothing new is seen
_WAIST = "waist_yaw_joint"


class Scan(Primitive):
    """Turn as far as is clear to the left and to the right, forearms raised, and come back."""

    id = "scan"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; results: ``seen`` (names), ``swept`` (measured) [rad].

        Raises:
            SkillError: PLANNING_FAILED if the waist cannot turn, even from home.
        """
        del parameters
        seen = first
        turns = self._clear_turns(seen, memory)
        if sum(map(abs, turns)) < _ENOUGH:
            seen = yield from go_home(self.kinematics, seen, memory)
            turns = self._clear_turns(seen, memory)
        if sum(map(abs, turns)) < _ENOUGH:
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                f"the waist can turn only {np.degrees(sum(map(abs, turns))):.0f} degrees before an "
                "arm would touch something, even from home",
            )
        things, yaws = {named(other) for other in seen.objects}, []
        for yaw in (*turns, 0.0):
            target = {**self._arms(seen, memory), _WAIST: yaw}
            seen = yield self.planner.joint_path(seen.joint_position, [target], phase="look")
            things.update(named(other) for other in seen.objects)
            yaws.append(float(seen.joint_position[self.kinematics.index[_WAIST]]))
        memory.results["seen"] = sorted(things)
        memory.results["swept"] = max(yaws) - min(yaws)

    def _arms(self, seen: Observation, memory: Memory) -> dict[str, float]:
        """Forearms up, but for arms that hold something."""
        del seen
        return {
            name: value
            for name, value in poses.FOREARMS_UP.items()
            if name.split("_")[0] not in memory.held
        }

    def _clear_turns(self, seen: Observation, memory: Memory) -> tuple[float, float]:
        """Furthest clear waist yaw to the left and to the right [rad]; 0 where there is none."""
        self.avoid(seen, memory)
        arms = self._arms(seen, memory)
        return self._clear(seen, arms, 1.0), self._clear(seen, arms, -1.0)

    def _clear(self, seen: Observation, arms: Mapping[str, float], way: float) -> float:
        for turn in _TURNS:
            postures = (
                [dict(arms), {**arms, _WAIST: way * turn}] if arms else [{_WAIST: way * turn}]
            )
            motion = self.planner.joint_path(seen.joint_position, postures)
            if self.planner.is_clear(seen.joint_position, motion):
                return way * turn
        return 0.0
