"""Zones: floor polygons with heights and a rule for robot links, for people, or both. Frame: odom.

What a zone asks for when somebody is in it is in ``zone_rules.py``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from dynamical_safety.errors import ZoneError
from dynamical_safety.people import Boxes
from dynamical_safety.polygons import Polygon, area, self_intersection
from dynamical_safety.polygons import polygon_distance as polygon_distance
from dynamical_safety.prisms import Prisms

SMALLEST_AREA = 1e-4  # [m^2]; less is a mistake in the coordinates
LARGEST_COORDINATE = 1000.0  # [m]
MOST_VERTICES = 100
MOST_ZONES = 100
LONGEST_NAME = 100
# Allow zones looked at more closely for a sphere that lies in none of them.
_NEAREST = 4


class ZoneType(IntEnum):
    """What a zone is for; numbers as in ``SafetyZone.msg``."""

    KEEP_OUT = 1
    STOP = 2
    SLOW = 3
    ALLOW = 4
    LIMIT = 5


class Applies(IntEnum):
    """Whom a zone speaks of; numbers as in ``SafetyZone.msg``."""

    DEFAULT = 0
    ROBOT = 1
    PEOPLE = 2
    BOTH = 3


DEFAULT_APPLIES = {
    ZoneType.KEEP_OUT: Applies.ROBOT,
    ZoneType.STOP: Applies.PEOPLE,
    ZoneType.SLOW: Applies.PEOPLE,
    ZoneType.ALLOW: Applies.ROBOT,
    ZoneType.LIMIT: Applies.PEOPLE,
}
# Types that forbid robot links to be somewhere, where they speak of them.
FORBIDDING = frozenset({ZoneType.KEEP_OUT, ZoneType.STOP, ZoneType.ALLOW})


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone. Check it with :func:`validated` before use.

    Attributes:
        name: Unique within its set.
        zone_type: One of ``ZoneType``.
        polygon: Vertices x, y [m], in order, not closed.
        height_min: [m] above the floor.
        height_max: [m] above the floor.
        speed_scale: For ``SLOW``, 0..1.
        speed_limit: For ``LIMIT``, largest speed of any robot link [m/s], above 0.
        applies_to: One of ``Applies``.
    """

    name: str
    zone_type: int
    polygon: Polygon
    height_min: float
    height_max: float
    speed_scale: float = 1.0
    speed_limit: float = 0.0
    applies_to: int = Applies.DEFAULT

    @property
    def whom(self) -> Applies:
        """Whom it speaks of, with the default of its type filled in."""
        asked = Applies(self.applies_to)
        return asked or DEFAULT_APPLIES[ZoneType(self.zone_type)]

    @property
    def for_robot(self) -> bool:
        """Whether it speaks of robot links."""
        return self.whom in (Applies.ROBOT, Applies.BOTH)

    @property
    def for_people(self) -> bool:
        """Whether it speaks of people."""
        return self.whom in (Applies.PEOPLE, Applies.BOTH)


def validated(zones: Sequence[Zone]) -> tuple[Zone, ...]:
    """The same zones, if all of them are well formed.

    Raises:
        ZoneError: Naming the zone, and what is wrong with it.
    """
    if len(zones) > MOST_ZONES:
        raise ZoneError(
            zones[MOST_ZONES].name, f"is one too many, at most {MOST_ZONES} are allowed"
        )
    seen: set[str] = set()
    for zone in zones:
        if not zone.name:
            raise ZoneError(zone.name, "has no name, want one that is unique in the set")
        if len(zone.name) > LONGEST_NAME:
            raise ZoneError(
                zone.name[:20] + "...",
                f"has a name of {len(zone.name)} characters, want at most {LONGEST_NAME}",
            )
        if zone.name in seen:
            raise ZoneError(zone.name, "is named twice, want a name that is unique in the set")
        seen.add(zone.name)
        _check(zone)
    return tuple(zones)


