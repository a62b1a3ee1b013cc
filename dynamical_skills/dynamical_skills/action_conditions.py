"""Post-conditions judged from what a skill measured while it ran, kept in the plan's results."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.level import tilt_of
from dynamical_skills.policies.policy import Check, Memory, Observation
from dynamical_skills.policies.primitives.primitive import held_side, named, number

_GESTURE = 0.15  # how far a joint may be from a gesture's posture [rad]
_SWEPT = 0.5  # rad
_STILL = 0.05  # rad
_UPRIGHT = 0.12  # rad
_TILTED = 0.8  # share of the angle asked for
_TOUCHED = 0.015  # the palm is felt to touch where it is seen this near [m]


def gesture_made(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """Every stroke of the gesture was reached, by the joints as measured at its end."""
    del kinematics, seen, parameters
    error = memory.results.get("gesture_error")
    if error is None:
        return Check(holds=False, text="no gesture was made to its end")
    return Check(
        error < _GESTURE,
        f"a joint was {error:.2f} rad from where one of {memory.results['gesture_strokes']} "
        f"strokes ends; at most {_GESTURE} rad",
    )


def area_scanned(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The waist has turned through a wide enough angle."""
    del kinematics, seen, parameters
    swept = float(memory.results.get("swept", 0.0))
    things = ", ".join(memory.results.get("seen", ())) or "nothing"
    return Check(
        swept >= _SWEPT,
        f"the camera swept {swept:.2f} rad, at least {_SWEPT}; seen: {things}",
    )


def standing_still(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """No joint has moved while the robot waited, and none moves now."""
    del parameters
    drift = memory.results.get("drift")
    if drift is None:
        return Check(holds=False, text="the robot has not waited")
    speeds = np.abs(seen.joint_velocity)
    worst = int(np.argmax(speeds))
    return Check(
        bool(drift < _STILL and speeds[worst] < 2 * _STILL),
        f"a joint moved {drift:.3f} rad meanwhile, at most {_STILL}; "
        f"{kinematics.joint_names[worst]} moves at {speeds[worst]:.2f} rad/s",
    )


def object_poured(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """What is held was tilted as far as asked for, and is upright again."""
    side, held = held_side(kinematics, seen, memory)
    asked = float(np.radians(number(parameters, "angle", 60.0, 10.0, 90.0)))
    tilted, now = float(memory.results.get("tilt", 0.0)), tilt_of(kinematics, seen, side, held)
    return Check(
        tilted >= _TILTED * asked and now < _UPRIGHT,
        f"the {named(held)} was tilted {np.degrees(tilted):.0f} of {np.degrees(asked):.0f} degrees "
        f"and stands at {np.degrees(now):.0f} now",
    )


def object_level(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """What is held is upright, and was all the while."""
    del parameters
    side, held = held_side(kinematics, seen, memory)
    now = tilt_of(kinematics, seen, side, held)
    worst = max(now, float(memory.results.get("worst_tilt", now)))
    return Check(
        worst < _UPRIGHT,
        f"the {named(held)} was tilted {worst:.2f} rad at most; level is under {_UPRIGHT} rad",
    )


def object_touched(
    kinematics: Kinematics, seen: Observation, parameters: Mapping[str, Any], memory: Memory
) -> Check:
    """The palm came to the object's side."""
    del kinematics, seen, parameters
    gap = memory.results.get("touch_gap")
    if gap is None:
        return Check(holds=False, text="no hand came to the object")
    return Check(
        abs(gap) < _TOUCHED,
        f"the palm came to {gap * 1e3:.0f} mm from the object's side; "
        f"touching is under {_TOUCHED * 1e3:.0f} mm",
    )
