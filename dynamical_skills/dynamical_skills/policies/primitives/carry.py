"""Bring what a hand holds over the place where it shall stand."""

from collections.abc import Generator, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, obstacles, placing
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.planner import check_reach
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
_TRIED = 10  # spots and headings looked into
# How far the object is raised before it swings, and the room kept around other things [m]: over
# a tall neighbour rather than past it, and past it by its measured size rather than not at all.
_TRIES = ((0.0, obstacles.OBJECT_DOUBT), (0.10, obstacles.OBJECT_DOUBT), (0.10, 0.0), (0.0, 0.0))
_EASY = 0.6  # the first choice from which no joint turns further than this on the way down [rad]
_NEAREST_RADIUS = 0.30  # no nearer to the waist's axis than this while turning [m]


class Carry(Primitive):
    """Swing the held object, upright, around the waist to above a free spot of the target."""

    id = "carry"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PRECONDITION_FAILED if nothing is held, OBJECT_NOT_SEEN, OUT_OF_REACH,
                PLANNING_FAILED if the target has no free spot or no clear way leads there.
        """
        side, held = held_side(self.kinematics, first, memory)
        target = find(first, parameters, memory, key="target")
        failure: SkillError | None = None
        for rise, margin in _TRIES:
            self.avoid(first, memory, touching=bearers(target), margin=margin)
            try:
                spot, motion = self._best(first, held, target, side, memory, rise)
            except SkillError as error:
                failure = failure or error
                continue
            memory.results["place_target"] = [float(v) for v in spot]
            yield motion
            return
        assert failure is not None
        raise failure

    def _best(
        self,
        seen: Observation,
        held: SeenObject,
        target: SeenObject,
        side: str,
        memory: Memory,
        rise: float,
    ) -> tuple[np.ndarray, Trajectory]:
        """Spot and motion to above it: the first easy one, else the easiest of those tried.

        Raises:
            SkillError: OUT_OF_REACH, or PLANNING_FAILED if there is no free spot or clear way.
        """
        failure: SkillError | None = None
        best: tuple[float, np.ndarray, Trajectory] | None = None
        for spot, yaw in islice(self._choices(seen, held, target, side), _TRIED):
            goal = place_pose(spot, yaw, side=side, held=held, memory=memory)
            try:
                motion, turn = self._way(seen.joint_position, side, held, goal, rise)
            except SkillError as error:
                failure = failure or error
                continue
            if best is None or turn < best[0]:
                best = turn, spot, motion
            if turn < _EASY:
                break
        if best is None:
            raise failure or SkillError(
                ErrorCode.PLANNING_FAILED,
                f"the {named(target)} has no free spot for the {named(held)}",
            )
        return best[1], best[2]

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
        self, joints: np.ndarray, side: str, held: SeenObject, goal: Pose, rise: float
    ) -> tuple[Trajectory, float]:
        """Motion to above a goal, and how far a joint turns on the way down from there [rad].

        Raises:
            SkillError: OUT_OF_REACH or PLANNING_FAILED.
        """
        name = f"the spot for the {named(held)}"
        start = self.kinematics.hand_pose(joints, side)
        above = goal.moved([0.0, 0.0, _ABOVE])
        centre = grasps.centre_in_hand(side, grasps.style_of(held), held=True)
        raised = start.moved([0.0, 0.0, rise])
        waypoints = [*([raised] if rise else []), *_arc(raised, above, centre)]
        motion = self.planner.path(joints, side, waypoints, speed=0.9, phase="carry", what=name)
        end = self.planner.end(joints, motion)
        down = self.kinematics.solve(end, {side: goal.moved([0.0, 0.0, 0.01])}, posture=end)
        check_reach(down, side, name, goal)
        if not self.planner.is_clear(joints, motion):
            raise SkillError(
                ErrorCode.PLANNING_FAILED, f"the way to {name} is not clear for the {side} hand"
            )
        return motion, float(np.abs(down.joints - end).max())


def bearers(target: SeenObject) -> tuple[int, ...]:
    """Ids that what is put down may touch: a thing it is stacked on; furniture is kept clear of."""
    return () if obstacles.is_furniture(target) else (target.id,)


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