def _check(zone: Zone) -> None:
    if zone.zone_type not in set(ZoneType):
        wanted = ", ".join(f"{kind.value} ({kind.name})" for kind in ZoneType)
        raise ZoneError(zone.name, f"has type {zone.zone_type}, want one of {wanted}")
    if zone.applies_to not in set(Applies):
        wanted = ", ".join(f"{whom.value} ({whom.name})" for whom in Applies)
        raise ZoneError(zone.name, f"has applies_to {zone.applies_to}, want one of {wanted}")
    if zone.zone_type == ZoneType.ALLOW and zone.for_people:
        raise ZoneError(
            zone.name,
            f"is an ALLOW zone with applies_to {Applies(zone.applies_to).name}; it can bind robot "
            "links only, people go where they like: want DEFAULT or ROBOT",
        )
    if not 3 <= len(zone.polygon) <= MOST_VERTICES:
        raise ZoneError(zone.name, f"has {len(zone.polygon)} vertices, want 3 to {MOST_VERTICES}")
    for x, y in zone.polygon:
        if not (abs(x) <= LARGEST_COORDINATE and abs(y) <= LARGEST_COORDINATE):
            raise ZoneError(
                zone.name,
                f"has vertex ({x}, {y}), want finite numbers up to {LARGEST_COORDINATE:g} m",
            )
    heights = (zone.height_min, zone.height_max)
    if not (all(map(math.isfinite, heights)) and zone.height_min < zone.height_max):
        raise ZoneError(
            zone.name,
            f"reaches from {zone.height_min} to {zone.height_max} m, want height_min < height_max",
        )
    if zone.zone_type == ZoneType.SLOW and not 0.0 <= zone.speed_scale <= 1.0:
        raise ZoneError(zone.name, f"has speed_scale {zone.speed_scale}, want 0 .. 1")
    if zone.zone_type == ZoneType.LIMIT and not 0.0 < zone.speed_limit < math.inf:
        raise ZoneError(
            zone.name, f"has speed_limit {zone.speed_limit} m/s, want a number above 0"
        )
    crossing = self_intersection(zone.polygon)
    if crossing is not None:
        raise ZoneError(
            zone.name,
            f"crosses itself: edge {crossing[0]} meets edge {crossing[1]}; want vertices in order",
        )
    if abs(area(zone.polygon)) < SMALLEST_AREA:
        raise ZoneError(
            zone.name,
            f"has an area of {abs(area(zone.polygon)):.2g} m^2, want at least "
            f"{SMALLEST_AREA:g} m^2",
        )


@dataclass(frozen=True, slots=True)
class Intrusion:
    """A robot link where it may not be: zone name, sphere index and depth [m]."""

    zone: str
    sphere: int
    depth: float


@dataclass(frozen=True, slots=True)
class Reach:
    """How deep the robot is inside each zone that speaks of robot links, at several moments.

    Attributes:
        zones: The k zones. All ALLOW zones together are one entry, the last: its depth is how far
            the robot is outside them.
        depth: Shape (m, k) [m]; 0 = not inside.
        sphere: Shape (m, k), the deepest sphere.
    """

    zones: tuple[Zone, ...]
    depth: np.ndarray
    sphere: np.ndarray


