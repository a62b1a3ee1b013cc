"""Zones: floor polygons with heights and a rule for robot links or people. Frame: odom."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from dynamical_safety.errors import ZoneError
from dynamical_safety.people import Boxes

SMALLEST_AREA = 1e-4  # [m^2]; less is a mistake in the coordinates
LARGEST_COORDINATE = 1000.0  # [m]
MOST_VERTICES = 100
MOST_ZONES = 100


class ZoneType(IntEnum):
    """What a zone is for; numbers as in ``SafetyZone.msg``."""

    KEEP_OUT = 1
    STOP = 2
    SLOW = 3
    ALLOW = 4


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
    """

    name: str
    zone_type: int
    polygon: tuple[tuple[float, float], ...]
    height_min: float
    height_max: float
    speed_scale: float = 1.0


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
        if zone.name in seen:
            raise ZoneError(zone.name, "is named twice, want a name that is unique in the set")
        seen.add(zone.name)
        _check(zone)
    return tuple(zones)


def _check(zone: Zone) -> None:
    if zone.zone_type not in set(ZoneType):
        wanted = ", ".join(f"{kind.value} ({kind.name})" for kind in ZoneType)
        raise ZoneError(zone.name, f"has type {zone.zone_type}, want one of {wanted}")
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
    crossing = _self_intersection(zone.polygon)
    if crossing is not None:
        raise ZoneError(
            zone.name,
            f"crosses itself: edge {crossing[0]} meets edge {crossing[1]}; want vertices in order",
        )
    area = abs(_area(zone.polygon))
    if area < SMALLEST_AREA:
        raise ZoneError(
            zone.name, f"has an area of {area:.2g} m^2, want at least {SMALLEST_AREA:g} m^2"
        )


def _area(polygon: tuple[tuple[float, float], ...]) -> float:
    following = polygon[1:] + polygon[:1]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, following, strict=True)) / 2


def _self_intersection(polygon: tuple[tuple[float, float], ...]) -> tuple[int, int] | None:
    count = len(polygon)
    edges = [(polygon[i], polygon[(i + 1) % count]) for i in range(count)]
    for first in range(count):
        for second in range(first + 2, count):
            neighbours = first == 0 and second == count - 1
            if not neighbours and _meet(*edges[first], *edges[second]):
                return first, second
    return None


