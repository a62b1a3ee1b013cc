"""Speed and separation: how fast the robot's links may be beside people.

A link may move as fast as lets it stand still before anybody can reach it. Per link and person,
with u the link's speed::

    S_p(u) = max(S_h + S_r + S_s + C, stop_distance) + Z_d + Z_r

    S_h  the person, over T_r + T_s(u): the measured speed toward the link and what an acceleration
         adds to it, up to ``person_speed``; that speed itself if the track is poor or old; never
         less than what a forecast says
    S_r  the link, over the reaction time T_r: u T_r
    S_s  the link, until it stands: measured, see ``stopping.py``
    C    a hand that comes out of the person's box: ``arm_reach``, less where hands are seen
    Z_d  the person's place: its deviation, and what age and acceleration add
    Z_r  the link's place

S_p rises with u. The largest u with S_p(u) no more than the distance, for every pair, is what all
links are held to. It depends on where the robot is, not on how it moves: there is no loop through
the robot's speed that could swing, and nearer, older or less certain never allows more.

Source: ISO/TS 15066:2016, 5.5.4.2.3, taken over by ISO 10218-2:2025; ISO 13855:2024 for the
speeds of body and hands. The box is measured in three dimensions and holds the arms that are seen,
so C is not the reach of a whole arm over a fence (0.85 m) but what a hand gains on its picture.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynamical_safety.kinematics import LinkSpheres, RobotKinematics
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes
from dynamical_safety.people_approach import Approach, PeopleApproach, box_distance
from dynamical_safety.stopping import StoppingData, load_stopping

__all__ = ["NOBODY", "Separation", "SeparationMonitor", "box_distance", "sphere_velocities"]

# A stop bends the way of a link: at least this share of it may lead toward a person.
_LEAST_SHARE = 0.3
_STEP = 1e-3  # of the finite difference that gives link speeds [s]
_FINE, _FASTEST = 0.05, 10.0  # steps of speed at which the present motion is judged [m/s]
_STILL = 0.05  # people who move less than this within the horizon need no look ahead [m]


@dataclass(frozen=True, slots=True)
class Separation:
    """How near people are, and what follows from it.

    Attributes:
        distance: Smallest distance of any link to where any person may be by now [m]; inf =
            nobody.
        protective: Of the pair where that is least: distance, less all that S_p asks for at
            standstill beyond ``stop_distance`` [m]. At ``stop_distance`` the robot stops; inf =
            nobody.
        predicted: Smallest distance within the forecast horizon at constant velocity [m].
        link: Robot link of ``distance``; empty = nobody.
        person: Track id of the person who gives ``protective``; -1 = nobody.
        speed_scale: 0..1 that follows from ``link_speed``.
        stopped: Whether the person is (or was a moment ago) too close to move.
        required: S_p at the present speeds, of the pair with the least to spare [m]; 0 = nobody.
        spare: Distance of that pair less ``required`` [m]; negative = links are faster than
            allowed.
        link_speed: How fast any link may be [m/s]; inf = people set no limit.
    """

    distance: float = math.inf
    protective: float = math.inf
    predicted: float = math.inf
    link: str = ""
    person: int = -1
    speed_scale: float = 1.0
    stopped: bool = False
    required: float = 0.0
    spare: float = math.inf
    link_speed: float = math.inf


NOBODY = Separation()


def sphere_velocities(
    kinematics: RobotKinematics, position: np.ndarray, velocity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sphere centres and their velocities, by a finite difference along the motion.

    Args:
        kinematics: Kinematic model.
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].

    Returns:
        Shapes (s, 3) [m] and (s, 3) [m/s].
    """
    centres = kinematics.centres(position)
    moved = kinematics.centres(position + velocity * _STEP)
    moved -= centres
    moved /= _STEP
    return centres, moved


