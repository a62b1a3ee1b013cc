"""Take an object: approach, close the fingers on it, feel whether it is there."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, hands
from dynamical_skills.motion.rotations import turn_between
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
    finger_joints,
    named,
    side_of,
)
from dynamical_skills.policies.primitives.reach import Reach

_NEAR = 0.05  # the hand is where the approach begins [m]
_SAME_PLACE = (
    0.03  # an object seen this near to where it was before the hand hid it has not moved [m]
)
_SETTLE = 0.35


class Grasp(Primitive):
    """Close a hand around an object; the fingers are sent beyond contact and keep squeezing."""

    id = "grasp"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: As ``Reach``, and MOTION_FAILED if the fingers closed on nothing.
        """
        reach = Reach(self.kinematics)
        seen = yield from reach.freed(first, find(first, parameters, memory), memory)
        target = self._where(seen, parameters, memory)
        grasp = self._started(seen, target, memory, side_of(parameters, default=memory.side))
        if grasp is None:
            grasp, motion = reach.plan(seen, target, memory, side=side_of(parameters))
            seen = yield self.planner.with_fingers(motion, seen.joint_position, grasp.side, 0.0)
        memory.side = grasp.side
        self.avoid(
            seen,
            memory,
            touching=[
                other.id for other in seen.objects if other.class_id not in ("table", "shelf")
            ],
        )
        seen = yield self.planner.path(
            seen.joint_position,
            grasp.side,
            [grasp.beside, grasp.at],
            local=True,
            speed=0.85,
            phase="approach",
            what=f"the {named(target)}",
        )
        closing = self.planner.fingers(seen.joint_position, grasp.side, 1.0)
        seen = yield replace(closing, goal=grasp.at.position, settle=_SETTLE)
        if not hands.squeezes(
            grasp.side, finger_joints(self.kinematics, seen.joint_position, grasp.side)
        ):
            seen = yield self.planner.fingers(seen.joint_position, grasp.side, 0.0)
            raise SkillError(
                ErrorCode.MOTION_FAILED,
                f"the {grasp.side} hand closed fully: "
                f"the {named(target)} is not between its fingers",
            )
        memory.held[grasp.side] = target
        surface = grasps.surface_below(target, seen.objects)
        hand = self.kinematics.hand_pose(seen.joint_position, grasp.side)
        memory.results["grip_height"] = float(hand.position[2] - surface)

    def _where(
        self, seen: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> SeenObject:
        """The object, where it was before the hand hid it from cameras, unless it has moved."""
        target = find(seen, parameters, memory)
        before = memory.results.get("object_position")
        if (
            before is not None
            and float(np.linalg.norm(target.position - np.asarray(before))) < _SAME_PLACE
        ):
            return replace(target, position=np.asarray(before, dtype=float))
        return target

    def _started(
        self, seen: Observation, target: SeenObject, memory: Memory, side: str
    ) -> grasps.Grasp | None:
        """The grasp whose approach the hand is ready to begin, if there is one."""
        if not side or side in memory.held:
            return None
        pose = self.kinematics.hand_pose(seen.joint_position, side)
        others = [other for other in seen.objects if other.id != target.id]
        for grasp in grasps.grasps_of(
            target, others, sides=(side,), approach=self.kinematics.site.approach
        ):
            near = float(np.linalg.norm(pose.position - grasp.above.position)) < _NEAR
            if near and turn_between(pose.rotation, grasp.above.rotation) < 0.12:
                return grasp
        return None