def _meet(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> bool:
    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def within(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(
            p[1], q[1]
        )

    abc, abd, cda, cdb = side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
    if abc * abd < 0 and cda * cdb < 0:
        return True
    return any(
        turn == 0 and within(p, q, r)
        for turn, p, q, r in ((abc, a, b, c), (abd, a, b, d), (cda, c, d, a), (cdb, c, d, b))
    )


def polygon_distance(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Signed distance of points to a polygon; negative inside.

    Args:
        points: Shape (s, 2) [m].
        polygon: Shape (e, 2) [m].

    Returns:
        Shape (s,) [m].
    """
    start, end = polygon, np.roll(polygon, -1, axis=0)
    edge = end - start
    offset = points[:, None, :] - start[None, :, :]
    along = np.einsum("sek,ek->se", offset, edge) / np.maximum(
        np.einsum("ek,ek->e", edge, edge), 1e-18
    )
    foot = offset - np.clip(along, 0.0, 1.0)[:, :, None] * edge
    distance = np.sqrt(np.einsum("sek,sek->se", foot, foot).min(axis=1))
    # A ray along +x crosses the boundary an odd number of times from inside.
    y = points[:, 1:2]
    straddles = (start[None, :, 1] > y) != (end[None, :, 1] > y)
    slope = edge[:, 0] / np.where(edge[:, 1] == 0.0, 1.0, edge[:, 1])
    crosses = points[:, 0:1] < start[None, :, 0] + (y - start[None, :, 1]) * slope
    inside = (straddles & crosses).sum(axis=1) % 2 == 1
    return np.where(inside, -distance, distance)


@dataclass(frozen=True, slots=True)
class Intrusion:
    """A robot link where it may not be: zone name, sphere index and depth [m]."""

    zone: str
    sphere: int
    depth: float


class ZoneSet:
    """Zones in force, ready for questions in the tick.

    Args:
        zones: Well-formed zones.
        version: Counts up with every change.
    """

    def __init__(self, zones: tuple[Zone, ...] = (), *, version: int = 0) -> None:
        self.zones = zones
        self.version = version
        self._keep_out = _prepared(zones, ZoneType.KEEP_OUT)
        self._allow = _prepared(zones, ZoneType.ALLOW)
        self._people = _prepared(zones, ZoneType.STOP) + _prepared(zones, ZoneType.SLOW)

    @property
    def bind_robot(self) -> bool:
        """Whether any zone says where robot links may be."""
        return bool(self._keep_out or self._allow)

    @property
    def bind_people(self) -> bool:
        """Whether any zone has a rule for people inside it."""
        return bool(self._people)

    def intrusion(self, centres: np.ndarray, radius: np.ndarray) -> Intrusion | None:
        """The robot sphere that is deepest where it may not be, or ``None``.

        Args:
            centres: Shape (s, 3) [m].
            radius: Shape (s,) [m].
        """
        worst: Intrusion | None = None
        for zone, polygon in self._keep_out:
            if _far(polygon, centres, radius):
                continue
            depth = radius - _outside(zone, polygon, centres)
            worst = _deeper(worst, zone.name, depth)
        if self._allow:
            # A sphere is well placed when one of the zones holds all of it.
            inner = np.array([-_inside(z, p, centres) for z, p in self._allow]).max(axis=0)
            worst = _deeper(worst, ", ".join(z.name for z, _ in self._allow), radius - inner)
        return worst

    def occupied(self, boxes: Boxes) -> list[tuple[Zone, int]]:
        """Zones with a rule for people, and the track id of a person inside each."""
        found = []
        for zone, polygon in self._people:
            reach = np.hypot(boxes.half[:, 0], boxes.half[:, 1]) + boxes.uncertainty
            near = polygon_distance(boxes.centre[:, :2], polygon) <= reach
            low, high = (
                boxes.centre[:, 2] - boxes.half[:, 2],
                boxes.centre[:, 2] + boxes.half[:, 2],
            )
            near &= (low <= zone.height_max) & (high >= zone.height_min)
            if near.any():
                found.append((zone, boxes.people[int(near.argmax())].id))
        return found


def _prepared(zones: tuple[Zone, ...], kind: ZoneType) -> tuple[tuple[Zone, np.ndarray], ...]:
    return tuple((zone, np.array(zone.polygon)) for zone in zones if zone.zone_type == kind)


def _far(polygon: np.ndarray, centres: np.ndarray, radius: np.ndarray) -> bool:
    """Whether boxes around both already lie apart, so that nothing need be computed."""
    plan, reach = centres[:, :2], float(radius.max())
    return bool(
        (plan.min(axis=0) - reach > polygon.max(axis=0)).any()
        or (plan.max(axis=0) + reach < polygon.min(axis=0)).any()
    )


def _outside(zone: Zone, polygon: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Distance of points to the zone's prism; negative depth inside. Shape (s,) [m]."""
    plan = polygon_distance(centres[:, :2], polygon)
    z = centres[:, 2]
    vertical = np.maximum(zone.height_min - z, z - zone.height_max)
    apart = np.hypot(np.maximum(plan, 0.0), np.maximum(vertical, 0.0))
    return np.where((plan <= 0.0) & (vertical <= 0.0), np.maximum(plan, vertical), apart)


def _inside(zone: Zone, polygon: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Negative of the room left to the nearest wall of the zone's prism. Shape (s,) [m]."""
    plan = polygon_distance(centres[:, :2], polygon)
    z = centres[:, 2]
    return np.maximum(plan, np.maximum(zone.height_min - z, z - zone.height_max))


def _deeper(worst: Intrusion | None, name: str, depth: np.ndarray) -> Intrusion | None:
    index = int(depth.argmax())
    if depth[index] > 0.0 and (worst is None or depth[index] > worst.depth):
        return Intrusion(name, index, float(depth[index]))
    return worst
