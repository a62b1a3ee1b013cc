"""Push something along the surface it stands on."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.rotations import about_z
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Trajectory,
)
from dynamical_skills.policies.primitives.primitive import Primitive, find, held_by, named, number

# The object's centre in the right hand's frame at first touch, less the object's radius [m]:
# closed knuckles push ahead, the flat palm pushes sideways.
_AHEAD = np.array([0.150, 0.010, 0.0])
_ASIDE = np.array([0.110, -0.006, 0.0])
_GAP = 0.025
_OVER = 0.07  # the hand comes in this high above the object's top [m]
_DIRECTIONS = {"forward": ("ahead", ""), "left": ("aside", "right"), "right": ("aside", "left")}


class Push(Primitive):
    """Push an object forward with a closed hand, or sideways with the flat of the hand."""

    id = "push"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: OBJECT_NOT_SEEN, OBJECT_AMBIGUOUS, PARAMETER_INVALID, OUT_OF_REACH,
                PRECONDITION_FAILED.
        """
        distance = number(parameters, "distance", 0.06, 0.01, 0.20)
        direction = str(parameters.get("direction") or "forward")
        if direction not in _DIRECTIONS:
            raise SkillError(
                ErrorCode.PARAMETER_INVALID,
                f"direction is {direction!r}; it must be one of {', '.join(_DIRECTIONS)}",
            )
        target = find(first, parameters, memory)
        how, side = _DIRECTIONS[direction]
        side = side or ("left" if target.position[1] > 0 else "right")
        if held_by(self.kinematics, first, memory, side) is not None:
            raise SkillError(
                ErrorCode.PRECONDITION_FAILED,
                f"the {side} hand is not empty; put down what it holds first",
            )
        memory.side = side
        memory.results["pushed_from"] = [float(v) for v in target.position]
        before, after = self.ends(first, target, how=how, side=side, distance=distance)
        yield from self.stroke(
            first, target, memory, side=side, ends=(before, after), closed=how == "ahead"
        )

    def stroke(
        self,
        first: Observation,
        target: SeenObject,
        memory: Memory,
        *,
        side: str,
        ends: tuple[Pose, Pose],
        closed: bool,
    ) -> Generator[Trajectory, Observation, None]:
        """Over and beside the object, along it (phase ``"push"``), and away again.

        Args:
            first: What is seen.
            target: The object.
            memory: Knows what is held.
            side: Hand used.
            ends: Hand poses beside the object and at the end of the push.
            closed: Whether the fingers close to a fist.

        Raises:
            SkillError: OUT_OF_REACH.
        """
        name, seen = f"the {named(target)}", first
        before, after = ends
        self.avoid(seen, memory)
        top = float(target.position[2] + target.size[2] / 2)
        above = before.moved([0.0, 0.0, max(0.12, top + _OVER - float(before.position[2]))])
        motion = self.planner.path(
            seen.joint_position, side, [above], phase="reach", what=f"the start over {name}"
        )
        seen = yield self.planner.with_fingers(
            motion, seen.joint_position, side, 1.0 if closed else 0.0
        )
        self.avoid(seen, memory, touching=[target.id], margin=0.0)
        seen = yield self.planner.path(
            seen.joint_position, side, [before], phase="approach", what=f"the place behind {name}"
        )
        seen = yield self.planner.path(
            seen.joint_position,
            side,
            [after],
            speed=0.6,
            phase="push",
            what=f"the place to push {name} to",
        )
        back = [before, above]
        yield self.planner.path(
            seen.joint_position, side, back, phase="withdraw", what=f"the place over {name}"
        )

    def ends(
        self, seen: Observation, target: SeenObject, *, how: str, side: str, distance: float
    ) -> tuple[Pose, Pose]:
        """Hand poses before contact and at the end of the push."""
        others = [other for other in seen.objects if other.id != target.id]
        height = grasps.surface_below(target, others) + float(
            np.clip(target.size[2] * 0.5, 0.050, 0.07)
        )
        rotation = about_z(0.0)
        radius = float(max(target.size[:2])) / 2
        if how == "ahead":
            ahead, offset = np.array([1.0, 0.0, 0.0]), _AHEAD
        else:
            ahead, offset = grasps.mirrored(side, np.array([0.0, 1.0, 0.0])), _ASIDE
        contact = grasps.mirrored(side, offset) + radius * ahead
        centre = np.array([target.position[0], target.position[1], height])
        touch = Pose(centre - contact, rotation)
        return touch.moved(-_GAP * ahead), touch.moved(distance * ahead)
