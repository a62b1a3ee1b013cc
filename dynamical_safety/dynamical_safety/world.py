"""The space around the robot, as the gate sees it: people, zones and forecasts.

Looked at every few ticks, because people move millimetres in a millisecond; what it found holds
until the next look.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.ensemble import ForecastEnsemble, Outlook
from dynamical_safety.forecast import Forecast
from dynamical_safety.hazard_rules import HazardMonitor
from dynamical_safety.hazards import Hazard, HazardSet, Sighting, people_hazards
from dynamical_safety.human_reach import PartPaths, human_reach
from dynamical_safety.intent import PartForecast
from dynamical_safety.kinematics import RobotKinematics
from dynamical_safety.obstacle_map import ObstacleMap
from dynamical_safety.obstacles import ObstacleTable
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes, People, Person
from dynamical_safety.picture import Picture, taken
from dynamical_safety.reasons import Reason
from dynamical_safety.separation import (
    NOBODY,
    Separation,
    SeparationMonitor,
    box_distance,
    sphere_velocities,
)
from dynamical_safety.state_machine import Cause
from dynamical_safety.zone_rules import ZoneFindings, assess_people, assess_robot
from dynamical_safety.zones import Zone, ZoneSet


@dataclass(frozen=True, slots=True)
class Tracks:
    """People that perception follows, as they came.

    Attributes:
        stamp: Newest image used, ROS time [s].
        people: All tracks that move by themselves.
        things: All tracks but persons; some of them are hazards.
    """

    stamp: float
    people: tuple[Person, ...]
    things: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Motion:
    """Where the joints are and where they would come to rest; arrays of shape (n,) [rad].

    Attributes:
        measured: Measured position.
        velocity: Measured or commanded velocity, of each joint the larger [rad/s].
        rest: Where the present set-point would come to rest.
        goal: Where the requested motion would come to rest; ``None`` = nothing is requested.
    """

    measured: np.ndarray
    velocity: np.ndarray
    rest: np.ndarray
    goal: np.ndarray | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look around found.

    Attributes:
        speed_scale: 0..1 allowed in this space.
        causes: What asks for a state, with reasons.
        separation: Nearness of people.
        link_speed: Largest speed of any robot link that people and zones allow [m/s]; inf = no
            limit.
        outlook: What the forecast ensemble says; ``None`` before the first look.
        centres: Shape (s, 3), where the links' spheres were [m].
        boxes: The nearest people at that moment.
    """

    speed_scale: float = 1.0
    causes: Mapping[Cause, Reason] | None = None
    separation: Separation = NOBODY
    link_speed: float = math.inf
    outlook: Outlook | None = None
    centres: np.ndarray | None = None
    boxes: Boxes | None = None


def version_conflict(what: str, seen: int, in_force: int) -> Reason:
    """Why a change made from an older version is refused."""
    return Reason(
        ErrorCode.VERSION_CONFLICT,
        what,
        f"the {what} are at version {in_force}, the change was made from version {seen}; look at "
        "what is in force and ask again",
        float(seen),
        float(in_force),
    )


