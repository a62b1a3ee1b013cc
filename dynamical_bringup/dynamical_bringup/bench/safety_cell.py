"""A gate at work without a platform: a robot that waves, people, things and zones around it.

Everything comes as often as on the platform, in the gate's own time, so that a second of work takes
as long as its ticks take.
"""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces.joints import load_urdf
from dynamical_safety.admission import Request
from dynamical_safety.decision import Decision
from dynamical_safety.findings import Demand
from dynamical_safety.forecast import Forecast
from dynamical_safety.gate import FREE, SafetyGate
from dynamical_safety.hazards import Hazard, HazardSet, Sighting
from dynamical_safety.intent import IntentPredictor
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Person
from dynamical_safety.supervision import Joints
from dynamical_safety.supervision_watch import SupervisionWord
from dynamical_safety.world import Tracks
from dynamical_safety.zones import Zone, ZoneSet, ZoneType

TICK = 0.001  # [s]
# Ticks between two of each input, as on the platform.
_JOINTS, _REQUESTS, _WORDS, _PICTURES = 2, 5, 50, 100
_SWING, _SWING_RATE = 0.25, 2.0  # of the waving elbow [rad], [rad/s]
_TABLE = (np.array([0.53, 0.0, 0.38]), np.array([0.66, 0.6, 0.76]))  # centre, size [m]
_BOX = np.array([0.2, 0.2, 0.4])  # size of all other furniture [m]
_VOTERS = ("backup",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """How much is around the robot.

    Attributes:
        people: Walking about, from 1.5 m on, with both hands seen.
        things: Pieces of furniture, the table among them.
        zones: Alternately SLOW and KEEP_OUT, all out of everybody's way.
        hazards: Placed by hand, to be avoided.
    """

    people: int = 2
    things: int = 8
    zones: int = 4
    hazards: int = 2


@dataclass(slots=True)
class Taken:
    """How long ticks took, in processor time.

    Attributes:
        ticks: All of them [s].
        surveys: Those that looked around [s].
        moving: How many let motion through.
    """

    ticks: list[float] = field(default_factory=list)
    surveys: list[float] = field(default_factory=list)
    moving: int = 0

    def add(self, more: "Taken") -> None:
        """Take in what was measured later."""
        self.ticks += more.ticks
        self.surveys += more.surveys
        self.moving += more.moving


class SafetyCell:
    """One gate and what goes on around it.

    Args:
        around: How much there is.
    """

    def __init__(self, around: Surroundings | None = None) -> None:
        self.around = around or Surroundings()
        model = ensure_robot_model()
        urdf = load_urdf(Path(model.urdf))
        self.gate = SafetyGate(
            urdf,
            mjcf=Path(model.mjcf),
            parameters=SafetyGateParameters(forecast_voters=_VOTERS, forecast_weights=(1.0,)),
            zones=ZoneSet(_zones(self.around.zones)),
            hazards=HazardSet(placed=_hazards(self.around.hazards)),
        )
        self.names = self.gate.limits.names
        self.measured = np.clip(
            np.zeros(len(self.names)), self.gate.limits.lower, self.gate.limits.upper
        )
        self._elbow = self.names.index("left_elbow_joint")
        self._predictor = IntentPredictor()
        self._things = _things(self.around.things)
        self._still = np.zeros(len(self.names))
        self._velocity = self._still
        self._start = self.measured.copy()
        self._now = 1000.0
        self._count = 0

    def work(self, seconds: float) -> Taken:
        """Let the gate tick for so long of its own time; says how long its ticks took."""
        taken = Taken()
        for _ in range(round(seconds / TICK)):
            looks_around = self.gate.ticks % 5 == 0
            took = self._tick()
            taken.ticks.append(took)
            taken.moving += self.gate.machine.state in FREE
            if looks_around:
                taken.surveys.append(took)
        return taken

    def _tick(self) -> float:
        self._now += TICK
        inputs = self._inputs()
        self._count += 1
        # The thread's own time: what other programs do meanwhile is no part of it.
        begin = time.thread_time()
        decision: Decision = self.gate.step(self._now, TICK, **inputs)
        took = time.thread_time() - begin
        self.measured, self._velocity = decision.position.copy(), decision.velocity.copy()
        return took

    def _inputs(self) -> dict[str, Any]:
        now, count = self._now, self._count
        inputs: dict[str, Any] = {}
        if count % _JOINTS == 0:
            torque = self.gate.contact.observer.free_torque
            inputs["joints"] = Joints(now, self.measured, self._velocity, torque.copy())
        if count % _REQUESTS == 0:
            inputs["requests"] = [self._request()]
        if count % _WORDS == 1:
            inputs["supervision"] = SupervisionWord(Demand.NONE, permitted=True)
        if count % _PICTURES == 3:
            tracks = Tracks(now, self._people(), self._seen_things())
            inputs["tracks"] = tracks
            self._predictor.update(tracks, now)
            inputs["people"] = (self._predictor.forecast(now), now)
        if count % _PICTURES == 7:
            calm = (0.0,) * 10
            inputs["forecasts"] = [Forecast(now, name, 0.1, calm, (3.0,) * 10) for name in _VOTERS]
        return inputs

    def _request(self) -> Request:
        position, velocity = self._start.copy(), self._still.copy()
        phase = _SWING_RATE * self._count * TICK
        position[self._elbow] += _SWING * math.sin(phase)
        velocity[self._elbow] = _SWING * _SWING_RATE * math.cos(phase)
        return Request(
            stamp=self._now,
            sequence=self._count + 1,
            trajectory_id=1,
            source="bench",
            names=self.names,
            position=position,
            velocity=velocity,
            effort=self._still,
            stiffness_scale=1.0,
            damping_scale=1.0,
        )

    def _people(self) -> tuple[Person, ...]:
        time_gone = self._count * TICK
        people = []
        for index in range(self.around.people):
            angle = 2.4 * index + 0.1 * time_gone
            radius = 1.5 + 0.4 * math.sqrt(index)
            away = np.array([math.cos(angle), math.sin(angle), 0.0])
            across = np.array([-away[1], away[0], 0.0])
            centre = radius * away + np.array([0.0, 0.0, 0.9])
            hands = np.array([centre - 0.3 * away + side * across for side in (-0.25, 0.25)])
            people.append(
                Person(
                    id=index + 1,
                    centre=centre,
                    size=np.array([0.5, 0.5, 1.8]),
                    velocity=0.1 * radius * across,
                    deviation=0.02,
                    stamp=self._now,
                    confidence=0.95,
                    speed_deviation=0.05,
                    hands=hands,
                )
            )
        return tuple(people)

    def _seen_things(self) -> tuple[Sighting, ...]:
        return tuple(replace(thing, stamp=self._now) for thing in self._things)


def _things(count: int) -> tuple[Sighting, ...]:
    """The table, and boxes in rows behind it."""
    places = [_TABLE] + [
        (np.array([1.2 + 0.5 * (index // 10), -2.25 + 0.5 * (index % 10), 0.2]), _BOX)
        for index in range(count - 1)
    ]
    return tuple(
        Sighting(1000 + index, "table", centre, size, np.zeros(3), 0.01, 0.0, 1.0, moves=False)
        for index, (centre, size) in enumerate(places[:count])
    )


def _zones(count: int) -> tuple[Zone, ...]:
    """Squares behind the robot, in rows."""
    zones = []
    for index in range(count):
        x, y = -4.0 - 0.5 * (index // 10), -2.5 + 0.5 * (index % 10)
        square = ((x, y), (x + 0.4, y), (x + 0.4, y + 0.4), (x, y + 0.4))
        kind = ZoneType.KEEP_OUT if index % 2 else ZoneType.SLOW
        zones.append(Zone(f"zone {index}", kind, square, 0.0, 2.0, 0.5))
    return tuple(zones)


def _hazards(count: int) -> tuple[Hazard, ...]:
    """Small boxes to be kept away from, out of reach."""
    return tuple(
        Hazard(
            id=f"hazard {index}",
            hazard_type="OVERHANG",
            position=(-1.5 - 0.3 * (index // 10), -1.5 + 0.3 * (index % 10), 1.2),
            size=(0.1, 0.1, 0.1),
            severity=0.5,
            behaviour="avoid",
            speed_factor=1.0,
            clearance=0.2,
            confidence=1.0,
        )
        for index in range(count)
    )
