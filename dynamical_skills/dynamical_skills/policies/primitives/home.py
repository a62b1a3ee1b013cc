"""Bring waist and arms back to the home posture."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import model, poses
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.model import SIDES
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, as_part, held_by

# Ways out for a hand that stands among things, in odom for the right hand [m], best first.
_WAYS_OUT = ((0.0, 0.0, 0.12), (-0.05, -0.06, 0.12), (-0.08, 0.0, 0.20), (0.0, 0.0, 0.25))
_OVER_HOME = (0.0, 0.12, 0.20)  # heights over its place at home to which a hand withdraws [m]


class Home(Primitive):
    """Return to the home posture, hands raised first if need be; empty hands open."""

    id = "home"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PLANNING_FAILED if no clear way is found.
        """
        del parameters
        self.avoid(first, memory)
        try:
            way = self._way(first.joint_position)
        except SkillError:
            # A hand that has just let go is still near the thing: pass it by the measured size.
            self.avoid(first, memory, margin=0.0)
            way = self._way(first.joint_position)
        for motion in way:
            seen = yield motion
        yield from self._open_empty_hands(seen, memory)

    def _way(self, joints: np.ndarray) -> list[Trajectory]:
        """Trajectories that lead home one after the other."""
        whole = {name: poses.HOME.get(name, 0.0) for name in self.kinematics.planning.joint_names}
        waist = {name: whole[name] for name in model.WAIST_JOINTS}
        arms = {name: value for name, value in whole.items() if name not in waist}
        for order in ([whole], [arms, whole], [waist, whole]):
            motion = self.planner.joint_path(joints, order, phase="home")
            if self.planner.is_clear(joints, motion):
                return [motion]
        posed = self._posed(joints, whole)
        for side in SIDES:
            hand = self.kinematics.hand_pose(posed, side)
            for over in _OVER_HOME:
                try:
                    first = self.planner.path(
                        joints, side, [hand.moved([0.0, 0.0, over])], phase="withdraw"
                    )
                except SkillError:
                    continue
                now = self.planner.end(joints, first)
                rest = self.planner.joint_path(now, [whole], phase="home")
                if self.planner.is_clear(joints, first) and self.planner.is_clear(now, rest):
                    return [first, rest]
        return self._by_way_out(joints, whole)

    def _posed(self, joints: np.ndarray, posture: Mapping[str, float]) -> np.ndarray:
        result = np.array(joints, dtype=float)
        for name, value in posture.items():
            result[self.kinematics.index[name]] = value
        return result

    def _by_way_out(self, joints: np.ndarray, whole: Mapping[str, float]) -> list[Trajectory]:
        """Hands are raised or drawn back first.

        Raises:
            SkillError: PLANNING_FAILED if that does not help.
        """
        for offset in _WAYS_OUT:
            for sides in (("right",), ("left",), SIDES):
                motions, now = [], joints
                for side in sides:
                    start = self.kinematics.hand_pose(now, side)
                    away = np.array(offset) * ([1, -1, 1] if side == "left" else [1, 1, 1])
                    try:
                        motion = self.planner.path(
                            now, side, [start.moved(away)], phase="withdraw"
                        )
                    except SkillError:
                        break
                    motions.append(motion)
                    now = self.planner.end(now, motion)
                else:
                    direct = self.planner.joint_path(now, [whole], phase="home")
                    if self.planner.is_clear(now, direct):
                        return [*motions, direct]
        raise SkillError(
            ErrorCode.PLANNING_FAILED,
            "no way back to the home posture is clear of the body and of what is seen; "
            "move things away from the hands, or the hands by other skills",
        )

    def _open_empty_hands(
        self, seen: Observation, memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        for side in SIDES:
            if held_by(self.kinematics, seen, memory, side) is None:
                motion = self.planner.fingers(seen.joint_position, side, 0.0, duration=0.4)
                if float(np.abs(motion.position[-1] - motion.position[0]).max()) > 0.1:
                    seen = yield motion


def go_home(
    kinematics: Kinematics, seen: Observation, memory: Memory
) -> Generator[Trajectory, Observation, Observation]:
    """The skill ``home`` as the first part of another one; returns what is seen at its end.

    Raises:
        SkillError: PLANNING_FAILED if no clear way is found.
    """
    return as_part(Home(kinematics).run(seen, {}, memory), seen)
