"""What the constraint filter keeps the links away from: furniture, hazards to avoid, zones, people.

All but people stands still between two pictures and is put into columns once; people are where they
are believed to be at every look.
"""

from collections.abc import Iterable

import numpy as np

from dynamical_safety.contact_pairs import NOTHING, Furniture
from dynamical_safety.hazard_rules import AvoidBox
from dynamical_safety.hazards import Sighting
from dynamical_safety.obstacles import (
    Obstacle,
    ObstacleKind,
    ObstacleTable,
    tabled,
    zone_obstacles,
)
from dynamical_safety.people import Boxes
from dynamical_safety.zones import ZoneSet, ZoneType

# Furniture is seen to a few millimetres, and hands work just above it: its top counts that much lower.
TOP_DOUBT = 0.008


class ObstacleMap:
    """Everything that links are kept away from.

    Attributes:
        furniture: What does not give way, for the look at clamping.
    """

    def __init__(self) -> None:
        self.furniture: Furniture = NOTHING
        self._zones: ZoneSet | None = None
        self._zone_obstacles: tuple[Obstacle, ...] = ()
        self._fixed = tabled(())
        self._fresh = False

    def see(self, things: Iterable[Sighting]) -> None:
        """Take in what is seen now; as long as no furniture is, the last known stays."""
        boxes = [thing for thing in things if not thing.moves]
        if not boxes:
            return
        lower = np.array([0.0, 0.0, TOP_DOUBT / 2])
        self.furniture = Furniture(
            tuple(f"{box.class_id} {box.id}" for box in boxes),
            np.array([box.centre for box in boxes]).reshape(-1, 3) - lower,
            np.maximum(np.array([box.size for box in boxes]).reshape(-1, 3) / 2 - lower, 1e-3),
        )
        self._fresh = False

    def table(self, boxes: Boxes, zones: ZoneSet, avoid: Iterable[AvoidBox]) -> ObstacleTable:
        """All obstacles at the moment that ``boxes`` are of.

        Args:
            boxes: People now.
            zones: Zones in force.
            avoid: Hazards to keep away from: name, centre, half extents, clearance [m].
        """
        avoid = tuple(avoid)
        if not self._fresh or zones is not self._zones or avoid:
            self._gather(zones, avoid)
        if not boxes.people:
            return self._fixed
        fixed, count = self._fixed, len(boxes.people)
        return ObstacleTable(
            fixed.names + tuple(f"person {person.id}" for person in boxes.people),
            np.concatenate([fixed.kind, np.full(count, int(ObstacleKind.PERSON))]),
            np.concatenate([fixed.centre, boxes.centre]),
            np.concatenate([fixed.half, boxes.half]),
            np.concatenate([fixed.velocity, boxes.velocity]),
            np.concatenate([fixed.margin, np.zeros(count)]),
        )

    def _gather(self, zones: ZoneSet, avoid: tuple[AvoidBox, ...]) -> None:
        still = np.zeros(3)
        if zones is not self._zones:
            self._zones = zones
            self._zone_obstacles = tuple(
                obstacle
                for zone in zones.zones
                if zone.zone_type == ZoneType.KEEP_OUT and zone.for_robot
                for obstacle in zone_obstacles(
                    zone.name, zone.polygon, low=zone.height_min, high=zone.height_max
                )
            )
        found = [
            Obstacle(name, ObstacleKind.FIXED, centre, half, still)
            for name, centre, half in zip(
                self.furniture.names, self.furniture.centre, self.furniture.half, strict=True
            )
        ]
        found += [
            Obstacle(name, ObstacleKind.AVOID, centre, half, still, clearance)
            for name, centre, half, clearance in avoid
        ]
        self._fixed = tabled([*found, *self._zone_obstacles])
        self._fresh = not avoid
