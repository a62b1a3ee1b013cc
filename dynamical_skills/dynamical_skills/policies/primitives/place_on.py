"""Set down what a hand holds, let go, and withdraw without knocking it over."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dynamical_skills.motion import grasps, placing
from dynamical_skills.motion.rotations import yaw_of
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Trajectory,
)
from dynamical_skills.policies.primitives.carry import Carry, bearers, place_pose
from dynamical_skills.policies.primitives.primitive import (
    Primitive,
    find,
    grip_centre,
    held_side,
    named,
)

_DROP = 0.004  # the fingers open this high above where the object would just stand [m]
_RETREAT_SIDE = np.array([-0.035, -0.095, 0.0])
_RETREAT_UP = 0.15
_RETREAT_SHARES = (1.0, 0.75, 0.5)
_QUICK = 2.8  # a longer way to withdraw winds around the reach limit: a smaller one is tried [s]
_SPOT_TOLERANCE = 0.03


class PlaceOn(Primitive):
    """Lower the held object onto the target, open the hand and withdraw it."""

    id = "place_on"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PRECONDITION_FAILED if nothing is held, OBJECT_NOT_SEEN, OUT_OF_REACH,
                PLANNING_FAILED.
        """
        seen = first
        side, held = held_side(self.kinematics, seen, memory)
        target = find(seen, parameters, memory, key="target")
        if not self._is_over(seen, side, held, target, memory):
            for motion in Carry(self.kinematics).run(seen, parameters, memory):
                seen = yield motion
        self.avoid(seen, memory, touching=bearers(target))
        hand = self.kinematics.hand_pose(seen.joint_position, side)
        spot = np.asarray(memory.results["place_target"], dtype=float)
        style = grasps.style_of(held)
        yaw = yaw_of(hand.rotation)
        goal = place_pose(spot, yaw, side=side, held=held, memory=memory).moved([0.0, 0.0, _DROP])
        seen = yield replace(
            self.planner.path(
                seen.joint_position,
                side,
                [goal],
                local=True,
                speed=0.6,
                phase="lower",
                what=f"the spot for the {named(held)}",
            ),
            settle=0.15,
        )
        seen = yield replace(
            self.planner.fingers(seen.joint_position, side, 0.0, duration=0.7), settle=0.3
        )
        memory.held.pop(side, None)
        memory.results["last_held"] = {"class_id": held.class_id, "color": held.color}
        self.avoid(seen, memory, touching=[held.id, *bearers(target)])
        # The fingers are named again: they may still be on their way from far beyond contact.
        yield self.planner.with_fingers(
            self.retreat(seen, side, style), seen.joint_position, side, 0.0
        )

    def _is_over(
        self, seen: Observation, side: str, held: SeenObject, target: SeenObject, memory: Memory
    ) -> bool:
        """Whether the object hangs over the spot that was chosen on this target."""
        spot = memory.results.get("place_target")
        if spot is None:
            return False
        radius = float(max(held.size[:2])) / 2
        over = grip_centre(self.kinematics, seen, side, grasps.style_of(held))
        near = float(np.linalg.norm(over[:2] - np.asarray(spot)[:2])) < _SPOT_TOLERANCE
        return near and placing.surface_of(target).contains(np.asarray(spot), radius - 0.02)

    def retreat(self, seen: Observation, side: str, style: str) -> Trajectory:
        """Away from the object's side and then up, or straight up from above it.

        Raises:
            SkillError: OUT_OF_REACH if the hand cannot withdraw even a little.
        """
        hand = self.kinematics.hand_pose(seen.joint_position, side)
        failure: SkillError | None = None
        found: list[Trajectory] = []
        for share in _RETREAT_SHARES:
            aside = hand
            if style == "side":
                away = hand.rotation @ grasps.mirrored(side, _RETREAT_SIDE)
                aside = hand.moved(share * away)
            ways = [aside, aside.moved([0.0, 0.0, share * _RETREAT_UP])]
            try:
                motion = self.planner.path(
                    seen.joint_position,
                    side,
                    ways[1:] if style == "over" else ways,
                    local=True,
                    phase="withdraw",
                    what="the place beside the object",
                )
            except SkillError as error:
                failure = failure or error
                continue
            found.append(motion)
            if motion.duration < _QUICK:
                break
        if not found:
            assert failure is not None
            raise failure
        return min(found, key=lambda motion: motion.duration)
