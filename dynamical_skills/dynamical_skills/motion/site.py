"""What is known of the place where the robot works and no camera names: fixed things, room to keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion.obstacles import OBJECT_DOUBT, Box
from dynamical_skills.policies.policy import SkillError

_DOUBT = 0.012  # fixed things are where the site's data says to this much [m]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Adaptation of a motion to its workspace.

    Attributes:
        boxes: Fixed things in ``odom``, with room around them; never touched.
        clearance: Room kept around things that stand loosely [m].
        approach: Heading in ``odom`` with which the fingers best come to an object [rad]; 0 =
            straight ahead.
        speed: Share of the planned speed, 0..1.
        lift: How far something is raised unless told otherwise [m].
    """

    boxes: tuple[Box, ...] = ()
    clearance: float = OBJECT_DOUBT
    approach: float = 0.0
    speed: float = 1.0
    lift: float | None = None


def site_of(parameters: Mapping[str, Any]) -> Site:
    """The adaptation in a step's parameters: ``speed``, ``clearance``, and ``site`` of layer 6.

    Raises:
        SkillError: PARAMETER_INVALID if a value is wrong.
    """
    given = parameters.get("site") or {}
    try:
        lift = given.get("lift")
        site = Site(
            boxes=tuple(_box(item) for item in given.get("obstacles", ())),
            clearance=float(parameters.get("clearance", OBJECT_DOUBT)),
            approach=float(given.get("approach", 0.0)),
            speed=float(parameters.get("speed", 1.0)),
            lift=None if lift is None else float(lift),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SkillError(
            ErrorCode.PARAMETER_INVALID, f"site is {str(given)[:80]!r}: {error}"
        ) from error
    if not 0.0 < site.speed <= 1.0:
        raise SkillError(
            ErrorCode.PARAMETER_INVALID, f"speed is {site.speed}; it must be over 0, up to 1"
        )
    if not 0.0 <= site.clearance <= 0.1:
        raise SkillError(
            ErrorCode.PARAMETER_INVALID,
            f"clearance is {site.clearance} m; it must be between 0 and 0.1",
        )
    return site


def _box(item: Mapping[str, Any]) -> Box:
    low, high = (np.array(item[end], dtype=float) for end in ("min", "max"))
    if low.shape != (3,) or high.shape != (3,) or not bool((low < high).all()):
        raise ValueError(f"obstacle {str(item)[:80]} needs min below max, x y z each")
    return Box((low + high) / 2, (high - low) / 2 + _DOUBT)