class World:
    """People, zones and forecasts around one robot.

    Args:
        kinematics: Kinematic model of the robot.
        parameters: Distances, ages, speeds.
        zones: Zones in force at start.
        hazards: Kinds of hazards and placed hazards at start.
    """

    def __init__(
        self,
        kinematics: RobotKinematics,
        *,
        parameters: SafetyGateParameters,
        zones: ZoneSet,
        hazards: HazardSet | None = None,
    ) -> None:
        self._kinematics = kinematics
        self._spheres = self._kinematics.spheres
        self._parameters = parameters
        self._separation = SeparationMonitor(self._spheres, parameters)
        self.people = People(parameters)
        self.ensemble = ForecastEnsemble(parameters)
        self.obstacles = ObstacleMap()
        self.zones = zones
        self.hazard_monitor = HazardMonitor(parameters, hazards)
        self.tracks_stamp = -np.inf
        self._paths: PartPaths | None = None
        self._paths_stamp = -np.inf

    def take_tracks(self, tracks: Tracks) -> None:
        """Take in what perception follows now."""
        self.tracks_stamp = tracks.stamp
        self.people.see(tracks.people)
        self.hazard_monitor.see(tracks.things)
        self.obstacles.see(tracks.things)

    def shift_stamps(self, jump: float) -> None:
        """The clock that stamps was set by so much [s]: what was stamped before is as old as it was."""
        self.tracks_stamp += jump
        self._paths_stamp += jump
        self.people.shift_stamps(jump)
        self.ensemble.shift_stamps(jump)

    def take_forecast(self, forecast: Forecast, now: float) -> None:
        """Take in one voter's forecast."""
        self.ensemble.take(forecast, now)

    def take_people_forecast(self, forecasts: Sequence[PartForecast], stamp: float) -> None:
        """Take in where people and their hands will be, as seen from ``stamp``, ROS time [s]."""
        self._paths, self._paths_stamp = PartPaths.of(forecasts), stamp

    def obstacle_table(self, now: float) -> ObstacleTable:
        """All that the links are kept away from, at ``now``."""
        avoid = self.hazard_monitor.avoid_boxes(now)
        return self.obstacles.table(self.people.boxes(now), self.zones, avoid)

    def survey(self, motion: Motion, now: float) -> Survey:
        """Look around.

        Args:
            motion: What the robot does and is asked to do.
            now: ROS time [s].
        """
        causes: dict[Cause, Reason] = {}
        scale, separation = 1.0, NOBODY
        centres, speeds = sphere_velocities(self._kinematics, motion.measured, motion.velocity)
        zones = ZoneFindings(causes=causes)
        self.people.forget(now)
        boxes = self.people.boxes(now)
        near = boxes.most_urgent(self._parameters.people_near, centres.mean(axis=0))
        if near.people:
            separation = self._separation.assess(
                centres, near, velocity=speeds, reach=self._reach(near, centres, now)
            )
            scale = separation.speed_scale
            if scale < 1.0:
                self._person(separation, causes)
            assess_people(self.zones, boxes, zones)
        elif self._separation.stopped:
            self._separation.clear()
        self._disagreement(boxes, causes)
        outlook = self.ensemble.assess(separation, now, tracks_stamp=self.tracks_stamp)
        told = (
            (Cause.FORECAST_ALARM, outlook.alarm),
            (Cause.FORECAST_STOP, outlook.stop),
            (Cause.FORECAST_MISSING, outlook.missing),
        )
        causes.update({cause: reason for cause, reason in told if reason is not None})
        if self.zones.bind_robot:
            assess_robot(
                self.zones,
                measured=centres,
                rest=self._kinematics.centres(motion.rest),
                goal=None if motion.goal is None else self._kinematics.centres(motion.goal),
                spheres=self._spheres,
                findings=zones,
            )
        hazards = self.hazard_monitor.assess(centres, self._spheres, now)
        causes.update(hazards.causes)
        scale = min(scale, outlook.speed_scale, zones.speed_scale, hazards.speed_scale)
        # The scale is what control slows its trajectories by; the gate holds the links to the speed.
        scale = min(scale, zones.link_speed / self._parameters.working_speed)
        fastest = min(zones.link_speed, separation.link_speed)
        return Survey(scale, causes, separation, fastest, outlook, centres, near)

    def _disagreement(self, boxes: Boxes, causes: dict[Cause, Reason]) -> None:
        limit = self._parameters.camera_disagreement
        if not boxes.people or not float(boxes.deviation.max()) > limit:
            return
        index = int(boxes.deviation.argmax())
        person, value = boxes.people[index].id, float(boxes.deviation[index])
        causes[Cause.CAMERAS_DISAGREE] = Reason(
            ErrorCode.CAMERAS_DISAGREE,
            f"person {person}",
            f"the place of person {person} is known to {value:.2f} m only, cameras that agree give "
            f"{limit:.2f} m",
            value,
            limit,
        )

    def _reach(
        self, boxes: Boxes, centres: np.ndarray, now: float
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """How much nearer people may come, as far as somebody has forecast it lately."""
        age = now - self._paths_stamp
        if self._paths is None or not age <= self._parameters.forecast_validity:
            return None
        near, far = (
            human_reach(self._paths, boxes, centres, horizon=horizon, age=age)
            for horizon in self._separation.horizons
        )
        return near, far

    def place_zones(self, zones: list[Zone], *, position: np.ndarray | None) -> Reason | None:
        """Replace all zones, or none; see :meth:`adopt_zones`.

        Raises:
            ZoneError: If a zone is not well formed.
        """
        return self.adopt_zones(self.zones.replaced(zones), position=position)

    def adopt_zones(self, fresh: ZoneSet, *, position: np.ndarray | None) -> Reason | None:
        """Put a set of zones into force, or refuse it; cheap enough for between two ticks.

        Args:
            fresh: Made from the zones in force by ``replaced`` or ``edited``.
            position: Measured joint position; ``None`` = not known yet.

        Returns:
            Why the set is refused, or ``None``.
        """
        if fresh.version != self.zones.version + 1:
            return version_conflict("zones", fresh.version - 1, self.zones.version)
        added = fresh.added_to(self.zones)
        if position is not None and added.bind_robot:
            centres = self._kinematics.centres(position)
            found = added.intrusion(centres, self._spheres.radius)
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

    def adopt_hazards(self, fresh: HazardSet) -> Reason | None:
        """Put kinds and placed hazards into force; cheap enough for between two ticks.

        Returns:
            Why they are refused, or ``None``.
        """
        version = self.hazard_monitor.hazards.version
        if fresh.version != version + 1:
            return version_conflict("hazards", fresh.version - 1, version)
        self.hazard_monitor.hazards = fresh
        return None

    def hazards(self, position: np.ndarray, now: float) -> list[Hazard]:
        """Hazards known now; for reports, not for the tick."""
        known = self.hazard_monitor.known(now)
        boxes = self.people.boxes(now)
        if not boxes.people:
            return known
        distances = box_distance(
            self._kinematics.centres(position), self._spheres.radius, boxes.centre, boxes.half
        ).min(axis=1)
        return people_hazards(boxes, distances, self._parameters) + known

    def picture(self, position: np.ndarray, separation: Separation, now: float) -> Picture:
        """What a viewer is shown of this moment; for reports, not for the tick."""
        centres = self._kinematics.centres(position)
        return taken(centres, self._spheres, self.people.boxes(now), separation)

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
            f"{separation.protective:.2f} m; links may move at {separation.link_speed:.2f} m/s, "
            f"full speed is {parameters.working_speed:.2f} m/s",
            separation.link_speed,
            parameters.working_speed,
        )
