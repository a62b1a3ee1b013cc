"""Hazards: what asks for care, how much, and which care.

The kinds are data; a site may add its own, and place hazards by hand. What a hazard asks for when
the robot is near it is in ``hazard_rules.py``.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dynamical_safety.errors import HazardError
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes

MOST_HAZARDS = 100
MOST_KINDS = 100
LARGEST_COORDINATE = 1000.0  # [m]
LARGEST_CLEARANCE = 100.0  # [m]
LONGEST_ID = 100
# Ids that the gate itself gives to what it sees.
RESERVED = ("person_", "track_")
_KIND_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,49}")
# From the least care to the most.
BEHAVIOURS = ("inform", "avoid", "slow", "stop")


@dataclass(frozen=True, slots=True)
class HazardKind:
    """One kind of hazard.

    Attributes:
        severity: 0..1.
        behaviour: "stop", "slow", "avoid" or "inform".
        speed_factor: 0..1, for "slow"; 1 = none.
        clearance: Distance to keep [m].
    """

    severity: float
    behaviour: str
    speed_factor: float = 1.0
    clearance: float = 0.0

    def __post_init__(self) -> None:
        if self.behaviour not in BEHAVIOURS:
            raise ValueError(f"hazard behaviour is {self.behaviour!r}, want one of {BEHAVIOURS}")
        for name in ("severity", "speed_factor"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"hazard {name} is {value}, want 0 .. 1")
        if not 0.0 <= self.clearance <= LARGEST_CLEARANCE:
            raise ValueError(
                f"hazard clearance is {self.clearance} m, want 0 .. {LARGEST_CLEARANCE:g}"
            )

    def or_more_careful(self, other: "HazardKind") -> "HazardKind":
        """The care that satisfies both."""
        return HazardKind(
            max(self.severity, other.severity),
            max(self.behaviour, other.behaviour, key=BEHAVIOURS.index),
            min(self.speed_factor, other.speed_factor),
            max(self.clearance, other.clearance),
        )


KINDS: Mapping[str, HazardKind] = {
    "OVERHANG": HazardKind(0.5, "avoid", clearance=0.2),
    "SLIPPERY_FLOOR": HazardKind(0.5, "slow", speed_factor=0.5),
    "STAIRS": HazardKind(0.8, "avoid", clearance=0.5),
    "UNEVEN_GROUND": HazardKind(0.4, "slow", speed_factor=0.5),
    "PERSON": HazardKind(0.9, "slow", speed_factor=0.5, clearance=0.45),
    "FORKLIFT": HazardKind(1.0, "stop", clearance=1.5),
    "UNKNOWN": HazardKind(0.5, "inform"),
}
# Classes of perception that mean a kind by another name.
_SYNONYMS: Mapping[str, str] = {
    "SPILL": "SLIPPERY_FLOOR",
    "PUDDLE": "SLIPPERY_FLOOR",
    "WET_FLOOR": "SLIPPERY_FLOOR",
    "STAIRCASE": "STAIRS",
    "STEP": "UNEVEN_GROUND",
    "LIFT_TRUCK": "FORKLIFT",
    "PALLET_TRUCK": "FORKLIFT",
}


def by_severity(severity: float) -> HazardKind:
    """What a hazard asks for of which only the severity is known; never merely to be shown.

    A severity that is not a number counts as the gravest.
    """
    if not 0.0 <= severity <= 1.0:
        severity = 1.0
    if severity >= 0.7:
        return HazardKind(severity, "stop", clearance=0.5 + severity)
    if severity >= 0.3:
        return HazardKind(severity, "slow", speed_factor=0.25, clearance=1.0)
    return HazardKind(severity, "slow", speed_factor=0.5, clearance=0.5)


def kind_name(class_id: str) -> str:
    """Name of the kind that a class of perception would have: "wet floor" -> SLIPPERY_FLOOR."""
    name = re.sub(r"[^A-Z0-9]+", "_", class_id.upper()).strip("_")
    return _SYNONYMS.get(name, name)


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard that is there now. Frame: odom; lengths [m].

    One that is placed by hand may leave ``behaviour`` empty: then its kind says what it asks for.
    """

    id: str
    hazard_type: str
    position: tuple[float, float, float]
    size: tuple[float, float, float]
    severity: float
    behaviour: str
    speed_factor: float
    clearance: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something perception follows that is no person. Frame: odom.

    Attributes:
        id: Track id.
        class_id: Its class.
        centre: Shape (3,), centre of the box [m].
        size: Shape (3,), extent of the box [m].
        velocity: Shape (3,) [m/s].
        deviation: Standard deviation of the centre on the floor [m].
        stamp: When the newest pixels of the track were taken, ROS time [s].
        confidence: 0..1.
        moves: Whether it may move by itself.
    """

    id: int
    class_id: str
    centre: np.ndarray
    size: np.ndarray
    velocity: np.ndarray
    deviation: float
    stamp: float
    confidence: float
    moves: bool = True


class HazardSet:
    """Kinds of hazards and the hazards placed by hand. A change makes a new set.

    Args:
        custom: Kinds of the site, by name.
        placed: Well-formed hazards with every field filled in.
        version: Counts up with every change.
    """

    def __init__(
        self,
        custom: Mapping[str, HazardKind] | None = None,
        placed: tuple[Hazard, ...] = (),
        *,
        version: int = 0,
    ) -> None:
        self.custom = dict(custom or {})
        self.placed = placed
        self.version = version
        self.kinds: Mapping[str, HazardKind] = {**KINDS, **self.custom}

    def edited(
        self,
        *,
        put_kinds: Mapping[str, HazardKind] | None = None,
        remove_kinds: Iterable[str] = (),
        put: Sequence[Hazard] = (),
        remove: Iterable[str] = (),
    ) -> "HazardSet":
        """The set after a change, one version later.

        A changed kind counts for hazards placed or seen from now on; those placed before keep what
        they were given.

        Raises:
            HazardError: Naming the hazard or kind that cannot be changed so, and why.
        """
        custom = dict(self.custom)
        for name in remove_kinds:
            _require_custom(name, "removed")
            if custom.pop(name, None) is None:
                raise HazardError(name, "is no kind here, so it cannot be removed")
        for name, kind in (put_kinds or {}).items():
            _require_custom(name, "changed; give yours another name")
            if not _KIND_NAME.fullmatch(name):
                raise HazardError(
                    name, "is not a name of a kind, want capitals, digits and _, at most 50"
                )
            custom[name] = kind
        if len(custom) > MOST_KINDS:
            raise HazardError(list(custom)[-1], f"is one kind too many, want at most {MOST_KINDS}")
        placed = {hazard.id: hazard for hazard in self.placed}
        for key in remove:
            if placed.pop(key, None) is None:
                raise HazardError(key, "is not placed, so it cannot be removed")
        fresh = HazardSet(custom, version=self.version + 1)
        seen: set[str] = set()
        for hazard in put:
            if hazard.id in seen:
                raise HazardError(hazard.id, "is given twice, want each id once")
            seen.add(hazard.id)
            placed[hazard.id] = completed(hazard, fresh.kinds)
        if len(placed) > MOST_HAZARDS:
            raise HazardError(
                list(placed)[-1], f"is one hazard too many, want at most {MOST_HAZARDS}"
            )
        for name in set(self.custom) - set(custom):
            user = next((h.id for h in placed.values() if h.hazard_type == name), None)
            if user is not None:
                raise HazardError(name, f"cannot be removed, hazard {user!r} is of that kind")
        fresh.placed = tuple(placed.values())
        return fresh


def completed(hazard: Hazard, kinds: Mapping[str, HazardKind]) -> Hazard:
    """The hazard, checked, with what it leaves open filled in from its kind.

    A kind that nobody has defined, or a severity above that of the kind, asks for at least what
    the severity alone asks for.

    Raises:
        HazardError: Naming the hazard and what is wrong with it.
    """
    _check_place(hazard)
    known = kinds.get(hazard.hazard_type)
    if not 0.0 <= hazard.severity <= 1.0:
        raise HazardError(hazard.id, f"has severity {hazard.severity}, want 0 .. 1")
    care = known
    if hazard.behaviour:
        try:
            care = HazardKind(
                hazard.severity, hazard.behaviour, hazard.speed_factor, hazard.clearance
            )
        except ValueError as error:
            raise HazardError(hazard.id, str(error)) from None
    by_itself = by_severity(hazard.severity)
    if known is None:
        care = by_itself if care is None else care.or_more_careful(by_itself)
    elif care is known and hazard.severity > known.severity:
        care = known.or_more_careful(by_itself)
    assert care is not None
    return replace(
        hazard,
        severity=care.severity,
        behaviour=care.behaviour,
        speed_factor=care.speed_factor,
        clearance=care.clearance,
    )


def _require_custom(name: str, what: str) -> None:
    if name in KINDS:
        raise HazardError(name, f"is a built-in kind and cannot be {what}")


def _check_place(hazard: Hazard) -> None:
    if not hazard.id or len(hazard.id) > LONGEST_ID:
        raise HazardError(
            hazard.id[:20], f"has an id of {len(hazard.id)} characters, want 1 .. {LONGEST_ID}"
        )
    if hazard.id.startswith(RESERVED):
        raise HazardError(
            hazard.id, f"has an id that the gate gives to what it sees: not {RESERVED}..."
        )
    if not _KIND_NAME.fullmatch(hazard.hazard_type):
        raise HazardError(
            hazard.id, f"has type {hazard.hazard_type!r}, want capitals, digits and _, at most 50"
        )
    if not all(abs(value) <= LARGEST_COORDINATE for value in hazard.position):
        raise HazardError(
            hazard.id,
            f"is at {hazard.position}, want finite numbers up to {LARGEST_COORDINATE:g} m",
        )
    if not all(0.0 <= value <= LARGEST_COORDINATE for value in hazard.size):
        raise HazardError(
            hazard.id,
            f"has size {hazard.size}, want 0 .. {LARGEST_COORDINATE:g} m along each axis",
        )
    if not 0.0 <= hazard.confidence <= 1.0:
        raise HazardError(hazard.id, f"has confidence {hazard.confidence}, want 0 .. 1")


def seen_hazard(thing: Sighting, kind: HazardKind, centre: np.ndarray) -> Hazard:
    """What is told of a hazard that perception sees, at a place it has moved on to [m]."""
    confidence = thing.confidence if math.isfinite(thing.confidence) else 0.0
    return Hazard(
        id=f"track_{thing.id}",
        hazard_type=kind_name(thing.class_id),
        position=_triple(centre),
        size=_triple(thing.size),
        severity=kind.severity,
        behaviour=kind.behaviour,
        speed_factor=kind.speed_factor,
        clearance=kind.clearance,
        confidence=confidence,
    )


def people_hazards(
    boxes: Boxes, distances: np.ndarray, parameters: SafetyGateParameters
) -> list[Hazard]:
    """Every person is a hazard, the graver the nearer.

    Args:
        boxes: People now.
        distances: Shape (p,), distance of each to the robot [m].
        parameters: Slow and stop distances.
    """
    stop, slow = parameters.stop_distance, parameters.slow_distance
    hazards = []
    for index, person in enumerate(boxes.people):
        factor = float(np.clip((distances[index] - stop) / max(slow - stop, 1e-9), 0.0, 1.0))
        behaviour = "stop" if factor == 0.0 else "slow" if factor < 1.0 else "inform"
        hazards.append(
            Hazard(
                id=f"person_{person.id}",
                hazard_type="PERSON",
                position=_triple(boxes.centre[index]),
                size=_triple(2 * boxes.half[index]),
                severity=KINDS["PERSON"].severity * (1.0 - 0.8 * factor),
                behaviour=behaviour,
                speed_factor=factor,
                clearance=stop,
                confidence=person.confidence,
            )
        )
    return hazards


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
