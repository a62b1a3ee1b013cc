"""Bring what a hand holds over the place where it shall stand."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, placing
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.rotations import about_z, yaw_of
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Trajectory,
)
from dynamical_skills.policies.primitives.primitive import Primitive, find, held_side, named

_ABOVE = 0.09  # room between the object's underside and the surface while it is carried [m]
_YAWS = (0.0, -0.35, 0.35, -0.7, 0.7, 1.0)
_SPOTS = 5
_NEAREST_RADIUS = 0.30  # no nearer to the waist's axis than this while turning [m]


class Carry(Primitive):
    """Swing the held object, upright, around the waist's axis to above a free spot of the target."""

    id = "carry"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PRECONDITION_FAILED if nothing is held, OBJECT_NOT_SEEN, OUT_OF_REACH, PLANNING_FAILED if the
                target has no free spot or no clear way leads there.
        """
        side, held = held_side(self.kinematics, first, memory)
        target = find(first, parameters, memory, key="target")
        self.avoid(first, memory)
        failure: SkillError | None = None
        for spot, yaw in self._choices(first, held, target, side):
            try:
                motion = self._way(first, side, held, spot, yaw, memory)
            except SkillError as error:
                failure = failure or error
                continue
            memory.results["place_target"] = [float(v) for v in spot]
            yield motion
            return
        raise failure or SkillError(
            ErrorCode.PLANNING_FAILED,
            f"the {named(target)} has no free spot for the {named(held)}",
        )

    def _choices(
        self, seen: Observation, held: SeenObject, target: SeenObject, side: str
    ) -> Iterator[tuple[np.ndarray, float]]:
        """Spots and headings of the hand that it can reach, best first."""
        radius = float(max(held.size[:2])) / 2
        others = [other for other in seen.objects if other.id not in (held.id, target.id)]
        spots = placing.free_spots(placing.surface_of(target), radius, others)[:_SPOTS]
        for spot in spots:
            for turn in _YAWS:
                yield (
                    spot,
                    float(np.arctan2(spot[1], spot[0])) + (turn if side == "left" else -turn),
                )

    def _way(
        self,
        seen: Observation,
        side: str,
        held: SeenObject,
        spot: np.ndarray,
        yaw: float,
        memory: Memory,
    ) -> Trajectory:
        joints, name = seen.joint_position, f"the spot for the {named(held)}"
        goal = place_pose(spot, yaw, side=side, held=held, memory=memory)
        start = self.kinematics.hand_pose(joints, side)
        above = goal.moved([0.0, 0.0, _ABOVE])
        self._check_goal(joints, side, goal, yaw, name)
        waypoints = list(
            _arc(start, above, grasps.centre_in_hand(side, grasps.style_of(held), held=True))
        )
        motion = self.planner.path(joints, side, waypoints, speed=0.9, phase="carry", what=name)
        if not self.planner.is_clear(joints, motion):
            raise SkillError(
                ErrorCode.PLANNING_FAILED, f"the way to {name} is not clear for the {side} hand"
            )
        return motion

    def _check_goal(
        self, joints: np.ndarray, side: str, goal: Pose, yaw: float, name: str
    ) -> None:
        """Refuse a spot that the hand cannot come down to, before its way is planned."""
        turned = np.array(joints)
        waist = self.kinematics.index["waist_yaw_joint"]
        turned[waist] = np.clip(0.5 * yaw, -1.2, 1.2)
        solution = self.kinematics.solve(turned, {side: goal.moved([0.0, 0.0, 0.01])})
        if solution.miss > 0.008 or solution.turn > 0.12:
            x, y, z = goal.position
            raise SkillError(
                ErrorCode.OUT_OF_REACH,
                f"the {side} hand misses {name} at ({x:.2f}, {y:.2f}, {z:.2f}) m by {solution.miss * 1e3:.0f} mm",
            )


def place_pose(
    spot: np.ndarray, yaw: float, *, side: str, held: SeenObject, memory: Memory
) -> Pose:
    """Hand pose in which the held object stands on a spot of a surface."""
    style = grasps.style_of(held)
    rotation = grasps.rotation_of(side, style, yaw)
    height = float(memory.results.get("grip_height") or grasps.grip_height(held, style))
    centre = rotation @ grasps.centre_in_hand(side, style, held=True)
    if style == "over" and not memory.results.get("grip_height"):
        height += float(-centre[2])
    return Pose(np.array([spot[0] - centre[0], spot[1] - centre[1], spot[2] + height]), rotation)


def _arc(start: Pose, end: Pose, centre: np.ndarray) -> Iterator[Pose]:
    """Hand poses that lead the object's centre around the waist's axis from start to end."""
    first, last = start.position + start.rotation @ centre, end.position + end.rotation @ centre
    angles = np.arctan2(first[1], first[0]), np.arctan2(last[1], last[0])
    radii = np.hypot(first[0], first[1]), np.hypot(last[0], last[1])
    turn = yaw_of(end.rotation) - yaw_of(start.rotation)
    top = max(first[2], last[2])
    count = max(2, int(np.ceil(abs(angles[1] - angles[0]) / 0.2)))
    for share in (np.arange(1, count) / count).tolist():
        angle = angles[0] + share * (angles[1] - angles[0])
        radius = max(
            radii[0] + share * (radii[1] - radii[0]) - 0.04 * np.sin(np.pi * share),
            _NEAREST_RADIUS,
        )
        height = first[2] + min(1.0, 2.5 * share) * (top - first[2]) if share < 0.6 else top
        if share >= 0.6:
            height = top + (share - 0.6) / 0.4 * (last[2] - top)
        rotation = about_z(share * turn) @ start.rotation
        point = np.array([radius * np.cos(angle), radius * np.sin(angle), height])
        yield Pose(point - rotation @ centre, rotation)
    yield end
