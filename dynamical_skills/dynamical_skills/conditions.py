"""Pre- and post-conditions of skills, judged from measured joints and published tracks.

Each condition answers with whether it holds and a sentence saying what was measured.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills import action_conditions as actions
from dynamical_skills import posture_conditions as posture
from dynamical_skills.motion import grasps, hands, obstacles, placing
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.model import SIDES
from dynamical_skills.policies.policy import Check, Memory, Observation, SeenObject, SkillError
from dynamical_skills.policies.primitives.look_at import camera_ray
from dynamical_skills.policies.primitives.primitive import (
    IN_HAND,
    find,
    finger_joints,
    grip_centre,
    held_by,
    named,
    side_of,
)

Condition = Callable[[Kinematics, Observation, Mapping[str, Any], Memory], Check]

LIFTED = 0.05  # least rise of an object that counts as lifted [m]
_NEAR = 0.22  # hand frame to object when reaching ends [m]
_OVER = 0.05  # m
_STANDS = 0.025  # how well an object's underside and a surface must agree in height [m]
_CENTRED = 0.30  # how far from the middle of the camera's view something shown may be [rad]


def check(
    name: str,
    kinematics: Kinematics,
    observation: Observation,
    parameters: Mapping[str, Any],
    memory: Memory,
) -> Check:
    """Judge one condition by name; something not seen makes it fail with that sentence.

    Raises:
        SkillError: PARAMETER_INVALID if there is no such condition.
    """
    if name not in CONDITIONS:
        raise SkillError(
            ErrorCode.PARAMETER_INVALID,
            f"there is no condition {name!r}; known: {', '.join(sorted(CONDITIONS))}",
        )
    try:
        return CONDITIONS[name](kinematics, observation, parameters, memory)
    except SkillError as error:
        return Check(holds=False, text=error.text)


def hand_empty(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The hand asked for is empty; without one, at least one hand is."""
    side = side_of(parameters)
    held = {hand: held_by(kinematics, seen, memory, hand) for hand in ((side,) if side else SIDES)}
    empty = [hand for hand, thing in held.items() if thing is None]
    if empty:
        return Check(holds=True, text=f"the {empty[0]} hand is empty")
    things = ", ".join(
        f"the {hand} hand holds the {named(thing)}" for hand, thing in held.items() if thing
    )
    return Check(holds=False, text=f"no hand is free: {things}")