class ZoneSet:
    """Zones in force, ready for questions in the tick.

    Args:
        zones: Well-formed zones.
        version: Counts up with every change.
    """

    def __init__(self, zones: tuple[Zone, ...] = (), *, version: int = 0) -> None:
        self.zones = zones
        self.version = version
        allow = [zone for zone in zones if zone.zone_type == ZoneType.ALLOW]
        self._robot_zones = tuple(z for z in zones if z.for_robot and z not in allow)
        self._people_zones = tuple(z for z in zones if z.for_people)
        self._robot = _prisms(self._robot_zones)
        self._people = _prisms(self._people_zones)
        self._allow = _prisms(allow)
        self._allow_names = ", ".join(zone.name for zone in allow)
        # One entry stands for all of them: a link is well placed when any of them holds it.
        self._reach_zones = self._robot_zones + tuple(allow[:1])

    def replaced(self, zones: Sequence[Zone]) -> "ZoneSet":
        """The set with these zones instead, one version later.

        Raises:
            ZoneError: If one of them is not well formed.
        """
        return ZoneSet(validated(zones), version=self.version + 1)

    def edited(self, *, put: Sequence[Zone] = (), remove: Iterable[str] = ()) -> "ZoneSet":
        """The set after a change of single zones, one version later.

        Args:
            put: Added, or put in the place of the zone of that name.
            remove: Names of zones to remove.

        Raises:
            ZoneError: Naming the zone that is not well formed, or not there to be removed.
        """
        if len({zone.name for zone in put}) < len(put):
            validated(put)
        kept = {zone.name: zone for zone in self.zones}
        for name in remove:
            if kept.pop(name, None) is None:
                raise ZoneError(name, "is not in force, so it cannot be removed")
        kept.update((zone.name, zone) for zone in put)
        return self.replaced(list(kept.values()))

    def added_to(self, earlier: "ZoneSet") -> "ZoneSet":
        """Only the zones that an earlier set did not bind robot links with."""
        allow = {zone for zone in self.zones if zone.zone_type == ZoneType.ALLOW}
        known = set(earlier.zones)
        if allow != {zone for zone in known if zone.zone_type == ZoneType.ALLOW}:
            # Together they say where links may be: with one changed, all of them count.
            known -= allow
        return ZoneSet(tuple(zone for zone in self.zones if zone not in known))

    @property
    def bind_robot(self) -> bool:
        """Whether any zone speaks of robot links."""
        return bool(self._reach_zones)

    @property
    def bind_people(self) -> bool:
        """Whether any zone speaks of people."""
        return bool(self._people_zones)

    def name(self, zone: Zone) -> str:
        """How to call a zone of :class:`Reach`; for the ALLOW zones, all of them."""
        return self._allow_names if zone.zone_type == ZoneType.ALLOW else zone.name

    def reach(self, centres: np.ndarray, radius: np.ndarray) -> Reach:
        """How deep the robot is inside which zones; what is not finite counts as inside.

        Args:
            centres: Shape (m, s, 3), sphere centres at m moments [m].
            radius: Shape (s,) [m].
        """
        moments, spheres = centres.shape[:2]
        shape = (moments, len(self._reach_zones))
        points = centres.reshape(-1, 3)
        low, high = points.min(axis=0), points.max(axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            return Reach(self._reach_zones, np.full(shape, np.inf), np.zeros(shape, dtype=int))
        depth, sphere = np.zeros(shape), np.zeros(shape, dtype=int)
        largest = radius.max()
        among = self._robot.near(low - largest, high + largest)
        if among.size:
            table = self._robot.depth(points, np.tile(radius, moments), among)
            by_moment = table.reshape(len(among), moments, spheres)
            depth[:, among] = by_moment.max(axis=2).T
            sphere[:, among] = by_moment.argmax(axis=2).T
        if self._allow.count:
            outside = self._outside_allowed(points, np.tile(radius, moments))
            by_sphere = outside.reshape(moments, spheres)
            sphere[:, -1] = by_sphere.argmax(axis=1)
            depth[:, -1] = np.maximum(by_sphere.max(axis=1), 0.0)
        return Reach(self._reach_zones, depth, sphere)

    def intrusion(self, centres: np.ndarray, radius: np.ndarray) -> Intrusion | None:
        """The robot sphere that is deepest where it may not be, or ``None``.

        Args:
            centres: Shape (s, 3) [m].
            radius: Shape (s,) [m].
        """
        found = self.reach(centres[None], radius)
        worst: Intrusion | None = None
        for index, zone in enumerate(found.zones):
            depth = float(found.depth[0, index])
            if zone.zone_type in FORBIDDING and depth > (worst.depth if worst else 0.0):
                worst = Intrusion(self.name(zone), int(found.sphere[0, index]), depth)
        return worst

    def occupied(self, boxes: Boxes) -> list[tuple[Zone, int]]:
        """Zones that speak of people, each with the track id of a person who may be inside it."""
        if not boxes.people or not self._people_zones:
            return []
        half, unsure = boxes.half, boxes.uncertainty
        around = np.column_stack([half[:, :2] + unsure[:, None], half[:, 2] + unsure])
        low, high = boxes.centre - around, boxes.centre + around
        among = self._people.near(low.min(axis=0), high.max(axis=0))
        which, person = np.nonzero(self._people.meeting(low, high, among))
        if not which.size:
            return []
        distance = self._people.plan_distance(boxes.centre[person, :2], among[which])
        inside = ~(distance > np.hypot(half[:, 0], half[:, 1])[person] + unsure[person])
        found: dict[int, int] = {}
        for index, who in zip(among[which[inside]], person[inside], strict=True):
            found.setdefault(int(index), int(who))
        return [(self._people_zones[i], boxes.people[who].id) for i, who in found.items()]

    def _outside_allowed(self, points: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """How far each sphere is outside all ALLOW zones; at most 0 where one holds all of it."""
        allow = self._allow
        least = allow.beyond_box(points) + reach
        outside = np.full(len(points), np.inf)
        # One zone mostly holds them all: begin with the one whose box holds most.
        for zone in np.argsort(-(least <= 0.0).sum(axis=1)):
            left = np.flatnonzero((outside > 0.0) & (least[zone] <= 0.0))
            if left.size:
                exact = allow.beyond(points[left], np.full(len(left), zone)) + reach[left]
                outside[left] = np.minimum(outside[left], exact)
        bad = np.flatnonzero(outside > 0.0)
        if bad.size:
            # The depth of what is outside only has to tell further out from further in.
            closest = np.argsort(least[:, bad], axis=0)[:_NEAREST].ravel()
            spheres = np.tile(bad, min(_NEAREST, allow.count))
            exact = allow.beyond(points[spheres], closest) + reach[spheres]
            np.minimum.at(outside, spheres, exact)
        return outside


def _prisms(zones: Sequence[Zone]) -> Prisms:
    return Prisms(
        [zone.polygon for zone in zones],
        low=[zone.height_min for zone in zones],
        high=[zone.height_max for zone in zones],
    )
