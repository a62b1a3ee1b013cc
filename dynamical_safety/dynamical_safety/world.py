"""The space around the robot, as the gate sees it: people, zones and forecasts.

Looked at every few ticks, because people move millimetres in a millisecond; what it found holds
until the next look.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.forecast import Forecast, ForecastMonitor
from dynamical_safety.hazards import Hazard, people_hazards
from dynamical_safety.kinematics import RobotKinematics
from dynamical_safety.limits import GateLimits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import People, Person
from dynamical_safety.reasons import Reason
from dynamical_safety.separation import NOBODY, Separation, SeparationMonitor, box_distance
from dynamical_safety.state_machine import Cause
from dynamical_safety.zones import Zone, ZoneSet, ZoneType, validated


@dataclass(frozen=True, slots=True)
class Tracks:
    """People that perception follows, as they came.

    Attributes:
        stamp: Newest image used, ROS time [s].
        people: All tracks that move by themselves.
    """

    stamp: float
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Motion:
    """Where the joints are and where they would come to rest; arrays of shape (n,) [rad].

    Attributes:
        measured: Measured position.
        rest: Where the present set-point would come to rest.
        goal: Where the requested motion would come to rest; ``None`` = nothing is requested.
    """

    measured: np.ndarray
    rest: np.ndarray
    goal: np.ndarray | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look around found.

    Attributes:
        speed_scale: 0..1 allowed in this space.
        causes: What asks for a state, with reasons.
        separation: Nearness of people.
    """

    speed_scale: float = 1.0
    causes: Mapping[Cause, Reason] | None = None
    separation: Separation = NOBODY


def resting_position(position: np.ndarray, velocity: np.ndarray, limits: GateLimits) -> np.ndarray:
    """Where a motion comes to rest at full deceleration, within the position limits [rad]."""
    rest = position + velocity * np.abs(velocity) / (2.0 * limits.acceleration)
    clipped: np.ndarray = np.clip(rest, limits.lower, limits.upper)
    return clipped


