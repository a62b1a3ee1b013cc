"""Touch an object lightly."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, obstacles
from dynamical_skills.motion.model import SIDES
from dynamical_skills.motion.planner import check_reach
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
    held_by,
    named,
    side_of,
)
from dynamical_skills.policies.primitives.push import Push

_INTO = 0.008  # the hand goes this far beyond the first touch, as far as things are mislocated [m]


class Touch(Primitive):
    """Bring the flat of the hand to an object's side until it touches, and withdraw."""

    id = "touch"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; result: ``touch_gap``, between palm and object [m].

        Raises:
            SkillError: OBJECT_NOT_SEEN, OBJECT_AMBIGUOUS, OUT_OF_REACH, PARAMETER_INVALID for
                furniture and people, PRECONDITION_FAILED if no hand that may serve is empty.
        """
        target = find(first, parameters, memory)
        if obstacles.is_furniture(target) or target.class_id in ("person", "place"):
            raise SkillError(
                ErrorCode.PARAMETER_INVALID,
                f"a {target.class_id} is not touched on purpose; name a cup, a cube or a bottle",
            )
        memory.results.pop("touch_gap", None)
        wanted = side_of(parameters)
        near = "left" if target.position[1] > 0 else "right"
        sides = (wanted,) if wanted else sorted(SIDES, key=lambda side: side != near)
        free = [s for s in sides if held_by(self.kinematics, first, memory, s) is None]
        failure: SkillError | None = None
        for side in free:
            try:
                way = self._stroke(first, target, memory, side)
                motion = next(way)
            except SkillError as error:
                failure = failure or error
                continue
            memory.side = side
            yield from self._follow(way, motion, target, memory)
            return
        raise failure or SkillError(
            ErrorCode.PRECONDITION_FAILED,
            f"the hand for the {named(target)} is not empty; put down what it holds first",
        )

    def _stroke(
        self, seen: Observation, target: SeenObject, memory: Memory, side: str
    ) -> Generator[Trajectory, Observation, None]:
        """From beside the object as far as the hand's own shape leaves room, and a little more.

        Raises:
            SkillError: OUT_OF_REACH.
        """
        push = Push(self.kinematics)
        before, _ = push.ends(seen, target, how="aside", side=side, distance=0.0)
        self.avoid(seen, memory, touching=[target.id], margin=0.0)
        beside = self.kinematics.solve(seen.joint_position, {side: before})
        check_reach(beside, side, f"the place beside the {named(target)}", before)
        gap = self.kinematics.hand_gap(beside.joints, side, _side_of(target))
        inward = grasps.mirrored(side, np.array([0.0, 1.0, 0.0]))
        after = before.moved((gap + _INTO) * inward)
        return push.stroke(seen, target, memory, side=side, ends=(before, after), closed=False)

    def _follow(
        self,
        way: Generator[Trajectory, Observation, None],
        motion: Trajectory,
        target: SeenObject,
        memory: Memory,
    ) -> Generator[Trajectory, Observation, None]:
        """The stroke, measured where it touches."""
        while True:
            seen = yield motion
            if motion.phase == "push":
                here = next((o for o in seen.objects if o.id == target.id), target)
                memory.results["touch_gap"] = self.kinematics.hand_gap(
                    seen.joint_position, memory.side, _side_of(here)
                )
            try:
                motion = way.send(seen)
            except StopIteration:
                return


def _side_of(seen: SeenObject) -> obstacles.Box:
    """The part of an object that a hand from the side meets first: the middle of a round one."""
    half = np.array(seen.size, dtype=float) / 2
    if grasps.style_of(seen) == "side":
        half[0] *= 0.5
    return obstacles.Box(np.array(seen.position, dtype=float), half)
