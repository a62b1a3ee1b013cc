"""Conditions on the body alone: hands open, arms at home, where it faces and points.

Conditions have one form (``conditions.Condition``); each says what was measured.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynamical_skills.motion import hands, poses
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.model import SIDES
from dynamical_skills.policies.policy import Check, Memory, Observation
from dynamical_skills.policies.primitives.look_at import heading_to
from dynamical_skills.policies.primitives.primitive import find, finger_joints, named, side_of

_AT_HOME = 0.10  # rad
_FACING = 0.20  # rad
_POINTING = 0.20  # rad
_EXTENDED = 0.24  # m ahead of the waist
_OPEN, _CLOSED = 0.25, 0.6
_RAISED = 0.15  # a raised hand is this far above its shoulder [m]


def hand_open(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The hand asked for is open; without one, the last active hand, or any."""
    return _share(kinematics, seen, side_of(parameters, default=memory.side), opened=True)


def hand_closed(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The hand asked for is closed; without one, the last active hand, or any."""
    return _share(kinematics, seen, side_of(parameters, default=memory.side), opened=False)


def _share(kinematics: Kinematics, seen: Observation, side: str, *, opened: bool) -> Check:
    shares = {
        hand: hands.closed_share(hand, finger_joints(kinematics, seen.joint_position, hand))
        for hand in ((side,) if side else SIDES)
    }
    holds = any(share < _OPEN if opened else share > _CLOSED for share in shares.values())
    text = ", ".join(
        f"the {hand} hand is {100 * share:.0f} % closed" for hand, share in shares.items()
    )
    return Check(holds, text)


def hand_extended(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The active hand is held out in front of the body."""
    side = side_of(parameters, default=memory.side) or "right"
    distance = float(np.hypot(*kinematics.hand_pose(seen.joint_position, side).position[:2]))
    return Check(
        distance >= _EXTENDED,
        f"the {side} wrist is {distance:.2f} m ahead; held out is at least {_EXTENDED} m",
    )


def at_home(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """Waist and arms are in the home posture."""
    del parameters, memory
    names = kinematics.planning.joint_names
    away = np.abs(
        kinematics.reduced(seen.joint_position) - [poses.HOME.get(name, 0.0) for name in names]
    )
    worst = int(np.argmax(away))
    return Check(
        bool(away[worst] < _AT_HOME),
        f"{names[worst]} is {away[worst]:.2f} rad from home; at most {_AT_HOME} rad",
    )


def facing_target(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The upper body faces what was to be looked at."""
    thing = find(seen, parameters, memory, key="object" if parameters.get("object") else "target")
    off = abs(
        heading_to(thing.position)
        - float(seen.joint_position[kinematics.index["waist_yaw_joint"]])
    )
    return Check(
        off < _FACING,
        f"the upper body is {off:.2f} rad off the {named(thing)}; at most {_FACING} rad",
    )


def pointing_at_target(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The active hand's fingers head for what was to be pointed at."""
    thing = find(seen, parameters, memory, key="object" if parameters.get("object") else "target")
    side = side_of(parameters, default=memory.side) or "right"
    pose = kinematics.hand_pose(seen.joint_position, side)
    ahead = thing.position - pose.position
    off = float(np.arccos(np.clip(pose.rotation[:, 0] @ ahead / np.linalg.norm(ahead), -1.0, 1.0)))
    return Check(
        off < _POINTING,
        f"the {side} hand points {off:.2f} rad past the {named(thing)}; at most {_POINTING} rad",
    )


def hand_raised(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The hand asked for, or any, is well above its shoulder."""
    del memory
    side = side_of(parameters)
    rises = {
        hand: float(
            kinematics.hand_pose(seen.joint_position, hand).position[2]
            - kinematics.body_pose(seen.joint_position, f"{hand}_shoulder_roll_link").position[2]
        )
        for hand in ((side,) if side else SIDES)
    }
    highest = max(rises, key=lambda hand: rises[hand])
    return Check(
        rises[highest] > _RAISED,
        f"the {highest} hand is {rises[highest]:.2f} m above its shoulder; "
        f"raised is over {_RAISED} m",
    )
