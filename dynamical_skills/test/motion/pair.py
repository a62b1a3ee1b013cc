"""Two robots in one simulated room without the graph: real physics, their skills at the same time."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dynamical_control.controller import BlendLimits, Controller
from dynamical_control.interpolation import Chunk
from dynamical_control.simulation.layout import TWO_ROBOTS
from dynamical_control.simulation.motors import Motors
from dynamical_skills.policies.policy import Memory, Observation, Skill, Trajectory
from dynamical_skills.teamwork.word import Bearing

from .harness import CONTROL_PERIOD, Room


@dataclass
class Side:
    """A ``Team`` without messages: each side sees at once what the other has reached."""

    reached: list[str] = field(default_factory=list)
    other: "Side | None" = None

    def reach(self, barrier: str) -> None:
        if barrier not in self.reached:
            self.reached.append(barrier)

    def met(self, barrier: str) -> bool:
        return barrier in self.other.reached

    def leader_bearing(self) -> Bearing | None:
        return None

    def leader_done(self) -> bool:
        return False


class Robot:
    """One of the two: its motors, its controller, and the skill it is in."""

    def __init__(self, pair: "Pair", motors: Motors, *, partner: bool) -> None:
        self._pair, self._motors, self._partner = pair, motors, partner
        self.memory = Memory(team=Side())
        self._controller = Controller(motors.names, BlendLimits())
        self._controller.anchor(pair.world.start_posture)
        self._motion: Generator[Trajectory, Observation, None] | None = None
        self._until, self._number = 0.0, 0
        self.phases: list[str] = []

    def begin(self, skill: Skill, parameters: Mapping[str, Any]) -> None:
        self._motion = skill.run(self.observe(), parameters, self.memory)
        self._next(None)

    @property
    def busy(self) -> bool:
        return self._motion is not None

    def observe(self) -> Observation:
        """What this robot's perception would say: everything in its own ``odom``."""
        position, velocity = np.empty(43), np.empty(43)
        self._motors.position(position)
        self._motors.velocity(velocity)
        seen = self._pair.observe()
        objects = seen.objects
        if self._partner:
            stand = self._pair.layout.partner
            objects = tuple(
                replace(thing, position=np.array(stand.seen_from(tuple(thing.position))))
                for thing in objects
            )
        return replace(seen, joint_position=position, joint_velocity=velocity, objects=objects)

    def step(self) -> None:
        now = self._pair.elapsed
        if self._motion is not None and now >= self._until:
            self._next(self.observe())
        point = self._controller.step(now, CONTROL_PERIOD, allowed_scale=1.0)
        self._motors.command(point.position, point.velocity, None, stiffness=1.0, damping=1.0)

    def _next(self, seen: Observation | None) -> None:
        try:
            trajectory = self._motion.send(seen)
        except StopIteration:
            self._motion = None
            return
        self.phases.append(trajectory.phase)
        self._number += 1
        self._controller.accept(
            Chunk(
                trajectory_id=self._number,
                skill_id="test",
                start_time=0.0,
                offset=0.0,
                period=trajectory.period,
                joint_names=trajectory.joint_names,
                position=trajectory.position,
                velocity=trajectory.velocity,
                final=True,
                abort=False,
            ),
            self._pair.elapsed,
        )
        self._until = self._pair.elapsed + trajectory.duration + trajectory.settle + CONTROL_PERIOD


class Pair(Room):
    """A room with two robots that face each other."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(layout=TWO_ROBOTS, **arguments)

    def reset(self, seed: int) -> None:
        self.first = self.second = None
        super().reset(seed)
        self.first = Robot(self, self.world.motors, partner=False)
        self.second = Robot(self, self.world.partner, partner=True)
        self.first.memory.team.other = self.second.memory.team
        self.second.memory.team.other = self.first.memory.team

    def _step(self) -> None:
        for robot in (self.first, self.second):
            if robot is not None:
                robot.step()
        for _ in range(round(CONTROL_PERIOD / self.world.timestep)):
            self.world.step()
        self.elapsed += CONTROL_PERIOD
        if self.on_step is not None:
            self.on_step(self)

    def go(self, *robots: Robot, within: float = 60.0) -> None:
        """Let time pass until these robots' skills have ended."""
        end = self.elapsed + within
        while any(robot.busy for robot in robots):
            assert self.elapsed < end, [robot.phases[-3:] for robot in robots]
            self._step()
