"""Bring an open hand over and beside an object, ready to take it."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, obstacles
from dynamical_skills.motion.model import SIDES
from dynamical_skills.motion.planner import REACH_TOLERANCE, TURN_TOLERANCE
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Trajectory,
)
from dynamical_skills.policies.primitives.primitive import Primitive, find, held_by, named, side_of

_TRIED = 8  # ways to take an object that are looked into before giving up


class Reach(Primitive):
    """Move an open hand to where its approach to the object begins; chooses hand and direction."""

    id = "reach"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: OBJECT_NOT_SEEN, OBJECT_AMBIGUOUS, OUT_OF_REACH, PLANNING_FAILED, or
                PRECONDITION_FAILED if no hand that may serve is empty.
        """
        seen = yield from self.freed(first, find(first, parameters, memory), memory)
        target = find(seen, parameters, memory)
        grasp, motion = self.plan(seen, target, memory, side=side_of(parameters))
        memory.side = grasp.side
        memory.results["object_position"] = [float(v) for v in target.position]
        yield self.planner.with_fingers(motion, seen.joint_position, grasp.side, 0.0)

    def freed(
        self, seen: Observation, target: SeenObject, memory: Memory
    ) -> Generator[Trajectory, Observation, Observation]:
        """Let go of the object where an earlier try left a hand closed near it."""
        for side in SIDES:
            held = held_by(self.kinematics, seen, memory, side)
            if side in memory.held or held is None or held.id != target.id:
                continue
            seen = yield self.planner.fingers(seen.joint_position, side, 0.0)
            self.avoid(seen, memory, touching=[target.id])
            hand = self.kinematics.hand_pose(seen.joint_position, side)
            aside = hand.moved(
                hand.rotation @ grasps.mirrored(side, np.array([-0.025, -0.075, 0.0]))
            )
            ways = (
                [aside, aside.moved([0.0, 0.0, 0.10])]
                if grasps.style_of(target) == "side"
                else [hand.moved([0.0, 0.0, 0.12])]
            )
            away = self.planner.path(
                seen.joint_position,
                side,
                ways,
                phase="withdraw",
                what="the place beside the object",
            )
            seen = yield replace(away, settle=0.3)
        return seen

    def plan(
        self, seen: Observation, target: SeenObject, memory: Memory, *, side: str = ""
    ) -> tuple[grasps.Grasp, Trajectory]:
        """The best way within reach to take an object, and the motion to where it begins."""
        if obstacles.is_furniture(target) or target.class_id in ("person", "place"):
            raise SkillError(
                ErrorCode.PARAMETER_INVALID,
                f"a {target.class_id} cannot be grasped; name a cup, a cube or a bottle",
            )
        free = [
            hand
            for hand in ((side,) if side else SIDES)
            if held_by(self.kinematics, seen, memory, hand) is None
        ]
        if not free:
            raise SkillError(
                ErrorCode.PRECONDITION_FAILED,
                f"the hand for the {named(target)} is not empty; put down what it holds first",
            )
        others = [other for other in seen.objects if other.id != target.id]
        failure: SkillError | None = None
        ways = grasps.grasps_of(
            target, others, sides=free, approach=self.kinematics.site.approach
        )[:_TRIED]
        for margin in (obstacles.OBJECT_DOUBT, 0.0):
            for grasp in ways:
                try:
                    motion = self._approach(seen, target, grasp, memory, margin)
                except SkillError as error:
                    failure = failure or error
                    continue
                return grasp, motion
        raise failure or SkillError(
            ErrorCode.PLANNING_FAILED, f"no way to take the {named(target)} is known"
        )

    def _approach(
        self,
        seen: Observation,
        target: SeenObject,
        grasp: grasps.Grasp,
        memory: Memory,
        margin: float,
    ) -> Trajectory:
        """Motion to the start of a grasp.

        Raises:
            SkillError: If one of its poses is out of reach or the way is not clear.
        """
        name = f"the {named(target)}"
        joints = seen.joint_position
        self.avoid(seen, memory, margin=margin)
        ways = [[grasp.above], [grasp.above.moved([-0.06, 0.0, 0.10]), grasp.above]]
        for way in ways:
            motion = self.planner.path(
                joints, grasp.side, way, phase="reach", what=f"the start over {name}"
            )
            if self.planner.is_clear(joints, motion):
                break
        else:
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                f"the way to {name} with the {grasp.side} hand is not clear",
            )
        self.avoid(seen, memory, touching=[target.id], margin=0.0)
        end = self.planner.end(joints, motion)
        for pose in (grasp.beside, grasp.at):
            solution = self.kinematics.solve(end, {grasp.side: pose})
            end = solution.joints
            if solution.miss > REACH_TOLERANCE or solution.turn > TURN_TOLERANCE:
                x, y, z = np.asarray(target.position).tolist()
                raise SkillError(
                    ErrorCode.OUT_OF_REACH,
                    f"{name} at ({x:.2f}, {y:.2f}, {z:.2f}) m is out of reach of "
                    f"the {grasp.side} hand by "
                    f"{solution.miss * 1e3:.0f} mm",
                )
        return motion
