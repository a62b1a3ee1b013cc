"""Drag an object towards the robot along the surface it stands on."""

from collections.abc import Generator, Iterable, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, obstacles
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Trajectory,
)
from dynamical_skills.policies.primitives.grasp import Grasp
from dynamical_skills.policies.primitives.place_on import PlaceOn
from dynamical_skills.policies.primitives.primitive import Primitive, as_part, find, named, number

_RAISE = 0.004  # the object is relieved of some of its weight, so that it slides [m]
_EDGE = 0.02  # room left between an object's side and the edge it is pulled towards [m]
_DRAWN = 0.026  # the closing fingers draw an object in by up to this much [m]
_LEAST = 0.015
_SHARES = (1.0, 0.75, 0.5)  # of the distance, tried in this order


class Pull(Primitive):
    """Take the object, draw it nearer without lifting it off, let go and withdraw."""

    id = "pull"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID, OUT_OF_REACH at an edge, and as ``Grasp`` and ``PlaceOn``.
        """
        distance = number(parameters, "distance", 0.06, 0.01, 0.15)
        memory.results.pop("pulled_from", None)
        room = room_on_surface(find(first, parameters, memory), first.objects)
        if room < _LEAST:
            raise SkillError(
                ErrorCode.OUT_OF_REACH,
                f"the {named(find(first, parameters, memory))} stands {max(room, 0.0):.3f} m from "
                "where it would no longer stand safely; nearer it cannot be pulled",
            )
        distance = min(distance, room)
        grasp = Grasp(self.kinematics)
        seen = yield from as_part(grasp.run(first, parameters, memory), first)
        side = memory.side
        held = memory.held[side]
        memory.results["pulled_from"] = [float(v) for v in held.position]
        seen = yield self._drag(seen, side, held.position, distance, memory)
        seen = yield self.planner.fingers(seen.joint_position, side, 0.0, duration=0.7)
        memory.held.pop(side, None)
        memory.results["last_held"] = {"class_id": held.class_id, "color": held.color}
        here = find(seen, parameters, memory)
        self.avoid(seen, memory, touching=[held.id, here.id])
        retreat = PlaceOn(self.kinematics).retreat(seen, side, grasps.style_of(held))
        yield self.planner.with_fingers(retreat, seen.joint_position, side, 0.0)

    def _drag(
        self, seen: Observation, side: str, place: np.ndarray, distance: float, memory: Memory
    ) -> Trajectory:
        """Motion of the hand along the surface towards the waist, as far as it can go.

        Raises:
            SkillError: OUT_OF_REACH if even half of the way is too far.
        """
        self.avoid(
            seen,
            memory,
            touching=[
                other.id for other in seen.objects if other.class_id not in ("table", "shelf")
            ],
        )
        hand = self.kinematics.hand_pose(seen.joint_position, side)
        towards = -np.array([place[0], place[1], 0.0]) / float(np.hypot(place[0], place[1]))
        failure: SkillError | None = None
        for share in _SHARES:
            goal = hand.moved(share * distance * towards + [0.0, 0.0, _RAISE])
            try:
                return self.planner.path(
                    seen.joint_position,
                    side,
                    [goal],
                    local=True,
                    speed=0.4,
                    phase="pull",
                    what=f"the place to pull the {named(memory.held[side])} to",
                )
            except SkillError as error:
                failure = failure or error
        assert failure is not None
        raise failure


def room_on_surface(seen: SeenObject, others: Iterable[SeenObject]) -> float:
    """How far an object can be pulled towards the waist and still stand on its furniture [m].

    +inf if no furniture is seen below it.
    """
    radius = float(max(seen.size[:2])) / 2
    towards = -seen.position[:2] / float(np.hypot(*seen.position[:2]))
    for other in others:
        inside = np.abs(seen.position[:2] - other.position[:2]) <= other.size[:2] / 2
        if not obstacles.is_furniture(other) or not bool(inside.all()):
            continue
        ahead = (other.size[:2] / 2 - radius - _EDGE) - (
            (seen.position[:2] - other.position[:2]) * np.sign(towards)
        )
        with np.errstate(divide="ignore"):
            return float(np.min(ahead / np.abs(towards))) - _DRAWN
    return float("inf")
