"""What all motion primitives share: a planner, and how objects and hands are found."""

from collections.abc import Generator, Iterable, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps, hands, obstacles
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.model import SIDES
from dynamical_skills.motion.planner import Planner
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    Skill,
    SkillError,
    Trajectory,
)

IN_HAND = 0.075  # an object whose centre is this near to where a hand holds things is in it [m]


class Primitive(Skill):
    """A skill that plans joint trajectories with inverse kinematics.

    Args:
        kinematics: The robot's, shared by all primitives: one motion is planned at a time.
    """

    def __init__(self, kinematics: Kinematics) -> None:
        self.kinematics = kinematics
        self.planner = Planner(kinematics)

    def avoid(
        self,
        seen: Observation,
        memory: Memory,
        *,
        touching: Iterable[int] = (),
        margin: float = obstacles.OBJECT_DOUBT,
    ) -> None:
        """Keep clear of what is seen and of what the workspace's data names.

        Args:
            seen: What is seen.
            memory: Knows what is held.
            touching: Track ids that may be touched.
            margin: Room around what stands loosely, at least the workspace's; 0 = none [m].
        """
        site = self.kinematics.site
        margin = max(margin, site.clearance) if margin > 0.0 else 0.0
        carried = {
            side: held for side in SIDES if (held := held_by(self.kinematics, seen, memory, side))
        }
        without = {*touching, *(held.id for held in carried.values())}
        self.kinematics.set_obstacles(
            [*obstacles.boxes(seen.objects, without=without, margin=margin), *site.boxes],
            held={side: _box_in_hand(side, held) for side, held in carried.items()},
        )


def _box_in_hand(side: str, held: SeenObject) -> obstacles.Box:
    """A held object in the hand frame, a little smaller, since it is set down on purpose."""
    style = grasps.style_of(held)
    half = np.array(held.size, dtype=float) / 2
    if style == "over":
        half = np.full(3, float(half.min()))
    return obstacles.Box(grasps.centre_in_hand(side, style, held=True), half * 0.8)


def as_part(
    way: Generator[Trajectory, Observation, None], seen: Observation
) -> Generator[Trajectory, Observation, Observation]:
    """Carry out another skill as a part of this one; returns what is seen at its end.

    Args:
        way: What the other skill's ``run`` returned.
        seen: What is seen now.
    """
    try:
        motion = next(way)
        while True:
            seen = yield motion
            motion = way.send(seen)
    except StopIteration:
        return seen


def side_of(parameters: Mapping[str, Any], *, default: str = "") -> str:
    """The hand asked for, or the default.

    Raises:
        SkillError: PARAMETER_INVALID if it is neither left nor right.
    """
    side = str(parameters.get("side") or default)
    if side and side not in SIDES:
        raise SkillError(
            ErrorCode.PARAMETER_INVALID, f"side is {side!r}; it must be 'left' or 'right'"
        )
    return side


def number(
    parameters: Mapping[str, Any], name: str, default: float, low: float, high: float
) -> float:
    """A number among the parameters.

    Raises:
        SkillError: PARAMETER_INVALID if it is no number or out of range.
    """
    given = parameters.get(name, default)
    try:
        value = float(default if given in (None, "") else given)
    except (TypeError, ValueError):
        value = np.nan
    if not low <= value <= high:
        raise SkillError(
            ErrorCode.PARAMETER_INVALID,
            f"{name} is {given!r}; it must be between {low} and {high}",
        )
    return value


def described(wanted: Mapping[str, Any]) -> str:
    """The words for an object: "red cup", "object 7"."""
    words = [str(wanted[key]) for key in ("color", "class_id") if wanted.get(key)]
    if wanted.get("id"):
        words.append(f"number {wanted['id']}")
    return " ".join(words) or "object"


def named(seen: SeenObject) -> str:
    """The words for something seen."""
    return f"{seen.color} {seen.class_id}".strip()


