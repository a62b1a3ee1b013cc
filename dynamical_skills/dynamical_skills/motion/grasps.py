"""How each kind of object is taken: where the hand goes and where the object then sits in it.

Hand frame: x along the fingers, y away from the palm for the right hand (and out of the back of
the left one), z up when the palm faces inward. Everything is written for the right hand;
``mirrored`` turns it into the left one.

A *side* grasp takes a standing cylinder with the palm vertical: the thumb goes behind it, two
fingers in front. An *over* grasp takes a low block from above with the palm down, between thumb
and fingertips.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.rotations import about_x, about_z
from dynamical_skills.policies.policy import SeenObject

# Object's centre in the frame of the right hand before the fingers close, and where they draw it
# to [m].
_SIDE_OPEN, _SIDE_HELD = np.array([0.120, 0.044, 0.0]), np.array([0.094, 0.049, 0.0])
_OVER_OPEN, _OVER_HELD = np.array([0.103, 0.070, 0.0]), np.array([0.083, 0.066, 0.0])
_OVER_ROLL = -1.45
# A hand needs this much room beside an object: palm and fingers seen from above, right hand,
# relative to the hand frame [m]: from the wrist to the fingertips, from the back of the hand to
# the palm.
_FOOTPRINT_X = (-0.03, 0.225)
_FOOTPRINT_Y = (-0.035, 0.02)
_TALL = 0.075
_YAWS = (0.0, 0.25, -0.25, 0.5, -0.5, 0.8, -0.8, 1.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grasp:
    """One way to take one object.

    Attributes:
        side: Hand used.
        style: ``"side"`` or ``"over"``.
        above: Hand pose over the approach, clear of everything on the table.
        beside: Hand pose level with the object, open, not touching it.
        at: Hand pose in which the fingers close.
        cost: Less is better.
    """

    side: str
    style: str
    above: Pose
    beside: Pose
    at: Pose
    cost: float


def style_of(seen: SeenObject) -> str:
    """Whether an object is taken from its side or from above."""
    if seen.class_id in ("cup", "bottle"):
        return "side"
    if seen.class_id == "cube":
        return "over"
    return "side" if seen.size[2] >= _TALL else "over"


def centre_in_hand(side: str, style: str, *, held: bool) -> np.ndarray:
    """Object's centre in the hand frame, before the fingers close or when held, shape (3,) [m]."""
    if style == "side":
        return mirrored(side, _SIDE_HELD if held else _SIDE_OPEN)
    return mirrored(side, _OVER_HELD if held else _OVER_OPEN)


def rotation_of(side: str, style: str, yaw: float) -> np.ndarray:
    """Orientation of the hand frame in a grasp whose fingers head towards ``yaw`` [rad]."""
    if style == "side":
        return about_z(yaw)
    return about_z(yaw) @ about_x(_OVER_ROLL if side == "right" else -_OVER_ROLL)


def up_in_hand(side: str, style: str) -> np.ndarray:
    """The vertical of what was taken standing, in the hand frame, shape (3,)."""
    return rotation_of(side, style, 0.0).T @ np.array([0.0, 0.0, 1.0])


def grasps_of(
    seen: SeenObject,
    others: Iterable[SeenObject],
    *,
    sides: Sequence[str] = ("right", "left"),
    approach: float = 0.0,
) -> list[Grasp]:
    """Ways to take an object, best first; reach is not judged here.

    Args:
        seen: The object, standing on a surface.
        others: What stands around it.
        sides: Hands that may serve.
        approach: Heading with which the fingers best come [rad].
    """
    others = list(others)
    around = [other for other in others if other.class_id not in ("table", "shelf", "person")]
    surface = surface_below(seen, others)
    style = style_of(seen)
    found = [
        _grasp(
            seen,
            around,
            surface=surface,
            side=side,
            style=style,
            yaw=yaw if side == "right" else -yaw,
            approach=approach,
        )
        for side in sides
        for yaw in _YAWS
    ]
    return sorted(found, key=lambda grasp: grasp.cost)


def surface_below(seen: SeenObject, others: Iterable[SeenObject]) -> float:
    """Height of what an object stands on: furniture seen below it, else its underside [m]."""
    underside = float(seen.position[2] - seen.size[2] / 2)
    for other in others:
        if other.class_id in ("table", "shelf"):
            top = float(other.position[2] + other.size[2] / 2)
            inside = np.abs(seen.position[:2] - other.position[:2]) <= other.size[:2] / 2 + 0.02
            if bool(inside.all()) and abs(top - underside) < 0.04:
                return 0.5 * (top + underside)
    return underside


def _grasp(
    seen: SeenObject,
    around: Sequence[SeenObject],
    *,
    surface: float,
    side: str,
    style: str,
    yaw: float,
    approach: float,
) -> Grasp:
    rotation = rotation_of(side, style, yaw)
    height = surface + grip_height(seen, style)
    centre = np.array([seen.position[0], seen.position[1], height])
    at = Pose(centre - rotation @ centre_in_hand(side, style, held=False), rotation)
    if style == "side":
        aside = about_z(yaw) @ mirrored(side, np.array([-0.015, -0.05, 0.0]))
        lift = float(seen.position[2] + seen.size[2] / 2 - centre[2]) + 0.07
        beside = at.moved(aside)
        above = beside.moved([0.0, 0.0, max(lift, 0.10)])
    else:
        beside = at.moved([0.0, 0.0, 0.06])
        above = at.moved([0.0, 0.0, 0.13])
    hand_side = 1.0 if side == "left" else -1.0
    crossing = max(0.0, -hand_side * float(seen.position[1]))
    cost = (
        0.3 * abs(yaw - approach)
        + 3.0 * crossing
        + 0.02 * (side != ("left" if seen.position[1] > 0 else "right"))
    )
    for other in around:
        gap = min(_gap(other, pose, yaw, side) for pose in (at, beside))
        cost += 40.0 * max(0.0, 0.02 - gap)
    return Grasp(side=side, style=style, above=above, beside=beside, at=at, cost=cost)


def grip_height(seen: SeenObject, style: str) -> float:
    """Height of the closing point above the surface [m]: mid-object, but clear of the surface."""
    if style == "over":
        return float(np.clip(seen.size[2] / 2, 0.02, 0.04))
    return float(np.clip(seen.size[2] / 2, 0.056, 0.075))


def _gap(other: SeenObject, pose: Pose, yaw: float, side: str) -> float:
    """Distance between another object and the hand's footprint, negative if they overlap [m]."""
    local = about_z(-yaw) @ (np.asarray(other.position, dtype=float) - pose.position)
    radius = float(max(other.size[0], other.size[1])) / 2
    low, high = _FOOTPRINT_Y if side == "right" else (-_FOOTPRINT_Y[1], -_FOOTPRINT_Y[0])
    dx = max(_FOOTPRINT_X[0] - local[0], local[0] - _FOOTPRINT_X[1])
    dy = max(low - local[1], local[1] - high)
    outside = float(np.hypot(max(dx, 0.0), max(dy, 0.0)))
    return (outside if outside > 0.0 else max(dx, dy)) - radius


def mirrored(side: str, vector: np.ndarray) -> np.ndarray:
    """A vector in the right hand's frame, for the hand asked for."""
    return vector if side == "right" else vector * np.array([1.0, -1.0, 1.0])