class SeparationMonitor:
    """Turns boxes of people and the robot's links into a speed.

    Args:
        spheres: Cover of the robot's links.
        parameters: Distances, speeds and times.
        stopping: How the robot stops; ``None`` = as ``parameters.stopping_file`` says.

    Raises:
        DataError: If the stopping data cannot be used.
    """

    def __init__(
        self,
        spheres: LinkSpheres,
        parameters: SafetyGateParameters,
        stopping: StoppingData | None = None,
    ) -> None:
        if stopping is None:
            file = parameters.stopping_file
            stopping = load_stopping(Path(file) if file else None)
        self._spheres, self._parameters = spheres, parameters
        self._approach = PeopleApproach(spheres, parameters)
        self._links = self._approach.links
        table = stopping.table(self._links.names, margin=parameters.stopping_margin)
        self._table = table
        # At the knots, shape (k, m): when the link stands, and its own way until then.
        self._times = parameters.reaction_time + table.time
        self._own = parameters.reaction_time * table.speed[:, None] + table.distance
        working = int(np.searchsorted(table.speed, parameters.working_speed))
        self._working = min(working, len(table.speed) - 1)
        # At fine steps, so that a speed is looked up, rounded up; nothing is known of the fastest.
        steps = np.arange(0.0, _FASTEST + _FINE, _FINE)
        links = len(self._links.names)
        fine = [table.at(np.full(links, step)) for step in steps] + [(np.full(links, np.inf),) * 2]
        self._fine_times = parameters.reaction_time + np.array([time for time, _ in fine])
        self._fine_own = np.array([way for _, way in fine])
        self._fine_own[:-1] += parameters.reaction_time * steps[:, None]
        self._each = np.arange(links)
        self._stopped = False

    @property
    def horizons(self) -> tuple[float, float]:
        """Over which a forecast of people is wanted [s]: robot at rest, robot at working speed."""
        return self._parameters.reaction_time, float(self._times[self._working].max())

    @property
    def stopped(self) -> bool:
        """Whether somebody is, or was a moment ago, too close to move."""
        return self._stopped

    def clear(self) -> None:
        """Nobody is there any more."""
        self._stopped = False

    def assess(
        self,
        centres: np.ndarray,
        boxes: Boxes,
        *,
        velocity: np.ndarray | None = None,
        reach: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Separation:
        """Judge one moment.

        Args:
            centres: Shape (s, 3), sphere centres now [m].
            boxes: People now, p of them.
            velocity: Shape (s, 3), of the centres [m/s]; ``None`` = not known: every link is
                taken to move toward everybody at working speed. ``required`` and ``spare`` alone
                depend on it.
            reach: How much nearer a forecast says people may come, shapes (p, s) [m], within each
                of the ``horizons``; ``None`` = no forecast.
        """
        if not boxes.people:
            self.clear()
            return NOBODY
        near = self._approach.look(centres, boxes)
        still, moving = (None, None) if reach is None else map(self._links.largest, reach)
        asked = self._asked(near, still, moving)
        room = near.distance - near.error
        protective = room - np.maximum(asked[0] - self._parameters.stop_distance, 0.0)
        index = int(protective.argmin())
        worst = float(protective.flat[index])
        self._latch(worst)
        if not math.isfinite(worst):
            return Separation(
                distance=0.0,
                protective=-math.inf,
                predicted=0.0,
                person=boxes.people[index // len(self._links.names)].id,
                speed_scale=0.0,
                stopped=True,
                required=math.inf,
                spare=-math.inf,
                link_speed=0.0,
            )
        allowed = 0.0 if self._stopped else self._allowed(room, asked)
        required, spare = self._present(near, velocity, moving)
        sphere = int(near.spheres.argmin())
        return Separation(
            distance=max(0.0, float(near.spheres.flat[sphere])),
            protective=worst,
            predicted=self._predicted(centres, boxes, near),
            link=self._spheres.links[sphere % len(self._spheres.links)],
            person=boxes.people[index // len(self._links.names)].id,
            speed_scale=min(1.0, allowed / self._parameters.working_speed),
            stopped=self._stopped,
            required=required,
            spare=spare,
            link_speed=allowed,
        )

    def _latch(self, protective: float) -> None:
        stop = self._parameters.stop_distance
        if not protective > stop:
            self._stopped = True
        elif protective > stop + self._parameters.resume_margin:
            # How long this must last before the robot goes on is the state machine's rule.
            self._stopped = False

    def _asked(
        self, near: Approach, still: np.ndarray | None, moving: np.ndarray | None
    ) -> np.ndarray:
        """S_h + S_r + S_s + C at the k knots, shape (k, p, m) [m].

        The forecast for working speed serves all knots below it, and grows with time beyond.
        """
        times = self._times[:, None, :]
        asked = self._approach.human(near, times)
        if still is not None and moving is not None:
            np.maximum(asked[0], still, out=asked[0])
            longer = np.maximum(times[1:] / self._times[self._working], 1.0)
            np.maximum(asked[1:], moving * longer, out=asked[1:])
        asked += self._own[:, None, :]
        if near.hand is None:
            asked += self._parameters.arm_reach
            return asked
        known = self._working + 1
        asked[0] += self._approach.intrusion(near, self._parameters.reaction_time)
        asked[1:known] += self._approach.intrusion(near, self.horizons[1])
        asked[known:] += self._parameters.arm_reach
        return asked

    def _allowed(self, room: np.ndarray, asked: np.ndarray) -> float:
        """Largest link speed for which every pair has enough distance [m/s].

        Between two knots S_p is convex and the spare of the worst pair concave, so the straight
        line between its values at the knots is on the safe side.
        """
        knots = self._table.speed
        tight = room - np.maximum(asked, self._parameters.stop_distance)
        spare = np.minimum.accumulate(tight.reshape(len(knots), -1).min(axis=1))
        if spare[-1] >= 0.0:
            return math.inf
        if not spare[0] > 0.0:
            return 0.0
        first = int((spare < 0.0).argmax())
        low, high = knots[first - 1], knots[first]
        return float(low + (high - low) * spare[first - 1] / (spare[first - 1] - spare[first]))

    def _present(
        self, near: Approach, velocity: np.ndarray | None, moving: np.ndarray | None
    ) -> tuple[float, float]:
        """S_p at the present speeds, and what is left of the distance, of the tightest pair."""
        share: np.ndarray | float = 1.0
        if velocity is None:
            step = np.full(len(self._each), math.ceil(self._parameters.working_speed / _FINE))
        else:
            fast = np.sqrt(np.einsum("sk,sk->s", velocity, velocity))
            toward = np.einsum("pks,sk->ps", near.toward, velocity)
            toward /= np.minimum(-fast, -1e-6)
            share = np.maximum(self._links.largest(toward), _LEAST_SHARE)
            # NaN is as bad as too fast.
            step = np.ceil(np.fmin(self._links.largest(fast) / _FINE, 1e6))
            step = np.minimum(step, len(self._fine_times) - 1).astype(int)
        asked = self._approach.human(near, self._fine_times[step, self._each])
        if moving is not None:
            np.maximum(asked, moving, out=asked)
        asked += share * self._fine_own[step, self._each]
        asked += self._approach.intrusion(near, self.horizons[1])
        np.maximum(asked, self._parameters.stop_distance, out=asked)
        asked += near.error
        spare = near.distance - asked
        index = int(spare.argmin())
        least = float(spare.flat[index])
        if math.isnan(least):
            return math.inf, -math.inf
        return float(asked.flat[index]), least

    def _predicted(self, centres: np.ndarray, boxes: Boxes, near: Approach) -> float:
        """Smallest distance, errors deducted, now and over the horizon."""
        horizon = self._parameters.forecast_horizon
        now = near.distance.min(axis=1) - boxes.uncertainty
        way = np.abs(boxes.velocity).sum(axis=1) * horizon
        # Who stands, or is too far to count, needs no look ahead.
        walking = (way > _STILL) & (now - way < self._parameters.slow_distance)
        least = float(np.where(walking, now, now - way).min())
        if not walking.any():
            return least
        centre, velocity = boxes.centre[walking], boxes.velocity[walking]
        ahead = np.concatenate((centre + 0.5 * horizon * velocity, centre + horizon * velocity))
        half, unsure = boxes.half[walking], boxes.uncertainty[walking]
        radius = self._spheres.radius
        table = box_distance(centres, radius, ahead, np.concatenate((half, half)))
        later = table.min(axis=1).reshape(2, -1).min(axis=0) - unsure
        return min(least, float(later.min()))