def find(
    observation: Observation, parameters: Mapping[str, Any], memory: Memory, *, key: str = "object"
) -> SeenObject:
    """The one thing seen that a parameter speaks of.

    Args:
        observation: What is seen.
        parameters: ``parameters[key]`` is a mapping with any of ``class_id``, ``color``, ``id``,
            ``position``; ``"it"`` or nothing means what is held.
        memory: Knows what is held.
        key: ``"object"`` or ``"target"``.

    Raises:
        SkillError: OBJECT_NOT_SEEN, OBJECT_AMBIGUOUS or PARAMETER_INVALID.
    """
    wanted = parameters.get(key) or {}
    if not isinstance(wanted, Mapping):
        raise SkillError(
            ErrorCode.PARAMETER_INVALID,
            f"{key} is {wanted!r}; it must be a mapping such as class_id: cup",
        )
    if (
        not any(wanted.get(name) for name in ("class_id", "color", "id"))
        or wanted.get("class_id") == "it"
    ):
        if wanted.get("position") is not None:
            return _at_position(wanted["position"], observation, key)
        for held in memory.held.values():
            return next((seen for seen in observation.objects if seen.id == held.id), held)
        raise SkillError(
            ErrorCode.OBJECT_NOT_SEEN,
            f"'{described(wanted)}' names nothing: no hand holds anything; name a {key}",
        )
    found = _matching(observation.objects, wanted)
    if not found:
        seen = ", ".join(sorted({named(other) for other in observation.objects})) or "nothing"
        raise SkillError(
            ErrorCode.OBJECT_NOT_SEEN, f"no {described(wanted)} is seen; seen are: {seen}"
        )
    if len(found) > 1 and wanted.get("position") is not None:
        place = np.asarray(wanted["position"], dtype=float)
        return min(
            found, key=lambda other: float(np.linalg.norm(other.position[: len(place)] - place))
        )
    if len(found) > 1:
        places = "; ".join(
            f"{named(o)} number {o.id} at ({o.position[0]:.2f}, {o.position[1]:.2f})"
            for o in found
        )
        raise SkillError(
            ErrorCode.OBJECT_AMBIGUOUS,
            f"{len(found)} things seen could be the {described(wanted)}: {places}; say which",
        )
    return found[0]


def _matching(objects: Iterable[SeenObject], wanted: Mapping[str, Any]) -> list[SeenObject]:
    found = list(objects)
    if wanted.get("id"):
        found = [seen for seen in found if seen.id == int(wanted["id"])]
    if wanted.get("class_id"):
        found = [seen for seen in found if seen.class_id == wanted["class_id"]]
    if wanted.get("color"):
        exact = [seen for seen in found if seen.color == wanted["color"]]
        found = exact or [seen for seen in found if not seen.color]
    return found


def _at_position(position: Any, observation: Observation, key: str) -> SeenObject:
    """A bare place in the room as something to aim at."""
    try:
        place = np.asarray(position, dtype=float)
    except (TypeError, ValueError):
        place = np.empty(0)
    if place.shape != (3,) or not np.isfinite(place).all():
        raise SkillError(
            ErrorCode.PARAMETER_INVALID,
            f"{key}.position is {position!r}; it must be x, y, z in metres",
        )
    return SeenObject(
        id=-1,
        class_id="place",
        color="",
        position=place,
        size=np.array([0.2, 0.2, 0.0]),
        velocity=np.zeros(3),
        deviation=np.zeros(3),
        confidence=1.0,
        stamp=observation.time,
    )


def finger_joints(kinematics: Kinematics, joints: np.ndarray, side: str) -> np.ndarray:
    """Shape (7,), measured joints of one hand [rad]."""
    return np.asarray(joints)[[kinematics.index[name] for name in hands.joints(side)]]


def grip_centre(
    kinematics: Kinematics, observation: Observation, side: str, style: str
) -> np.ndarray:
    """Where a held object's centre would be, in ``odom``, shape (3,) [m]."""
    pose = kinematics.hand_pose(observation.joint_position, side)
    return pose.position + pose.rotation @ grasps.centre_in_hand(side, style, held=True)


def held_by(
    kinematics: Kinematics, observation: Observation, memory: Memory, side: str
) -> SeenObject | None:
    """What a hand holds: as remembered, else the object seen between its closed fingers."""
    if side in memory.held:
        return memory.held[side]
    if hands.closed_share(side, finger_joints(kinematics, observation.joint_position, side)) < 0.3:
        return None
    for seen in observation.objects:
        if obstacles.is_furniture(seen) or seen.class_id == "person":
            continue
        centre = grip_centre(kinematics, observation, side, grasps.style_of(seen))
        if float(np.linalg.norm(seen.position - centre)) < IN_HAND:
            return seen
    return None


def held_side(
    kinematics: Kinematics, observation: Observation, memory: Memory
) -> tuple[str, SeenObject]:
    """The hand that holds something, and what.

    Raises:
        SkillError: PRECONDITION_FAILED if both hands are empty.
    """
    for side in sorted(SIDES, key=lambda name: name != memory.side):
        held = held_by(kinematics, observation, memory, side)
        if held is not None:
            return side, held
    raise SkillError(
        ErrorCode.PRECONDITION_FAILED, "no hand holds anything; grasp something first"
    )
