"""Time lost to a person who walks up: a plain stop zone against speed and separation monitoring.

One arm of two joints carries things to and fro; a person walks up to it at several speeds, stays,
and leaves, or walks past, or stands there and suddenly rushes at it. People are seen as the
platform sees them: at 10 Hz, late, with noise. The zone is as large as the same formula asks for
when nothing is measured: a person at 1.6 m/s, the robot at working speed. Both resume by the same
margin and delay. Each visit is repeated with other beginnings; times are means, distances the
least of all::

    python -m dynamical_safety.studies.walk_up
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import People, Person
from dynamical_safety.people_approach import box_distance
from dynamical_safety.separation import SeparationMonitor
from dynamical_safety.stopping import load_stopping

TICK = 0.010  # [s]
LEGS = 8  # ways to and fro
LEG_TIME = 3.2  # of one way at full speed [s]
# Perception: period, delay [s] and noise [m], [m/s].
FRAME, DELAY, NOISE, SPEED_NOISE = 0.1, 0.1, 0.02, 0.1
# Control follows the speed scale by at most this [1/s]; a stop brakes by the joints' limit.
FALL, STOP_FALL = 6.0, 15.0
BEGINNINGS = (0.0, 0.7, 1.9, 2.8, 3.7, 5.0)  # before the person comes [s]
LONGEST = 120.0  # [s]

_SHOULDER = np.array([0.0, -0.15, 1.05])
_UPPER, _FORE = 0.28, 0.42  # [m]
# Turn of the shoulder about z and of the elbow, at the two ends of the way [rad].
_PICK, _PLACE = np.array([-0.35, 0.75]), np.array([0.75, 1.05])
_HALF = np.array([0.2, 0.2, 0.9])  # of the person's box [m]


@dataclass(frozen=True, slots=True)
class Visit:
    """What the person does.

    Attributes:
        name: For the table.
        path: Points on the floor, x, y [m].
        speed: On the way to the second point, and on all further ones [m/s].
        stay: Time at each inner point [s].
    """

    name: str
    path: tuple[tuple[float, float], ...]
    speed: tuple[float, float]
    stay: float

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Position x, y [m] and velocity [m/s]."""
        rest = max(time, 0.0)
        for index in range(len(self.path) - 1):
            start, end = np.array(self.path[index]), np.array(self.path[index + 1])
            length = float(np.linalg.norm(end - start))
            speed = self.speed[min(index, 1)]
            velocity = (end - start) / length * speed
            if rest < length / speed:
                return start + rest * velocity, velocity
            rest -= length / speed
            if index < len(self.path) - 2:
                if rest < self.stay:
                    return end, np.zeros(2)
                rest -= self.stay
        return np.array(self.path[-1]), np.zeros(2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one visit went.

    Attributes:
        time: Until the work was done [s].
        distance: Smallest to any link [m].
        moving: Smallest to any link that made more than 0.05 m/s [m].
        stops: Times the robot was stopped.
    """

    time: float
    distance: float
    moving: float
    stops: int


_FAR, _HAND, _METRE = (3.2, -1.2), (0.95, -0.35), (1.55, -0.35)
VISITS: tuple[Visit, ...] = (
    *(
        Visit(f"to the hand, {speed:g} m/s", (_FAR, _HAND, _FAR), (speed, speed), 4.0)
        for speed in (0.5, 1.0, 1.6)
    ),
    *(
        Visit(f"to 1 m, {speed:g} m/s", (_FAR, _METRE, _FAR), (speed, speed), 4.0)
        for speed in (0.5, 1.0, 1.6)
    ),
    *(
        Visit(f"past at 1 m, {speed:g} m/s", ((1.5, -3.0), (1.5, 3.0)), (speed, speed), 0.0)
        for speed in (0.5, 1.0, 1.6)
    ),
    Visit("rushes from 1 m, 1.6 m/s", (_FAR, _METRE, (0.85, -0.1), _FAR), (1.0, 1.6), 2.0),
)


def arm() -> LinkSpheres:
    """Spheres of the arm; their links are named as the stopping data expects."""
    links = ("right_shoulder_yaw_link",) * 4 + ("right_elbow_link",) * 4 + ("right_hand_link",) * 2
    return LinkSpheres(links, np.array([0.06] * 4 + [0.05] * 4 + [0.06] * 2))


def places(joints: np.ndarray) -> np.ndarray:
    """Sphere centres, shape (10, 3) [m], at shoulder and elbow angles [rad]."""
    angle = np.array([joints[0], joints[0] + joints[1]])
    ways = np.stack((np.cos(angle), np.sin(angle), np.zeros(2)), axis=1)
    elbow = _SHOULDER + _UPPER * ways[0]
    upper = _SHOULDER + np.linspace(0.1, 1.0, 4)[:, None] * _UPPER * ways[0]
    lower = elbow + np.linspace(0.1, 1.0, 6)[:, None] * _FORE * ways[1]
    return np.concatenate((upper, lower))


def along(progress: float) -> np.ndarray:
    """Joint angles after a share of the work, 0..1; each way is of minimum jerk."""
    leg, part = divmod(min(progress, 1.0 - 1e-9) * LEGS, 1.0)
    smooth = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)
    share = smooth if int(leg) % 2 == 0 else 1.0 - smooth
    way: np.ndarray = _PICK + share * (_PLACE - _PICK)
    return way


def zone_distance(parameters: SafetyGateParameters) -> float:
    """Radius of a plain stop zone that needs no measurement of speeds [m]."""
    table = load_stopping().table(("right_hand_link",), margin=parameters.stopping_margin)
    speed = parameters.working_speed
    time, way = table.at(np.array([speed]))
    blind = DELAY + FRAME + parameters.reaction_time + float(time[0])
    asked = parameters.person_speed * blind + parameters.reaction_time * speed + float(way[0])
    error = parameters.person_uncertainty + parameters.deviation_factor * NOISE
    return asked + parameters.arm_reach + error + parameters.robot_uncertainty


class Work:
    """The arm at work under one of the two rules.

    Args:
        parameters: Of the gate.
        zone: Radius of the plain stop zone [m]; ``None`` = speed and separation monitoring.
    """

    def __init__(self, parameters: SafetyGateParameters, *, zone: float | None) -> None:
        self._parameters, self._zone = parameters, zone
        self._spheres = arm()
        self._monitor = SeparationMonitor(self._spheres, parameters)
        self._inside = False

    def run(self, visit: Visit | None, *, begin: float = 0.0, seed: int = 0) -> Outcome:
        """Do all the work.

        Args:
            visit: What the person does; ``None`` = nobody comes.
            begin: When it begins [s].
            seed: Of perception's noise.
        """
        random = np.random.default_rng(seed)
        memory = People(self._parameters)
        pending: list[Person] = []
        self._monitor.clear()
        self._inside = False
        time = progress = next_frame = 0.0
        rate = scale = 1.0
        held, stops = -np.inf, 0
        least = moving = np.inf
        before = places(along(0.0))
        while progress < 1.0 and time < LONGEST:
            centres = places(along(progress))
            speeds = np.linalg.norm(centres - before, axis=1) / TICK
            before = centres
            if visit is not None:
                position, velocity = visit.at(time - begin)
                place = np.append(position, _HALF[2])[None]
                distance = box_distance(centres, self._spheres.radius, place, _HALF[None])[0]
                least = min(least, float(distance.min()))
                moving = min(moving, float(distance[speeds > 0.05].min(initial=np.inf)))
                if time >= next_frame:
                    next_frame += FRAME
                    pending.append(_seen(position, velocity, time, random))
                while pending and pending[0].stamp + DELAY <= time:
                    memory.see([pending.pop(0)])
            memory.forget(time)
            inside = self._inside
            allowed = self._judge(centres, memory, time)
            if self._inside:
                stops += not inside
                held = time
            if time - held <= self._parameters.resume_delay:
                rate = scale = max(0.0, rate - STOP_FALL * TICK)
            else:
                rise = self._parameters.speed_rise * TICK
                scale = min(allowed, scale + rise)
                rate = float(np.clip(scale, rate - FALL * TICK, rate + rise))
            progress += rate * TICK / (LEGS * LEG_TIME)
            time += TICK
        return Outcome(time, least, moving, stops)

    def _judge(self, centres: np.ndarray, memory: People, time: float) -> float:
        """Speed scale that is allowed; notes whether the robot has to stand."""
        boxes = memory.boxes(time)
        if self._zone is None or not boxes.people:
            found = self._monitor.assess(centres, boxes)
            self._inside = found.stopped
            return found.speed_scale
        table = box_distance(centres, self._spheres.radius, boxes.centre, boxes.half)
        limit = self._zone + (self._parameters.resume_margin if self._inside else 0.0)
        self._inside = float(table.min()) <= limit
        return 0.0 if self._inside else 1.0


def _seen(
    position: np.ndarray, velocity: np.ndarray, time: float, random: np.random.Generator
) -> Person:
    noisy = position + random.normal(0.0, NOISE, 2)
    speed = velocity + random.normal(0.0, SPEED_NOISE, 2)
    return Person(
        1,
        np.append(noisy, 0.9),
        2.0 * _HALF,
        np.append(speed, 0.0),
        NOISE,
        time,
        1.0,
        speed_deviation=0.25,
    )


def table(parameters: SafetyGateParameters, *, zone: float) -> Iterator[str]:
    """Lines of the comparison.

    Args:
        parameters: Of the gate.
        zone: Radius of the plain stop zone [m].
    """
    nobody = Work(parameters, zone=None).run(None).time
    yield f"work without anybody: {nobody:.1f} s; plain stop zone: {zone:.2f} m"
    heads = f"{'lost s':>8}{'nearest':>9}{'moving':>8}{'stops':>7}"
    yield f"{'':<26}|{'plain stop zone':^32}|{'speed and separation':^32}"
    yield f"{'visit':<26}|{heads}|{heads}"
    for visit in VISITS:
        cells = [compare(Work(parameters, zone=z), visit, nobody) for z in (zone, None)]
        yield f"{visit.name:<26}|{cells[0]}|{cells[1]}"


def compare(work: Work, visit: Visit, nobody: float) -> str:
    """One visit under one rule: time lost on the mean, least distances, stops on the mean."""
    found = [work.run(visit, begin=begin, seed=i) for i, begin in enumerate(BEGINNINGS)]
    lost = float(np.mean([outcome.time for outcome in found])) - nobody
    nearest = min(outcome.distance for outcome in found)
    moving = min(outcome.moving for outcome in found)
    stops = float(np.mean([outcome.stops for outcome in found]))
    return f"{lost:8.1f}{nearest:9.2f}{moving:8.2f}{stops:7.1f}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time lost to a person who walks up.")
    parser.add_argument("--stopping-margin", type=float, default=None)
    parser.add_argument(
        "--zone", type=float, default=None, help="radius of the stop zone [m]; none = as needed"
    )
    arguments = parser.parse_args()
    parameters = SafetyGateParameters()
    if arguments.stopping_margin is not None:
        parameters = replace(parameters, stopping_margin=arguments.stopping_margin)
    zone = zone_distance(parameters) if arguments.zone is None else arguments.zone
    for line in table(parameters, zone=zone):
        print(line)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