def object_seen(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """Perception sees the object (or the target, where no object is named)."""
    del kinematics
    return _seen(
        find(seen, parameters, memory, key="object" if parameters.get("object") else "target")
    )


def target_seen(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """Perception sees the target."""
    del kinematics
    return _seen(find(seen, parameters, memory, key="target"))


def _seen(thing: SeenObject) -> Check:
    x, y, z = thing.position
    return Check(holds=True, text=f"the {named(thing)} is at ({x:.2f}, {y:.2f}, {z:.2f}) m")


def object_in_reach(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """Some hand reaches a grasp of the object; other things in the way are not judged here."""
    thing = find(seen, parameters, memory)
    kinematics.set_obstacles(
        obstacles.boxes([other for other in seen.objects if obstacles.is_furniture(other)])
    )
    side, miss = side_of(parameters), np.inf
    for grasp in grasps.grasps_of(thing, seen.objects, sides=(side,) if side else SIDES)[:4]:
        above = kinematics.solve(seen.joint_position, {grasp.side: grasp.above})
        miss = min(miss, kinematics.solve(above.joints, {grasp.side: grasp.at}).miss)
        if miss < 0.008:
            return Check(
                holds=True, text=f"the {named(thing)} is in reach of the {grasp.side} hand"
            )
    return Check(holds=False, text=f"the {named(thing)} is out of reach by {miss * 1e3:.0f} mm")


def hand_near_object(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The chosen hand is where its approach to the object begins."""
    thing = find(seen, parameters, memory)
    side = side_of(parameters, default=memory.side) or "right"
    pose = kinematics.hand_pose(seen.joint_position, side)
    centre = pose.position + pose.rotation @ grasps.centre_in_hand(
        side, grasps.style_of(thing), held=False
    )
    distance = float(np.linalg.norm(centre - thing.position))
    return Check(
        distance < _NEAR,
        f"the {side} palm is {distance:.2f} m from the {named(thing)}; near is under {_NEAR} m",
    )


def object_in_hand(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The object is seen between fingers that something keeps from closing."""
    thing = find(seen, parameters, memory)
    side = side_of(parameters, default=memory.side) or "right"
    if not hands.squeezes(side, finger_joints(kinematics, seen.joint_position, side)):
        return Check(
            holds=False, text=f"the {side} hand closed fully: nothing is between its fingers"
        )
    distance = float(
        np.linalg.norm(
            thing.position - grip_centre(kinematics, seen, side, grasps.style_of(thing))
        )
    )
    return Check(
        distance < IN_HAND,
        f"the {named(thing)} is seen {distance * 1e3:.0f} mm from the grip of the {side} hand; "
        f"held is under {IN_HAND * 1e3:.0f} mm",
    )


def object_held(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """Some hand holds something, and its fingers feel it."""
    del parameters
    for side in SIDES:
        thing = held_by(kinematics, seen, memory, side)
        if thing is None:
            continue
        if hands.squeezes(side, finger_joints(kinematics, seen.joint_position, side)):
            return Check(holds=True, text=f"the {side} hand holds the {named(thing)}")
        return Check(
            holds=False, text=f"the {side} hand has closed fully: the {named(thing)} was lost"
        )
    return Check(holds=False, text="no hand holds anything")


def object_lifted(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """What is held is seen higher than where it stood before the hand closed on it."""
    side, before, now = _held_now(kinematics, seen, parameters, memory)
    rise = float(now.position[2] - before.position[2])
    memory.results["lift_height"] = rise
    return Check(
        rise >= LIFTED,
        f"the {named(now)} in the {side} hand is seen {rise:.3f} m higher; "
        f"lifted is at least {LIFTED} m",
    )


def object_over_target(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """What is held hangs over the target, its underside above it."""
    side, held, now = _held_now(kinematics, seen, parameters, memory)
    surface = placing.surface_of(find(seen, parameters, memory, key="target"))
    centre = grip_centre(kinematics, seen, side, grasps.style_of(held))
    beyond = np.maximum(np.abs(centre[:2] - surface.centre[:2]) - surface.extent / 2, 0.0)
    room = float(now.position[2] - now.size[2] / 2 - surface.centre[2])
    holds = float(np.linalg.norm(beyond)) < _OVER and room > -0.01
    return Check(
        holds,
        f"the {named(now)} hangs {np.linalg.norm(beyond):.2f} m beside the target "
        f"and {room:.2f} m above it",
    )


def _held_now(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> tuple[str, SeenObject, SeenObject]:
    """The hand that holds something, what it closed on, and that thing as seen now."""
    for side in sorted(SIDES, key=lambda name: name != memory.side):
        held = held_by(kinematics, seen, memory, side)
        if held is not None:
            return side, held, _again(seen, held, parameters, memory)
    raise SkillError(ErrorCode.PRECONDITION_FAILED, "no hand holds anything")


def _again(
    seen: Observation, thing: SeenObject, parameters: Mapping[str, Any], memory: Memory
) -> SeenObject:
    """The same thing in a newer observation: by track, else by its description."""
    for other in seen.objects:
        if other.id == thing.id:
            return other
    wanted = parameters.get("object") or {"class_id": thing.class_id, "color": thing.color}
    return find(seen, {"object": wanted}, memory)


def object_on_target(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The object put down stands upright on the target, within its edges."""
    del kinematics
    surface = placing.surface_of(find(seen, parameters, memory, key="target"))
    thing = _placed(seen, parameters, memory)
    beyond = float(np.max(np.abs(thing.position[:2] - surface.centre[:2]) - surface.extent / 2))
    gap = float(thing.position[2] - thing.size[2] / 2 - surface.centre[2])
    x, y, z = thing.position
    where = f"the {named(thing)} is seen at ({x:.2f}, {y:.2f}, {z:.2f}) m"
    if beyond > 0.0:
        return Check(holds=False, text=f"{where}, {beyond:.2f} m outside the target's edges")
    if abs(gap) > _STANDS:
        return Check(
            holds=False,
            text=f"{where}, its underside {gap * 1e3:.0f} mm from the target's top; "
            f"at most {_STANDS * 1e3:.0f}",
        )
    spot = memory.results.get("place_target")
    if spot is not None:
        memory.results["placement_error"] = float(
            np.linalg.norm(thing.position[:2] - np.asarray(spot)[:2])
        )
    return Check(holds=True, text=f"{where}, standing on the target")


def _placed(seen: Observation, parameters: Mapping[str, Any], memory: Memory) -> SeenObject:
    """The object that was put down: the one named, else what was last held."""
    wanted = parameters.get("object") or memory.results.get("last_held")
    if wanted is None:
        raise SkillError(ErrorCode.OBJECT_NOT_SEEN, "no object is named and none was held before")
    spot = memory.results.get("place_target")
    near = {"position": spot} if spot is not None and not wanted.get("id") else {}
    return find(seen, {"object": {**wanted, **near}}, memory)


def object_pushed(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The object has moved along its surface by at least a third of what was asked for."""
    del kinematics
    before = memory.results.get("pushed_from")
    if before is None:
        return Check(holds=False, text="nothing was pushed before")
    thing = find(seen, parameters, memory)
    moved = float(np.linalg.norm(thing.position[:2] - np.asarray(before)[:2]))
    least = float(parameters.get("distance") or 0.06) / 3
    return Check(
        moved >= least,
        f"the {named(thing)} moved {moved:.3f} m; at least {least:.3f} m was to be seen",
    )


def object_pulled(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The object stands nearer to the robot by at least a third of what was asked for."""
    del kinematics
    before = memory.results.get("pulled_from")
    if before is None:
        return Check(holds=False, text="nothing was pulled before")
    thing = find(seen, parameters, memory)
    nearer = float(np.hypot(before[0], before[1]) - np.hypot(*thing.position[:2]))
    least = float(parameters.get("distance") or 0.06) / 3
    return Check(
        nearer >= least,
        f"the {named(thing)} came {nearer:.3f} m nearer; at least {least:.3f} m was to be seen",
    )


def object_shown(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """What is held is seen near the middle of the head camera's view."""
    side, held, now = _held_now(kinematics, seen, parameters, memory)
    eye, axis = camera_ray(kinematics, seen)
    grip = grip_centre(kinematics, seen, side, grasps.style_of(held))
    away = grip - eye
    off = float(np.arccos(np.clip(axis @ away / np.linalg.norm(away), -1.0, 1.0)))
    apart = float(np.linalg.norm(now.position - grip))
    return Check(
        off < _CENTRED and apart < IN_HAND,
        f"the {named(now)} is held {off:.2f} rad from the middle of the view, at most {_CENTRED}, "
        f"and seen {apart * 1e3:.0f} mm from the grip",
    )


CONDITIONS: dict[str, Condition] = {
    "hand_empty": hand_empty,
    "object_seen": object_seen,
    "target_seen": target_seen,
    "object_in_reach": object_in_reach,
    "hand_near_object": hand_near_object,
    "object_in_hand": object_in_hand,
    "object_held": object_held,
    "object_lifted": object_lifted,
    "object_over_target": object_over_target,
    "object_on_target": object_on_target,
    "object_pushed": object_pushed,
    "hand_open": posture.hand_open,
    "hand_closed": posture.hand_closed,
    "hand_extended": posture.hand_extended,
    "at_home": posture.at_home,
    "facing_target": posture.facing_target,
    "pointing_at_target": posture.pointing_at_target,
    "hand_raised": posture.hand_raised,
    "object_pulled": object_pulled,
    "object_shown": object_shown,
    "gesture_made": actions.gesture_made,
    "area_scanned": actions.area_scanned,
    "standing_still": actions.standing_still,
    "object_poured": actions.object_poured,
    "object_level": actions.object_level,
    "object_touched": actions.object_touched,
}