class World:
    """People, zones and forecasts around one robot.

    Args:
        kinematics: Kinematic model of the robot.
        limits: Its joints.
        parameters: Distances, ages, speeds.
        zones: Zones in force at start.
    """

    def __init__(
        self,
        kinematics: RobotKinematics,
        *,
        limits: GateLimits,
        parameters: SafetyGateParameters,
        zones: ZoneSet,
    ) -> None:
        self._kinematics = kinematics
        self._spheres = self._kinematics.spheres
        self._parameters = parameters
        self._separation = SeparationMonitor(self._spheres, parameters)
        self.people = People(parameters)
        self.forecasts = ForecastMonitor(parameters)
        self.zones = zones
        self.tracks_stamp = -np.inf

    def take_tracks(self, tracks: Tracks) -> None:
        """Take in what perception follows now."""
        self.tracks_stamp = tracks.stamp
        self.people.see(tracks.people)

    def take_forecast(self, forecast: Forecast) -> None:
        """Take in one forecast."""
        self.forecasts.take(forecast)

    def survey(self, motion: Motion, now: float) -> Survey:
        """Look around.

        Args:
            motion: What the robot does and is asked to do.
            now: ROS time [s].
        """
        causes: dict[Cause, Reason] = {}
        scale, separation = 1.0, NOBODY
        self.people.forget(now)
        if len(self.people):
            boxes = self.people.boxes(now)
            separation = self._separation.assess(self._kinematics.centres(motion.measured), boxes)
            scale = separation.speed_scale
            if scale < 1.0:
                self._person(separation, causes)
            if self.zones.bind_people:
                for zone, person in self.zones.occupied(boxes):
                    scale = min(scale, self._occupied(zone, person, causes))
        elif self._separation.stopped:
            self._separation.clear()
        outlook = self.forecasts.assess(separation, now)
        if outlook.alarm is not None:
            causes[Cause.FORECAST_ALARM] = outlook.alarm
        if outlook.missing is not None:
            causes[Cause.FORECAST_MISSING] = outlook.missing
        if self.zones.bind_robot:
            self._keep_out(motion, causes)
        return Survey(min(scale, outlook.speed_scale), causes, separation)

    def place_zones(self, zones: list[Zone], *, position: np.ndarray | None) -> Reason | None:
        """Replace all zones, or none.

        Args:
            zones: The whole new set.
            position: Measured joint position; ``None`` = not known yet.

        Returns:
            Why the set is refused, or ``None``.

        Raises:
            ZoneError: If a zone is not well formed.
        """
        fresh = ZoneSet(validated(zones), version=self.zones.version + 1)
        if position is not None and fresh.bind_robot:
            centres = self._kinematics.centres(position)
            found = fresh.intrusion(centres, self._spheres.radius)
            if found is not None:
                link = self._spheres.links[found.sphere]
                return Reason(
                    ErrorCode.ZONE_OCCUPIED,
                    found.zone,
                    f"zone {found.zone!r} would forbid robot link {link!r} to be where it is, by "
                    f"{found.depth:.2f} m",
                    found.depth,
                    0.0,
                )
        self.zones = fresh
        return None

    def hazards(self, position: np.ndarray, now: float) -> list[Hazard]:
        """Hazards known now; for reports, not for the tick."""
        boxes = self.people.boxes(now)
        if not boxes.people:
            return []
        distances = box_distance(
            self._kinematics.centres(position), self._spheres.radius, boxes.centre, boxes.half
        ).min(axis=1)
        return people_hazards(boxes, distances, self._parameters)

    def _person(self, separation: Separation, causes: dict[Cause, Reason]) -> None:
        parameters, distance = self._parameters, max(0.0, separation.distance)
        if separation.stopped:
            causes[Cause.PERSON_TOO_CLOSE] = Reason(
                ErrorCode.PERSON_TOO_CLOSE,
                separation.link,
                f"person {separation.person} is {distance:.2f} m from {separation.link!r}, in "
                f"effect {separation.protective:.2f} m; the robot stands still up to "
                f"{parameters.stop_distance:.2f} m",
                separation.protective,
                parameters.stop_distance,
            )
            return
        causes[Cause.PERSON_NEAR] = Reason(
            ErrorCode.PERSON_NEAR,
            separation.link,
            f"person {separation.person} is {distance:.2f} m from {separation.link!r}, in effect "
            f"{separation.protective:.2f} m; the robot is slow below "
            f"{parameters.slow_distance:.2f} m",
            separation.protective,
            parameters.slow_distance,
        )

    def _occupied(self, zone: Zone, person: int, causes: dict[Cause, Reason]) -> float:
        stop = zone.zone_type == ZoneType.STOP
        scale = 0.0 if stop else zone.speed_scale
        cause = Cause.ZONE_STOP if stop else Cause.ZONE_SLOW
        verb = "stops" if stop else "slows"
        causes[cause] = Reason(
            ErrorCode.ZONE_OCCUPIED,
            zone.name,
            f"person {person} is in zone {zone.name!r}, which {verb} the robot to {scale:.2f}",
            scale,
            1.0,
        )
        return scale

    def _keep_out(self, motion: Motion, causes: dict[Cause, Reason]) -> None:
        radius = self._spheres.radius
        ends = [motion.rest] if motion.goal is None else [motion.rest, motion.goal]
        for end in ends:
            found = self.zones.intrusion(self._kinematics.centres(end), radius)
            if found is None:
                continue
            # A link that is inside already, after a change of zones, may leave but not go deeper.
            here = self.zones.intrusion(self._kinematics.centres(motion.measured), radius)
            if here is not None and end is not motion.goal:
                continue
            if here is not None and found.depth < here.depth:
                continue
            link = self._spheres.links[found.sphere]
            causes[Cause.ZONE_KEEP_OUT] = Reason(
                ErrorCode.ZONE_OCCUPIED,
                found.zone,
                f"the motion would bring robot link {link!r} {found.depth:.2f} m into where zone "
                f"{found.zone!r} forbids it to be",
                found.depth,
                0.0,
            )
            return
