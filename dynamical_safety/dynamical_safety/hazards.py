"""Hazards: what asks for care, how much, and which care.

The kinds are data; a site may add its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes


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
        if not self.clearance >= 0.0:
            raise ValueError(f"hazard clearance is {self.clearance} m, want at least 0")


BEHAVIOURS = ("stop", "slow", "avoid", "inform")

KINDS: Mapping[str, HazardKind] = {
    "OVERHANG": HazardKind(0.5, "avoid", clearance=0.2),
    "SLIPPERY_FLOOR": HazardKind(0.5, "slow", speed_factor=0.5),
    "STAIRS": HazardKind(0.8, "avoid", clearance=0.5),
    "UNEVEN_GROUND": HazardKind(0.4, "slow", speed_factor=0.5),
    "PERSON": HazardKind(0.9, "slow", speed_factor=0.5, clearance=0.45),
    "FORKLIFT": HazardKind(1.0, "stop", clearance=1.5),
    "UNKNOWN": HazardKind(0.5, "inform"),
}


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard that is there now. Frame: odom; lengths [m]."""

    id: str
    hazard_type: str
    position: tuple[float, float, float]
    size: tuple[float, float, float]
    severity: float
    behaviour: str
    speed_factor: float
    clearance: float
    confidence: float


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
