"""Take what another robot holds out: grip above its hand, and draw back once it has let go."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, hands
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.model import SIDES
from dynamical_skills.motion.planner import REACH_TOLERANCE, TURN_TOLERANCE
from dynamical_skills.motion.rotations import about_z
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Team,
    Trajectory,
)
from dynamical_skills.policies.primitives.hand_over import GRIPPED, OFFERED, RELEASED
from dynamical_skills.policies.primitives.primitive import (
    Primitive,
    find,
    finger_joints,
    held_by,
    named,
    number,
    side_of,
)

_BELOW_RIM = 0.036  # the grip's centre under the upper end of what is taken [m]
_HAND = 0.094  # height that one hand takes; the giver's is below [m]
_YAWS = (0.0, 0.3, -0.3, 0.6, -0.6)
_BESIDE = np.array([-0.015, -0.055, 0.0])  # from the grip, in the right hand's frame [m]
_BACK = np.array([-0.10, -0.055, 0.0])
_RAISE, _DRAW = 0.03, 0.10  # away from the giver, upwards first [m]
_PAUSE = 0.3  # between two looks whether the partner has come so far [s]
_SETTLE = 0.4


class Receive(Primitive):
    """The other side of ``hand_over``: both robots are in one task."""

    id = "receive"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: COORDINATION_INVALID without other robots, OBJECT_NOT_SEEN, OUT_OF_REACH,
                PRECONDITION_FAILED if no hand is free or the object is too short for two hands,
                MOTION_FAILED if the fingers closed on nothing, TIMEOUT.
        """
        team = memory.team
        if team is None:
            raise SkillError(
                ErrorCode.COORDINATION_INVALID,
                "skill 'receive' needs a robot that hands over; give both one coordination_id",
            )
        wait = number(parameters, "wait", 60.0, 0.0, 300.0)
        side = self._free(first, side_of(parameters), memory)
        seen = yield from self._until(team, OFFERED, first, side, wait, "held anything out")
        target = find(seen, parameters, memory)
        side, grip = self._grip(seen, target, side_of(parameters), memory)
        memory.side = side
        beside, back = (_shifted(grip, side, offset) for offset in (_BESIDE, _BACK))
        motion = self._moved(seen, side, [back], target, "reach", local=False)
        opened = self.planner.with_fingers(motion, seen.joint_position, side, 0.0)
        seen = yield replace(opened, settle=0.2)
        seen = yield self._moved(seen, side, [beside, grip], target, "approach", speed=0.5)
        closing = self.planner.fingers(seen.joint_position, side, 1.0)
        seen = yield replace(closing, goal=grip.position, settle=_SETTLE)
        if not hands.squeezes(side, finger_joints(self.kinematics, seen.joint_position, side)):
            yield self.planner.fingers(seen.joint_position, side, 0.0)
            raise SkillError(
                ErrorCode.MOTION_FAILED,
                f"the {side} hand closed fully: the {named(target)} is not between its fingers",
            )
        memory.held[side] = target
        memory.results["grip_height"] = float(target.size[2]) - _BELOW_RIM
        team.reach(GRIPPED)
        seen = yield from self._until(team, RELEASED, seen, side, wait, "let go")
        hand = self.kinematics.hand_pose(seen.joint_position, side)
        raised = hand.moved([0.0, 0.0, _RAISE])
        away = self._moved(
            seen, side, [raised, raised.moved([-_DRAW, 0.0, 0.0])], target, "withdraw"
        )
        yield replace(away, settle=0.3)
        memory.results["received"] = True

    def _free(self, seen: Observation, side: str, memory: Memory) -> str:
        for hand in (side,) if side else SIDES[::-1]:
            if held_by(self.kinematics, seen, memory, hand) is None:
                return hand
        raise SkillError(
            ErrorCode.PRECONDITION_FAILED, "no hand is free to receive; put down what it holds"
        )

    def _until(
        self, team: Team, barrier: str, seen: Observation, side: str, wait: float, what: str
    ) -> Generator[Trajectory, Observation, Observation]:
        """Hold still until the giver has come so far; returns what is seen then."""
        end = seen.time + wait
        while not team.met(barrier):
            if seen.time > end:
                raise SkillError(ErrorCode.TIMEOUT, f"no partner has {what} within {wait:g} s")
            still = self.planner.hold(seen.joint_position, side, _PAUSE, phase="waiting")
            seen = yield replace(still, settle=0.1)
        return seen

    def _grip(
        self, seen: Observation, target: SeenObject, wanted: str, memory: Memory
    ) -> tuple[str, Pose]:
        """The hand and the pose that grip best within reach, above the giver's hand.

        Raises:
            SkillError: PRECONDITION_FAILED or OUT_OF_REACH.
        """
        if target.size[2] < _HAND + 2 * _BELOW_RIM:
            raise SkillError(
                ErrorCode.PRECONDITION_FAILED,
                f"the {named(target)} is {target.size[2]:.2f} m tall; two hands one above the "
                f"other need {_HAND + 2 * _BELOW_RIM:.2f} m",
            )
        self.kinematics.set_obstacles(())
        centre = np.array(target.position, dtype=float)
        centre[2] += float(target.size[2]) / 2 - _BELOW_RIM
        best = np.inf
        for side in (wanted,) if wanted else SIDES[::-1]:
            if held_by(self.kinematics, seen, memory, side) is not None:
                continue
            for yaw in _YAWS:
                rotation = about_z(yaw if side == "right" else -yaw)
                shift = rotation @ grasps.centre_in_hand(side, "side", held=False)
                grip = Pose(centre - shift, rotation)
                miss = self._miss(seen.joint_position, side, grip)
                if miss <= REACH_TOLERANCE:
                    return side, grip
                best = min(best, miss)
        x, y, z = centre.tolist()
        raise SkillError(
            ErrorCode.OUT_OF_REACH,
            f"the {named(target)} held out at ({x:.2f}, {y:.2f}, {z:.2f}) m is out of reach by "
            f"{best * 1e3:.0f} mm",
        )

    def _miss(self, joints: np.ndarray, side: str, grip: Pose) -> float:
        """By how much the worst pose of the way to a grip is missed, turns weighed in [m]."""
        worst = 0.0
        for pose in (_shifted(grip, side, _BACK), grip):
            solution = self.kinematics.solve(joints, {side: pose})
            joints = solution.joints
            worst = max(worst, solution.miss, solution.turn * REACH_TOLERANCE / TURN_TOLERANCE)
        return worst

    def _moved(
        self,
        seen: Observation,
        side: str,
        way: list[Pose],
        target: SeenObject,
        phase: str,
        *,
        speed: float = 0.6,
        local: bool = True,
    ) -> Trajectory:
        self.kinematics.set_obstacles(())
        return self.planner.path(
            seen.joint_position,
            side,
            way,
            local=local,
            speed=speed,
            phase=phase,
            what=f"the {named(target)}",
        )


def _shifted(pose: Pose, side: str, offset: np.ndarray) -> Pose:
    """A pose moved by an offset given in the right hand's frame [m]."""
    return pose.moved(pose.rotation @ grasps.mirrored(side, offset))
