"""What the hazards ask for now: a stop or less speed near them, or boxes to keep away from.

Hazards are placed by hand or seen by perception. One that is no longer seen is believed in for a
while, where its velocity has brought it; what is not known about its place is added to the
clearance, so that an older or less certain sighting never allows more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.hazards import (
    Hazard,
    HazardKind,
    HazardSet,
    Sighting,
    kind_name,
    seen_hazard,
)
from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.separation import box_distance
from dynamical_safety.state_machine import Cause

AvoidBox = tuple[str, np.ndarray, np.ndarray, float]


@dataclass(frozen=True, slots=True)
class HazardFindings:
    """What one look at the hazards found.

    Attributes:
        speed_scale: 0..1 that they allow.
        causes: What asks for a state, each with the reason that asks for most.
    """

    speed_scale: float = 1.0
    causes: dict[Cause, Reason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Rows:
    """All hazards as arrays of h rows; places are those at ``stamp``, NaN = does not move."""

    hazards: tuple[Hazard, ...]
    centre: np.ndarray
    half: np.ndarray
    velocity: np.ndarray
    stamp: np.ndarray
    keep: np.ndarray
    acts: np.ndarray


class HazardMonitor:
    """Judges how near the robot is to which hazard.

    Args:
        parameters: Margin, memory and look-ahead.
        hazards: Kinds and placed hazards at start.
    """

    def __init__(self, parameters: SafetyGateParameters, hazards: HazardSet | None = None) -> None:
        self._parameters = parameters
        self._hazards = hazards or HazardSet()
        self._seen: dict[int, Sighting] = {}
        self._rows: _Rows | None = None

    @property
    def hazards(self) -> HazardSet:
        """Kinds and placed hazards in force."""
        return self._hazards

    @hazards.setter
    def hazards(self, fresh: HazardSet) -> None:
        self._hazards = fresh
        self._rows = None

    def see(self, things: Iterable[Sighting]) -> None:
        """Take in what perception follows besides people."""
        for thing in things:
            self._seen[thing.id] = thing
        self._rows = None

    def forget(self, now: float) -> None:
        """Drop what has not been seen for the memory time."""
        memory = self._parameters.hazard_memory
        gone = [key for key, thing in self._seen.items() if not now - thing.stamp <= memory]
        for key in gone:
            del self._seen[key]
            self._rows = None

    def assess(self, centres: np.ndarray, spheres: LinkSpheres, now: float) -> HazardFindings:
        """Judge one moment.

        Args:
            centres: Shape (s, 3), sphere centres now [m].
            spheres: The spheres.
            now: ROS time [s].
        """
        self.forget(now)
        rows = self._all_rows()
        if not rows.acts.any():
            return HazardFindings()
        low = (centres - spheres.radius[:, None]).min(axis=0)
        high = (centres + spheres.radius[:, None]).max(axis=0)
        place, reach = self._moved(rows, now)
        # The box around all that a hazard may sweep, and its clearance.
        swept = np.abs(rows.velocity) * self._parameters.hazard_lookahead
        around = rows.half + swept + reach[:, None]
        apart = ((place - around > high) | (place + around < low)).any(axis=1)
        near = np.flatnonzero(rows.acts & ~apart)
        if not near.size:
            return HazardFindings()
        ahead = place[near] + rows.velocity[near] * self._parameters.hazard_lookahead
        half = rows.half[near]
        now_distance = box_distance(centres, spheres.radius, place[near], half)
        then_distance = box_distance(centres, spheres.radius, ahead, half)
        distance = np.minimum(now_distance, then_distance)
        sphere = distance.argmin(axis=1)
        nearest = distance[np.arange(len(near)), sphere]
        findings = HazardFindings()
        # Not "nearest <= reach": a place that is not a number must count as near.
        for index in np.flatnonzero(~(nearest > reach[near])):
            hazard, row = rows.hazards[near[index]], int(near[index])
            link = spheres.links[int(sphere[index])]
            findings = _with(findings, hazard, link, float(nearest[index]), float(reach[row]))
        return findings

    def avoid_boxes(self, now: float) -> list[AvoidBox]:
        """Boxes that links must keep away from: id, centre, half extents, clearance [m]."""
        rows = self._all_rows()
        place, reach = self._moved(rows, now)
        return [
            (hazard.id, place[index], rows.half[index], float(reach[index]))
            for index, hazard in enumerate(rows.hazards)
            if hazard.behaviour == "avoid"
        ]

    def known(self, now: float) -> list[Hazard]:
        """All hazards but people, where they are now; for reports."""
        kinds = self._hazards.kinds
        found = list(self._hazards.placed)
        for thing in self._seen.values():
            kind = kinds.get(kind_name(thing.class_id))
            if kind is not None:
                found.append(seen_hazard(thing, kind, thing.centre + _drift(thing, now)))
        return found

    def _all_rows(self) -> _Rows:
        if self._rows is None:
            self._rows = self._build()
        return self._rows

    def _build(self) -> _Rows:
        kinds, placed = self._hazards.kinds, self._hazards.placed
        seen: list[tuple[Sighting, HazardKind]] = []
        for thing in self._seen.values():
            kind = kinds.get(kind_name(thing.class_id))
            if kind is not None:
                seen.append((thing, kind))
        hazards = (*placed, *(seen_hazard(thing, kind, thing.centre) for thing, kind in seen))
        still = np.zeros((len(placed), 3))
        margin = self._parameters.hazard_margin
        keep = [hazard.clearance + margin for hazard in hazards]
        for index, (thing, _) in enumerate(seen, start=len(placed)):
            keep[index] += thing.deviation
        return _Rows(
            hazards,
            np.array([hazard.position for hazard in hazards]).reshape(-1, 3),
            np.array([hazard.size for hazard in hazards]).reshape(-1, 3) / 2,
            np.concatenate([still, *(_level(thing) for thing, _ in seen)]),
            np.array(
                [np.nan] * len(placed)
                + [thing.stamp if thing.moves else np.nan for thing, _ in seen]
            ),
            np.array(keep),
            np.array([hazard.behaviour in ("stop", "slow") for hazard in hazards], dtype=bool),
        )

    def _moved(self, rows: _Rows, now: float) -> tuple[np.ndarray, np.ndarray]:
        """Places now, shape (h, 3), and distances to keep, shape (h,) [m]."""
        still = np.isnan(rows.stamp)
        age = np.where(still, 0.0, np.maximum(now - rows.stamp, 0.0))
        growth = 0.5 * self._parameters.person_acceleration * age**2
        return rows.centre + rows.velocity * age[:, None], rows.keep + growth


def _level(thing: Sighting) -> np.ndarray:
    velocity = np.array(thing.velocity, dtype=float).reshape(1, 3)
    return velocity * ([1.0, 1.0, 0.0] if thing.moves else 0.0)


def _drift(thing: Sighting, now: float) -> np.ndarray:
    return _level(thing)[0] * max(0.0, now - thing.stamp)


def _with(
    findings: HazardFindings, hazard: Hazard, link: str, distance: float, reach: float
) -> HazardFindings:
    stops = hazard.behaviour == "stop"
    scale = 0.0 if stops else hazard.speed_factor
    cause = Cause.HAZARD_STOP if stops else Cause.HAZARD_SLOW
    verb = "stops" if stops else "slows"
    if cause not in findings.causes or scale < findings.speed_scale:
        findings.causes[cause] = Reason(
            ErrorCode.HAZARD_NEAR,
            hazard.id,
            f"robot link {link!r} is {max(distance, 0.0):.2f} m from hazard {hazard.id!r} "
            f"({hazard.hazard_type}), which {verb} the robot within {reach:.2f} m",
            distance,
            reach,
        )
    return HazardFindings(min(findings.speed_scale, scale), findings.causes)
