"""The simulated world: robot, room, objects and person, advanced step by step.

It has no clock: whoever owns it says how far to go. Times are simulated seconds. Frame: odom.
"""

import math
from dataclasses import dataclass

import mujoco
import numpy as np

from dynamical_control.simulation.assets import RobotModel
from dynamical_control.simulation.layout import START_POSTURE, Layout
from dynamical_control.simulation.motors import Motors
from dynamical_control.simulation.person import PARTS, Person, part_poses
from dynamical_control.simulation.placement import places
from dynamical_control.simulation.proximity import Proximity
from dynamical_control.simulation.scene import build_scene

# The person is moved this often [s]; it walks 2 cm in that time.
_PERSON_PERIOD = 0.02
# Objects are put this far above the table, to settle rather than to be pushed out [m].
_DROP = 0.0005


@dataclass(frozen=True, slots=True)
class ObjectPose:
    """Exact pose of one object, for grading alone.

    Attributes:
        name: Instance name.
        class_id: What it is.
        position: Centre x, y, z [m].
        quaternion: w x y z.
        velocity: Of the centre [m/s].
        size: Extent of its upright box x, y, z [m].
    """

    name: str
    class_id: str
    position: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]
    velocity: tuple[float, float, float]
    size: tuple[float, float, float]


class World:
    """Physics of the whole room.

    Args:
        robot: The robot's model files.
        layout: Measures of the room; the standard one by default.
    """

    def __init__(self, robot: RobotModel, layout: Layout | None = None) -> None:
        self.layout = Layout() if layout is None else layout
        self.model = build_scene(robot.mjcf, self.layout)
        self.data = mujoco.MjData(self.model)
        self.person = Person()
        self.motors = Motors(self.model, self.data)
        stand = self.layout.partner
        self.partner = (
            None if stand is None else Motors(self.model, self.data, prefix=stand.prefix)
        )
        self._proximity = Proximity(self.model)
        self.start_posture = np.array([START_POSTURE.get(name, 0.0) for name in self.motors.names])
        self._next_person = 0.0
        self._mocap = np.array(
            [int(self.model.body_mocapid[self.model.body(part.name).id]) for part in PARTS]
        )
        self.reset(seed=0)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Robot joint order."""
        return self.motors.names

    @property
    def time(self) -> float:
        """Simulated time since the world was made [s]; a reset does not turn it back."""
        return float(self.data.time)

    @property
    def timestep(self) -> float:
        """Length of one physics step [s]."""
        return float(self.model.opt.timestep)

    def reset(self, *, seed: int, reset_robot: bool = True) -> None:
        """Put objects back, drawn from the seed, and send the person away.

        Args:
            seed: 0 = the standard placement.
            reset_robot: The robot, and its partner, go back to their start posture, at rest.

        Raises:
            SceneError: If the seed is negative.
        """
        spots = places(self.layout, seed=seed)
        self.person.walk([], speed=1.0, dwell=0.0, now=self.time)
        for shape, (x, y, yaw) in zip(self.layout.objects, spots, strict=True):
            joint = self.model.joint(shape.name)
            z = self.layout.table_top + shape.height / 2.0 + _DROP
            address, dof = int(joint.qposadr[0]), int(joint.dofadr[0])
            turned = (math.cos(yaw / 2.0), 0.0, 0.0, math.sin(yaw / 2.0))
            self.data.qpos[address : address + 7] = (x, y, z, *turned)
            self.data.qvel[dof : dof + 6] = 0.0
        for motors in self._robots() if reset_robot else ():
            motors.place(self.start_posture)
            motors.hold(self.start_posture)
        self.data.qacc_warmstart[:] = 0.0
        self._move_person()
        mujoco.mj_forward(self.model, self.data)

    def step(self, count: int = 1) -> None:
        """Advance by a number of physics steps under the motors' present command."""
        if self.data.time >= self._next_person:
            self._move_person()
        for motors in self._robots():
            motors.apply()
        mujoco.mj_step(self.model, self.data, count)

    def object_poses(self) -> list[ObjectPose]:
        """Exact poses of all movable objects."""
        poses = []
        for shape in self.layout.objects:
            joint = self.model.joint(shape.name)
            address, dof = int(joint.qposadr[0]), int(joint.dofadr[0])
            qpos = self.data.qpos[address : address + 7].tolist()
            extent = 2.0 * shape.radius
            poses.append(
                ObjectPose(
                    shape.name,
                    shape.class_id,
                    tuple(qpos[:3]),
                    tuple(qpos[3:]),
                    tuple(self.data.qvel[dof : dof + 3].tolist()),
                    (extent, extent, shape.height),
                )
            )
        return poses

    def human_distance(self) -> float:
        """Exact distance between person and robot [m]; +inf while the person is absent."""
        return self._proximity.distance(self.data) if self.person.present else math.inf

    def _robots(self) -> tuple[Motors, ...]:
        return (self.motors,) if self.partner is None else (self.motors, self.partner)

    def _move_person(self) -> None:
        self._next_person = self.data.time + _PERSON_PERIOD
        stance = self.person.stance(self.time) if self.person.present else None
        positions, quaternions = part_poses(stance)
        self.data.mocap_pos[self._mocap] = positions
        self.data.mocap_quat[self._mocap] = quaternions
