"""The simulated room without the graph: real physics, perception is the true pose plus noise.

Runs as fast as the machine allows. Trajectories are followed by the platform's own controller at
200 Hz: joints that are not named hold their last command, a new trajectory blends over from it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynamical_control.controller import BlendLimits, Controller
from dynamical_control.interpolation import Chunk
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.layout import Layout
from dynamical_control.simulation.world import World
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    Skill,
    SkillError,
    Trajectory,
)
from dynamical_skills.policies.primitives.registry import make_skills

CONTROL_PERIOD = 0.005


@dataclass
class Room:
    """One simulated room and what a perception of given quality sees in it.

    Attributes:
        noise: Standard deviation of each coordinate of a published position [m].
        seed: Placement at start.
        elapsed: Time since the last reset [s].
        on_step: Called after each control period, for pictures.
        layout: Measures of the room.
        planning: Phase and planning time [s] of every motion made.
    """

    noise: float = 0.0
    seed: int = 1
    elapsed: float = 0.0
    on_step: Any = None
    layout: Layout = field(default_factory=Layout)
    planning: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(ensure_robot_model(), self.layout)
        self.model, self.data = self.world.model, self.world.data
        self.names = self.world.joint_names
        self.reset(self.seed)

    def reset(self, seed: int) -> None:
        """Place the objects and stand the robot in its start posture."""
        self.rng = np.random.default_rng(seed + 1000)
        self.world.reset(seed=seed)
        self.controller = Controller(self.names, BlendLimits())
        self.controller.anchor(self.world.start_posture)
        self.trajectory_id = 0
        self.bias = {
            shape.name: self.rng.normal(0, self.noise, 3) for shape in self.layout.objects
        }
        for name in ("table", "shelf"):
            self.bias[name] = np.clip(
                self.rng.normal(0, self.noise / 2, 3), -self.noise, self.noise
            )
        self.elapsed = 0.0
        self.advance(0.5)

    def position(self, name: str) -> np.ndarray:
        """True centre of an object [m]."""
        return self.data.body(name).xpos.copy()

    def observe(self) -> Observation:
        """Joints as they are, objects as perception sees them: a steady error and some flicker."""
        objects = []
        for number, shape in enumerate(self.layout.objects, start=1):
            size = np.array([2 * shape.radius, 2 * shape.radius, shape.height])
            position = (
                self.position(shape.name)
                + self.bias[shape.name]
                + self.rng.normal(0, self.noise / 4, 3)
            )
            color = shape.name.split("_")[0]
            objects.append(self._seen(number, shape.class_id, color, position, size))
        lay = self.layout
        for number, (name, x, y, top) in enumerate(
            (
                ("table", lay.table_x, lay.table_y, lay.table_top),
                ("shelf", lay.shelf_x, lay.shelf_y, lay.shelf_top),
            ),
            11,
        ):
            position = np.array([sum(x) / 2, sum(y) / 2, top / 2]) + self.bias[name]
            objects.append(
                self._seen(number, name, "", position, np.array([x[1] - x[0], y[1] - y[0], top]))
            )
        return Observation(
            time=self.elapsed,
            joint_position=self._measured(self.world.motors.position),
            joint_velocity=self._measured(self.world.motors.velocity),
            objects=tuple(objects),
        )

    def _seen(
        self, number: int, class_id: str, color: str, position: np.ndarray, size: np.ndarray
    ) -> SeenObject:
        return SeenObject(
            id=number,
            class_id=class_id,
            color=color,
            position=position,
            size=size,
            velocity=np.zeros(3),
            deviation=np.full(3, self.noise),
            confidence=0.9,
            stamp=self.elapsed,
        )

    def advance(self, seconds: float) -> None:
        """Let time pass with the present command."""
        for _ in range(round(seconds / CONTROL_PERIOD)):
            self._step()

    def _measured(self, read: Callable[[np.ndarray], None]) -> np.ndarray:
        values = np.empty(len(self.names))
        read(values)
        return values

    def _step(self) -> None:
        point = self.controller.step(self.elapsed, CONTROL_PERIOD, allowed_scale=1.0)
        self.world.motors.command(point.position, point.velocity, None, stiffness=1.0, damping=1.0)
        for _ in range(round(CONTROL_PERIOD / self.world.timestep)):
            self.world.step()
        self.elapsed += CONTROL_PERIOD
        if self.on_step is not None:
            self.on_step(self)

    def follow(self, trajectory: Trajectory) -> None:
        """Carry out a trajectory and let it settle."""
        self.trajectory_id += 1
        self.controller.accept(
            Chunk(
                trajectory_id=self.trajectory_id,
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
            self.elapsed,
        )
        self.advance(trajectory.duration + trajectory.settle + CONTROL_PERIOD)

    def run(self, skill: Skill, parameters: Mapping[str, Any], memory: Memory) -> float:
        """Run one skill to its end; returns the simulated time it took [s]."""
        start = self.elapsed
        motion, answer = skill.run(self.observe(), parameters, memory), None
        try:
            while True:
                before = time.perf_counter()
                trajectory = motion.send(answer)
                self.planning.append((trajectory.phase, time.perf_counter() - before))
                self.follow(trajectory)
                answer = self.observe()
        except StopIteration:
            return self.elapsed - start


def pick_and_place(
    room: Room,
    skills: Mapping[str, Skill],
    class_id: str,
    *,
    adaptation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Pick an object and place it on the shelf; what came out, by the simulator's own state."""
    shape = next(shape for shape in room.layout.objects if shape.class_id == class_id)
    parameters = {
        "object": {"class_id": class_id},
        "target": {"class_id": "shelf"},
        **(adaptation or {}),
    }
    memory, start, raised = Memory(), room.elapsed, 0.0
    standing = room.position(shape.name)
    error, times = "", {}
    try:
        for skill in ("reach", "grasp", "lift", "carry", "place_on", "home"):
            times[skill] = round(room.run(skills[skill], parameters, memory), 2)
            if skill == "lift":
                raised = float(room.position(shape.name)[2] - standing[2])
    except SkillError as failure:
        error = f"{skill}: {failure.text}"
    room.advance(0.3)
    end, lay = room.position(shape.name), room.layout
    upright = float(room.data.body(shape.name).xmat[8])
    on_board = (
        lay.shelf_x[0] < end[0] < lay.shelf_x[1]
        and lay.shelf_y[0] < end[1] < lay.shelf_y[1]
        and abs(end[2] - lay.shelf_top - shape.height / 2) < 0.01
    )
    spot = memory.results.get("place_target")
    return {
        "success": bool(on_board and upright > 0.95 and not error),
        "side": memory.side,
        "lift": round(raised, 3),
        "placement_error": round(float(np.linalg.norm(end[:2] - np.asarray(spot)[:2])), 4)
        if spot
        else None,
        "motion_time": round(room.elapsed - start, 1),
        "error": error,
        "times": times,
    }


def evaluate(
    n: int, seed: int, *, class_id: str = "cup", noise: float = 0.0045
) -> list[dict[str, Any]]:
    """Pick and place from n random placements, seeds ``seed`` .. ``seed + n - 1``."""
    room, skills = Room(noise=noise), make_skills(Kinematics(ensure_robot_model().mjcf))
    rows = []
    for number in range(seed, seed + n):
        room.reset(number)
        rows.append({"seed": number, **pick_and_place(room, skills, class_id)})
    return rows
