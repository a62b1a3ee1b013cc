"""What the zones ask for now: a stop, less speed, or a limit on how fast links may move.

A zone that forbids robot links (keep-out, allow, stop) looks at where the motion would come to
rest, so that the robot stands before it is inside. A link that is inside already, after a change
of zones, may leave but not go deeper. A zone that slows or limits acts on links that are inside or
would come to rest inside. For people, being inside is enough.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.people import Boxes
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import Cause
from dynamical_safety.zones import FORBIDDING, Reach, Zone, ZoneSet, ZoneType


@dataclass(slots=True)
class ZoneFindings:
    """What one look at the zones found.

    Attributes:
        speed_scale: 0..1 that the zones allow.
        link_speed: Largest speed of any link that they allow [m/s]; inf = no limit.
        causes: What asks for a state, each with the reason that asks for most.
    """

    speed_scale: float = 1.0
    link_speed: float = math.inf
    causes: dict[Cause, Reason] = field(default_factory=dict)

    def stop(self, cause: Cause, reason: Reason) -> None:
        """Ask for a stop."""
        self.speed_scale = 0.0
        self.causes.setdefault(cause, reason)

    def slow(self, zone: Zone, who: str) -> None:
        """Ask for the speed scale of a zone."""
        if Cause.ZONE_SLOW not in self.causes or zone.speed_scale < self.speed_scale:
            self.causes[Cause.ZONE_SLOW] = Reason(
                ErrorCode.ZONE_OCCUPIED,
                zone.name,
                f"{who} in zone {zone.name!r}, which slows the robot to {zone.speed_scale:.2f}",
                zone.speed_scale,
                1.0,
            )
        self.speed_scale = min(self.speed_scale, zone.speed_scale)

    def limit(self, zone: Zone, who: str) -> None:
        """Ask for the link speed of a zone."""
        if zone.speed_limit < self.link_speed:
            self.link_speed = zone.speed_limit
            self.causes[Cause.ZONE_LIMIT] = Reason(
                ErrorCode.ZONE_OCCUPIED,
                zone.name,
                f"{who} in zone {zone.name!r}, where no link may move faster than "
                f"{zone.speed_limit:.2f} m/s",
                math.nan,
                zone.speed_limit,
            )


def assess_people(zones: ZoneSet, boxes: Boxes, findings: ZoneFindings) -> None:
    """Add what the zones ask for because of the people inside them."""
    for zone, person in zones.occupied(boxes):
        who = f"person {person} is"
        if zone.zone_type == ZoneType.SLOW:
            findings.slow(zone, who)
        elif zone.zone_type == ZoneType.LIMIT:
            findings.limit(zone, who)
        else:
            findings.stop(
                Cause.ZONE_STOP,
                Reason(
                    ErrorCode.ZONE_OCCUPIED,
                    zone.name,
                    f"{who} in zone {zone.name!r}, which stops the robot",
                    0.0,
                    1.0,
                ),
            )


def assess_robot(
    zones: ZoneSet,
    *,
    measured: np.ndarray,
    rest: np.ndarray,
    goal: np.ndarray | None,
    spheres: LinkSpheres,
    findings: ZoneFindings,
) -> None:
    """Add what the zones ask for because of where the robot's links are and go.

    Args:
        zones: Zones in force.
        measured: Shape (s, 3), sphere centres at the measured position [m].
        rest: The same where the present set-point would come to rest.
        goal: The same where the requested motion would; ``None`` = nothing is requested.
        spheres: The spheres.
        findings: What is added to.
    """
    moments = (measured, rest) if goal is None else (measured, rest, goal)
    reach = zones.reach(np.stack(moments), spheres.radius)
    if not reach.depth.any():
        return
    for index in np.flatnonzero(reach.depth.any(axis=0)):
        zone = reach.zones[index]
        if zone.zone_type in FORBIDDING:
            moment = _forbidden(reach.depth[:, index])
            if moment is not None:
                link = spheres.links[int(reach.sphere[moment, index])]
                _forbid(zones.name(zone), zone, link, float(reach.depth[moment, index]), findings)
        else:
            _enter(reach, int(index), zone, spheres, findings)


def _forbidden(depth: np.ndarray) -> int | None:
    """Which of the moments (measured, rest, goal) goes where it may not, or ``None``."""
    here, rest = float(depth[0]), float(depth[1])
    if not math.isfinite(here):
        return 0
    if here <= 0.0 < rest:
        return 1
    if len(depth) > 2 and depth[2] > 0.0 and not 0.0 < depth[2] < here:
        return 2
    return None


def _forbid(name: str, zone: Zone, link: str, depth: float, findings: ZoneFindings) -> None:
    stops = zone.zone_type == ZoneType.STOP
    findings.causes.setdefault(
        Cause.ZONE_STOP if stops else Cause.ZONE_KEEP_OUT,
        Reason(
            ErrorCode.ZONE_OCCUPIED,
            name,
            f"the motion would bring robot link {link!r} {depth:.2f} m into zone {name!r}, which "
            "stops the robot"
            if stops
            else f"the motion would bring robot link {link!r} {depth:.2f} m into where zone "
            f"{name!r} forbids it to be",
            depth,
            0.0,
        ),
    )


def _enter(
    reach: Reach, index: int, zone: Zone, spheres: LinkSpheres, findings: ZoneFindings
) -> None:
    depth = reach.depth[:2, index]
    moment = int(depth.argmax())
    if not depth[moment] > 0.0:
        return
    who = f"robot link {spheres.links[int(reach.sphere[moment, index])]!r} is"
    if zone.zone_type == ZoneType.SLOW:
        findings.slow(zone, who)
    else:
        findings.limit(zone, who)
